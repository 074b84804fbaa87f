"""Writes the documents that are made from the code: `python docs/generate.py`, or `make docs`."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.core.findings.pages import codes_markdown, findings_markdown
from mlstrat_plugin.params import BLOCK, Params
from mlstrat_plugin.params.schema import Node, Schema, schema_of
from mlstrat_plugin.records import Diagnosis, Splits
from mlstrat_plugin.records.gate import Decision

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def as_json(schema: Schema) -> str:
    """Return a schema as the text of its file."""
    return json.dumps({"$schema": DIALECT, **schema}, indent=2, ensure_ascii=False) + "\n"


def record_schema(kind: type[Any]) -> str:
    """Return the schema of a saved report."""
    return as_json(schema_of(kind))


def params_schema() -> str:
    """Return the schema of params.yaml; keys next to the block belong to the pipeline."""
    block = schema_of(Params)
    definitions = block.pop("$defs")
    return as_json({"type": "object", "properties": {BLOCK: block}, "required": [BLOCK], "$defs": definitions})


def params_keys() -> str:
    """Return the keys of the block, a section for each inner block."""
    blocks = Node.of(Params).properties.items()
    return "\n".join(line for key, node in blocks for line in params_section(f"{BLOCK}.{key}", node))


def params_section(path: str, block: Node) -> list[str]:
    """Return the lines of a block: what it is for, then a row for each key in it."""
    optional = " This block is optional." if block.schema.get("default", block) is None else ""
    rows = [
        f"| `{key}` | {node.description} | {node.allowed} | {default(node)} |"
        for key, node in block.keys(path)
        if "description" in node.schema
    ]
    head = ["| key | meaning | allowed | default |", "|---|---|---|---|"]
    return [f"## `{path}`", "", block.description + optional, "", *head, *rows, ""]


def default(node: Node) -> str:
    """Return a default as YAML writes it, or that there is none."""
    if "default" not in node.schema:
        return "required"
    value = node.schema["default"]
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def with_section(file: str, name: str, make: Callable[[], str]) -> str:
    """Return a page with the part between its two marks written from the code; the rest stays as people wrote it.

    Parameters
    ----------
    file : str
        The page, from the root of the repository.
    name : str
        What the marks are called: ``<!-- begin NAME -->`` and ``<!-- end NAME -->``, each on its own line.
    make : callable
        Returns the part.
    """
    begin, end = f"<!-- begin {name}: written by `make docs` -->\n", f"<!-- end {name} -->\n"
    before, _, rest = (ROOT / file).read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{file} has no part between {begin.strip()} and {end.strip()}")
    return f"{before}{begin}\n{make()}\n{end}{after}"


DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/params.md": partial(with_section, "docs/params.md", "keys", params_keys),
    "docs/findings.md": findings_markdown,
    "docs/codes.md": codes_markdown,
    "docs/schema/params.json": params_schema,
    "docs/schema/diagnosis.json": partial(record_schema, Diagnosis),
    "docs/schema/splits.json": partial(record_schema, Splits),
    "docs/schema/gate.json": partial(record_schema, Decision),
    "mlstrat_plugin/params/schema.json": params_schema,
}


def main() -> None:
    """Write every document."""
    for file, make in DOCUMENTS.items():
        path = ROOT / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
