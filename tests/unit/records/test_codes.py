"""The table of reason codes: complete, and nothing in it is unused."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import mlstrat_plugin
from mlstrat_plugin.records.codes import REASONS
from mlstrat_plugin.records.gate import HIDDEN

PACKAGE = Path(mlstrat_plugin.__file__).parent


def texts(value: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression can be: itself, one of two, or the last that is not empty."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    for part in {ast.IfExp: ("body", "orelse")}.get(type(value), ()):  # type: ignore[call-overload]
        yield from texts(getattr(value, part))
    for part in value.values if isinstance(value, ast.BoolOp) else ():
        yield from texts(part)


def codes_of(file: Path) -> set[str]:
    """Return the codes that a module gives, as ``code="..."`` in a call."""
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    return {text for call in calls for word in call.keywords if word.arg == "code" for text in texts(word.value)}


def test_each_code_of_the_table_is_used_and_each_used_code_is_in_the_table() -> None:
    rooms = [PACKAGE / "core/gate", PACKAGE / "stages/gate", PACKAGE / "tables/scores"]
    used = {code for room in rooms for file in room.glob("*.py") for code in codes_of(file)}
    assert used | {HIDDEN} == {*REASONS, ""}


def test_meanings_are_one_sentence_and_in_order() -> None:
    assert list(REASONS) == sorted(REASONS)
    for meaning in REASONS.values():
        assert meaning[0].isupper()
        assert meaning.endswith(".")
        assert len(meaning.split()) <= 25
