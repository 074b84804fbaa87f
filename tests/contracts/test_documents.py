"""Documents from one source: what is written from the code is up to date, and comments say what the models say."""

from __future__ import annotations

import importlib.util
import json
import re
import runpy
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from mlstrat_plugin.params.block import BLOCK, Params, load_params
from mlstrat_plugin.params.schema import Node
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.gate import Decision
from mlstrat_plugin.records.saving import read_record
from mlstrat_plugin.records.splits import Splits

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
GENERATOR = runpy.run_path(str(ROOT / "docs/generate.py"))
DOCUMENTS = GENERATOR["DOCUMENTS"]
LINES = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()
# A declared human error, counts and a loss exclude one another, and no condition here is about latency.
NOT_SHIPPED = {"human.loss", "human.errors", "human.n", "gate.conditions.<condition>.quantile"}


@pytest.mark.parametrize("file", DOCUMENTS)
def test_documents_are_as_the_code_writes_them(file: str) -> None:
    path = ROOT / file
    assert path.exists(), f"{file} is missing: run `make docs`"
    assert path.read_text(encoding="utf-8") == DOCUMENTS[file](), f"{file} differs from the code: run `make docs`"


def test_documents_are_written_the_same_twice() -> None:
    assert {file: make() for file, make in DOCUMENTS.items()} == {file: make() for file, make in DOCUMENTS.items()}


def test_a_page_without_marks_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("no marks\n")
    with pytest.raises(ValueError, match="no part between <!-- begin keys"):
        GENERATOR["with_section"](str(tmp_path / "a.md"), "keys", str)


def test_every_key_has_a_meaning_and_a_place() -> None:
    page = (ROOT / "docs/params.md").read_text(encoding="utf-8")
    for key, node in Node.of(Params).keys(BLOCK):
        assert re.fullmatch(r"[A-Z`].*\.", node.description), key
        place = f"\n## `{key}`\n\n{node.description}" if key.count(".") == 1 else f"\n| `{key}` | {node.description} |"
        assert place in page, key
    assert "| `mlstrat.review.roots` |" in page
    assert '| a list of strings | `["data"]` |' in page


def test_the_block_of_the_page_is_enough(tmp_path: Path) -> None:
    page = (ROOT / "docs/params.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(mlstrat:.*?)```", page, re.DOTALL)
    assert block is not None
    (tmp_path / "params.yaml").write_text(block.group(1))
    assert set(load_params(tmp_path / "params.yaml").sources) == {"web", "mobile"}


class Line(NamedTuple):
    """A key of params.yaml: its path, the comment above it, its place in the schema, its value."""

    path: str
    comment: str
    node: Node
    value: Any


def lines_of(mapping: yaml.MappingNode, node: Node, path: str = "") -> Iterator[Line]:
    for key, value in mapping.value:
        inner = node.properties.get(key.value) or node.named
        assert inner is not None, key.value
        where = f"{path}.{key.value}".lstrip(".") if key.value in node.properties else f"{path}.{placeholder(path)}"
        if key.value in node.properties:
            yield Line(where, comment_above(key.start_mark.line), inner, yaml.safe_load(yaml.serialize(value)))
        if isinstance(value, yaml.MappingNode):
            yield from lines_of(value, inner, where)


def placeholder(path: str) -> str:
    return "<condition>" if path == "gate.conditions" else "<name>"


def comment_above(number: int) -> str:
    words: list[str] = []
    while LINES[number - 1].lstrip().startswith("#"):
        number -= 1
        words = [*LINES[number].lstrip(" #").split(), *words]
    return " ".join(words)


def shipped() -> list[Line]:
    root = yaml.compose("\n".join(LINES))
    assert isinstance(root, yaml.MappingNode)
    block = next(value for key, value in root.value if key.value == BLOCK)
    return list(lines_of(block, Node.of(Params)))


@pytest.mark.parametrize("line", shipped(), ids=lambda line: line.path)
def test_comments_start_with_what_the_key_means(line: Line) -> None:
    meaning = " ".join(line.node.description.split())
    assert line.comment.startswith(meaning[0].upper() + meaning[1:])
    reason = line.comment[len(meaning) :].strip()
    is_key = not (line.node.properties or line.node.named) or line.value is None
    if is_key and line.value != line.node.schema.get("default", object):
        assert re.match(r"[A-Z0-9].{9,}\.$", reason), "a value that is not the default needs its reason"


def test_params_yaml_shows_every_key() -> None:
    paths = {key.removeprefix(f"{BLOCK}.") for key, _ in Node.of(Params).keys(BLOCK)}
    assert {line.path for line in shipped()} == paths - NOT_SHIPPED
    load_params(ROOT / "params.yaml")


def test_the_schema_is_shipped() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    package = ROOT / "mlstrat_plugin"
    shipped_files = {path for pattern in patterns["mlstrat_plugin"] for path in package.glob(pattern)}
    others = {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert shipped_files == others
    assert package / "params/schema.json" in shipped_files


def faults(schema: str, document: Any) -> list[str]:
    """Return what a JSON Schema says against a document."""
    from jsonschema import Draft202012Validator

    text = (ROOT / "docs/schema" / schema).read_text(encoding="utf-8")
    return [error.json_path for error in Draft202012Validator(json.loads(text)).iter_errors(document)]


@pytest.mark.parametrize(
    ("name", "kind", "stage"),
    [("diagnosis", Diagnosis, "diagnose"), ("splits", Splits, "split"), ("gate", Decision, "gate")],
)
def test_saved_reports_fit_their_schemas(name: str, kind: Any, stage: str) -> None:
    file = ROOT / f"reports/{name}.json"
    read_record(kind, file, stage=stage)
    if importlib.util.find_spec("jsonschema"):
        document = json.loads(file.read_text(encoding="utf-8"))
        assert faults(f"{name}.json", document) == []
        assert faults(f"{name}.json", {**document, "schema_version": "one"}) == ["$.schema_version"]


@pytest.mark.skipif(not importlib.util.find_spec("jsonschema"), reason="jsonschema is not installed")
def test_the_schema_judges_the_block_as_the_models_do() -> None:
    document = yaml.safe_load("\n".join(LINES))
    assert faults("params.json", document) == []
    block = document[BLOCK]
    for key, value, path in (
        ("splt", {}, "$.mlstrat"),
        ("split", {"dev": 1.5}, "$.mlstrat.split.dev"),
        ("split", {"target_in_train": "most"}, "$.mlstrat.split.target_in_train"),
        ("diagnose", {"confidence": 1}, "$.mlstrat.diagnose.confidence"),
        ("evaluate", {"metric": "macrof1"}, "$.mlstrat.evaluate.metric"),
        ("sources", {"../up": block["sources"]["web"]}, "$.mlstrat.sources"),
        ("sources", {}, "$.mlstrat.sources"),
    ):
        assert faults("params.json", {BLOCK: {**block, key: value}}) == [path]
