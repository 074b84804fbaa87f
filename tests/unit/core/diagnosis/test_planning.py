from __future__ import annotations

from itertools import pairwise

import pytest

from mlstrat_plugin.core.diagnosis.planning import SIZES, course_start, needed_rows
from mlstrat_plugin.errors import EstimateError


def test_advice_takes_what_is_needed_between_one_and_twenty_percent() -> None:
    plan = needed_rows(error=0.05, rows=1_000_000)
    assert "Of 1,000,000 target rows, take 10,000 each" in plan.advice[0]
    assert "98/1/1" in plan.advice[0]
    assert "take 200 each" in needed_rows(error=0.05, rows=1000).advice[0]
    assert "more than a fifth" in needed_rows(error=0.05, rows=1000).advice[0]
    assert any(line.n == 1000 for line in needed_rows(error=0.05, rows=1000).lines)


def test_all_problems_at_once() -> None:
    with pytest.raises(EstimateError) as caught:
        needed_rows(error=5.0, material_gap=0.02, gap=0.01, rows=0, confidence=float("nan"), power=1.0)
    for name in ("error = 5.0", "gap = 0.01", "rows = 0", "confidence = nan", "power = 1.0"):
        assert name in caught.value.message


def test_a_number_that_follows_from_another_is_not_blamed() -> None:
    with pytest.raises(
        EstimateError, match=r"^error = 5.0 must be in \(0, 1\); material gap = 2.0 must be in \(0, 1\)$"
    ):
        needed_rows(error=5.0, material_gap=2.0)
    with pytest.raises(EstimateError, match=r"^gap = 1.2 must be above the material gap and below 1$"):
        needed_rows(error=0.5, material_gap=0.6)


def test_a_plan_asks_for_the_rows_of_each_purpose() -> None:
    # Wilson's half-width of 1 point at 5 %; twice the material gap over four gaps; Connor 1987; two samples
    plan = needed_rows(error=0.05, material_gap=0.01)
    assert (plan.gap, plan.discordant) == (0.02, 0.05)
    assert (plan.to_know_error, plan.to_prove_gap, plan.to_compare_paired) == (1_838, 9_030, 3_923)
    assert plan.to_compare_unpaired == 6_743  # (1.96 + 0.84)² (0.05 · 0.95 + 0.04 · 0.96) / 0.01²
    assert [line.n for line in plan.lines] == list(SIZES)
    assert len(plan.advice) == 1


def test_larger_splits_show_smaller_things() -> None:
    lines = needed_rows(error=0.05).lines
    for before, after in pairwise(lines):
        assert after.half_width < before.half_width
        assert after.smallest_gap < before.smallest_gap
        assert (after.smallest_gain_paired or 0) < (before.smallest_gain_paired or 1)
    assert lines[-1].smallest_gap > 0.01  # a gap of the material size itself is never shown


@pytest.mark.parametrize(
    ("rows", "start"),
    [
        (1, "60/20/20"),
        (10_000, "60/20/20"),
        (10_001, "shares between"),
        (999_999, "shares between"),
        (1_000_000, "98/1/1"),
    ],
)
def test_where_the_course_starts_from(rows: int, start: str) -> None:
    assert course_start(rows).startswith(start)
