"""The block as a JSON Schema: what editors complete, what the docs list, and what errors say is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from mlstrat_plugin.records.ranges import Range

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any]

PLACEHOLDERS = {"conditions": "<condition>"}  # stand for the names that a person chooses; <name> for any others
NOUNS = {"string": "a string", "boolean": "true or false", "null": "null", "integer": "a whole number"}


class _Untitled(GenerateJsonSchema):
    """Leaves out the titles that would only repeat the names of keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic asks for each field
        return False


def schema_of(kind: Any) -> Schema:
    """Return the JSON Schema of a model or a dataclass, each description cut to its first paragraph.

    Parameters
    ----------
    kind : type
        Any type that pydantic knows.
    """
    schema: Schema = _first_paragraphs(TypeAdapter(kind).json_schema(schema_generator=_Untitled))
    return schema


def _first_paragraphs(node: Any) -> Any:
    if isinstance(node, list):
        return [_first_paragraphs(item) for item in node]
    if not isinstance(node, dict):
        return node
    text = node.get("description")
    cut = {"description": " ".join(text.split("\n\n")[0].split())} if isinstance(text, str) else {}
    return {key: _first_paragraphs(value) for key, value in node.items()} | cut


@dataclass(frozen=True)
class Node:
    """A place in a JSON Schema that can be walked.

    Parameters
    ----------
    schema : dict
        What is said about this place.
    defs : dict
        The ``$defs`` that references lead to.

    Examples
    --------
    >>> Node({"anyOf": [{"type": "integer", "minimum": 1}, {"const": "rest"}, {"type": "null"}]}, {}).allowed
    'a whole number no less than 1, rest or null'
    """

    schema: Schema
    defs: Schema

    @classmethod
    def of(cls, kind: Any) -> Node:
        """Return the root of a model's schema."""
        schema = schema_of(kind)
        return cls(schema, schema.get("$defs", {}))

    @property
    def properties(self) -> dict[str, Node]:
        """Return the keys of the block that may be here; empty if none may."""
        blocks = (option.get("properties", {}) for option in self._options)
        return {key: self._at(inner) for block in blocks for key, inner in block.items()}

    @property
    def named(self) -> Node | None:
        """Return the place of every name, where a person chooses the names; None elsewhere."""
        for option in self._options:
            values = [*option.get("patternProperties", {}).values(), option.get("additionalProperties")]
            if isinstance(values[0], dict):
                return self._at(values[0])
        return None

    @property
    def description(self) -> str:
        """Return what the key means: its own description, or that of its block."""
        texts = (schema.get("description") for schema in (self.schema, *self._options))
        return next((text for text in texts if text), "")

    @property
    def words(self) -> list[str]:
        """Return the words that may be here as they are."""
        return [word for option in self._options for word in _words(option)]

    @property
    def allowed(self) -> str:
        """Return what is allowed, to follow 'must be'."""
        *first, last = (phrase for option in self._options for phrase in _words(option) or [self._phrase(option)])
        return f"{', '.join(first)} or {last}" if first else str(last)

    def keys(self, path: str) -> Iterator[tuple[str, Node]]:
        """Yield every key below ``path`` with its place, in the order of the models."""
        for key, inner in self.properties.items():
            yield f"{path}.{key}", inner
            yield from inner.keys(f"{path}.{key}")
        if self.named:
            yield from self.named.keys(f"{path}.{PLACEHOLDERS.get(path.rpartition('.')[2], '<name>')}")

    @property
    def _options(self) -> list[Schema]:
        """Return the alternatives with their references followed; one if there is no choice."""
        return [self._followed(option) for option in self._followed(self.schema).get("anyOf", [self.schema])]

    def _followed(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        followed: Schema = schema if reference is None else self.defs[reference.rpartition("/")[2]]
        return followed

    def _at(self, schema: Schema) -> Node:
        return Node(schema, self.defs)

    def _phrase(self, option: Schema) -> str:
        node = self._at(option)
        if node.properties:
            return f"a block with the keys {', '.join(node.properties)}"
        if node.named:
            return f"a block that gives each name {node.named.allowed}"
        if option["type"] == "array":
            return f"a list of {self._at(option['items']).allowed.removeprefix('a ')}s"
        return str(option.get("title") or _number(option) or NOUNS[option["type"]])


def _words(option: Schema) -> list[str]:
    return [option["const"]] if "const" in option else option.get("enum", [])


def _number(option: Schema) -> str:
    """Return the words of a number with limits, or of any float; empty if it is neither."""
    lows = [option[key] for key in ("minimum", "exclusiveMinimum") if key in option]
    highs = [option[key] for key in ("maximum", "exclusiveMaximum") if key in option]
    if not (lows or highs):
        return "a finite number" if option["type"] == "number" else ""
    limits = Range(
        low=lows[0] if lows else -inf,
        high=highs[0] if highs else inf,
        low_open="exclusiveMinimum" in option,
        high_open="exclusiveMaximum" in option,
    )
    return f"a {'whole ' if option['type'] == 'integer' else ''}number {limits}"
