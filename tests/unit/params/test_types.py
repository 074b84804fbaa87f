"""The types that blocks are made of: strict, so that no value is silently another one."""

from math import inf, nan
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from mlstrat_plugin.params.types import Block, Flag, Number, Share, Size, Text, Whole, bounds
from mlstrat_plugin.records.ranges import Range


@pytest.mark.parametrize(
    ("kind", "accepted", "refused"),
    [
        (Number, (0, 0.5, -3.0), (nan, inf, -inf, "1", True, None)),
        (Whole, (0, -3, 10**12), (0.5, 1.0, "1", True, None)),
        (Text, ("a", " "), ("", 3, None, True)),
        (Flag, (True, False), (0, 1, "true", None)),
        (Share, (1e-9, 0.5), (0, 1, 1.5, nan, True)),
        (Size, (1e-9, 0.5, 1, 2_000), (0, -1, 1.0, 1.5, nan, True, "1")),
    ],
    ids=["Number", "Whole", "Text", "Flag", "Share", "Size"],
)
def test_types_are_strict(kind: Any, accepted: tuple[Any, ...], refused: tuple[Any, ...]) -> None:
    adapter = TypeAdapter[Any](kind)
    for value in accepted:
        assert adapter.validate_python(value) == value
    for value in refused:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


def test_a_count_of_rows_stays_a_count() -> None:
    assert isinstance(TypeAdapter[Any](Size).validate_python(1), int)


def test_blocks_refuse_unknown_keys_and_changes() -> None:
    class Lamp(Block):
        watts: Whole = 5

    with pytest.raises(ValidationError, match="extra_forbidden"):
        Lamp.model_validate({"wats": 3})
    with pytest.raises(ValidationError, match="frozen"):
        Lamp().watts = 3


def test_a_range_as_bounds() -> None:
    assert bounds(Range(low=0, high=1, low_open=True)) == {"gt": 0, "le": 1}
    assert bounds(Range(low=0.5, high=1, high_open=True)) == {"ge": 0.5, "lt": 1}
    assert bounds(Range(low=1)) == {"ge": 1}
