"""What every kind of tally has in common: it adds up, is rounded once and for all, and becomes plain values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import inf, nan
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.core.estimates.estimate import Estimate, constant
from mlstrat_plugin.core.estimates.losses import LossTally
from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.core.estimates.tally import DIGITS, Remarks, TallyBase
from tests.unit.core.estimates.kinds import TALLIES, has_estimate


@dataclass(frozen=True, kw_only=True)
class Made(TallyBase):
    """The least that a tally is: numbers of every shape that saved ones have."""

    tag: ClassVar[str] = "made"
    n: int = 3
    total: float = 0.0
    square: tuple[tuple[float, ...], ...] = ()

    def estimate(self) -> Estimate:
        return constant(self.total)


@pytest.mark.parametrize("kind", TALLIES)
@given(data=st.data())
def test_rounding_is_idempotent_and_moves_no_estimate(kind: str, data: st.DataObject) -> None:
    tally = data.draw(TALLIES[kind].filter(has_estimate))
    once = tally.rounded()
    assert once.rounded() == once
    before, after = tally.estimate(), once.estimate()
    assert after.value == pytest.approx(before.value, rel=1e-9, abs=1e-11)
    assert after.bounds(1.96) == pytest.approx(before.bounds(1.96), rel=1e-6, abs=1e-9)
    assert (after.method, after.groups is None) == (before.method, before.groups is None)


@pytest.mark.parametrize("kind", TALLIES)
@given(data=st.data())
def test_saved_values_are_plain_and_name_their_kind(kind: str, data: st.DataObject) -> None:
    saved = data.draw(TALLIES[kind]).rounded().saved()
    assert isinstance(saved["tally"], str)
    assert json.loads(json.dumps(saved, allow_nan=False)) == saved


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (1 / 3, 0.333333333333),  # twelve significant digits, whatever the size
        (2e9 / 3, 666666666.667),
        (1e-9 / 3, 3.33333333333e-10),
        (-123456789012345.0, -123456789012000.0),
        (0.1 + 0.2, 0.3),
        (5.0, 5.0),
        (0.0, 0.0),
        (inf, inf),
    ],
)
def test_sums_keep_twelve_significant_digits(value: float, rounded: float) -> None:
    assert DIGITS == 12
    assert Made(total=value).rounded().total == rounded
    assert Made(square=((value, 1.0), (1.0, value))).rounded().square == ((rounded, 1.0), (1.0, rounded))


def test_counts_and_nan_stay_as_they_are() -> None:
    made = Made(n=1_234_567_890_123_456, total=nan).rounded()
    assert made.n == 1_234_567_890_123_456
    assert made.total != made.total


@given(st.floats(allow_nan=False, allow_infinity=False), st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1))))
def test_plain_values_are_read_back(total: float, square: list[tuple[float, float]]) -> None:
    made = Made(total=total, square=tuple(square))
    values = json.loads(json.dumps(made.saved()))
    assert values.pop("tally") == "made"
    assert Made.read(values) == made


@pytest.mark.parametrize("values", [{"total": 1.0, "unknown": 2}, {"tally": "made"}])
def test_fields_that_are_not_its_own_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Made.read(values)


def test_what_a_tally_knows_beside_its_estimate() -> None:
    assert ErrorTally(wrong=1, n=9).remarks() == Remarks()
    assert LossTally.of([1.0, 2.0]).by_task() == {}
    weights = {"n": 2, "units": 2, "a": 0.0, "b": 11.0, "aa": 0.0, "ab": 0.0, "bb": 101.0, "row_bb": 101.0}
    heavy = RatioTally(**weights, grouped=False, kind="weights", top_weight=10.0, top_rows=1)
    assert heavy.remarks() == Remarks(heaviest=(10.0, 1))
