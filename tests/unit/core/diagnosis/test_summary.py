"""The verdict in words: each kind, with the number that decides it and what would settle it."""

from __future__ import annotations

from typing import Any

import pytest

from mlstrat_plugin.core.diagnosis.summary import summary
from mlstrat_plugin.core.wording import RATE, unit_of
from mlstrat_plugin.records.diagnosis import GapRecord, Lean
from mlstrat_plugin.records.sizing import OpenQuestion
from mlstrat_plugin.records.words import Status

RUNGS = {"bias": ("human", "train"), "variance": ("train", "train-dev"), "mismatch": ("train-dev", "dev")}
LEAN = Lean(problem="variance", probability=0.604)
CLOSE = OpenQuestion(question="Is variance larger than bias?", bottleneck="train-dev", rows={}, power=0.8)
ROWS = OpenQuestion(question="Is variance larger than bias?", bottleneck="dev", rows={"dev": 5_000}, power=0.8)


def gap(name: str, value: float, status: Status) -> GapRecord:
    return GapRecord(
        value=value, low=value - 0.042, high=value + 0.046, status=status, method="mover", between=RUNGS[name]
    )


def said(diagnosis: str, problems: tuple[str, ...], statuses: dict[str, tuple[float, Status]], **more: Any) -> str:
    gaps = {name: gap(name, *of_gap) for name, of_gap in statuses.items()}
    settings = {"tau": 0.01, "lean": LEAN, "question": None, "unit": RATE, **more}
    return summary(diagnosis, problems, gaps, **settings)


BIG: dict[str, tuple[float, Status]] = {
    "bias": (0.081, "material"),
    "variance": (0.091, "material"),
    "mismatch": (0.071, "material"),
}
OPEN: dict[str, tuple[float, Status]] = {"bias": (0.01, "unclear"), "variance": (0.02, "unclear")}


def test_a_gap_that_dominates_has_its_number_and_names_the_others() -> None:
    assert said("variance", ("variance",), BIG) == (
        "Variance dominates: 9.1 points [4.9, 13.7], above your threshold of 1.0."
    )
    assert said("mismatch", ("variance", "mismatch"), BIG).endswith(" Variance (9.1 points [4.9, 13.7]) matters too.")
    assert said("mismatch", ("variance", "bias", "mismatch"), BIG).endswith(
        " Variance (9.1 points [4.9, 13.7]) and bias (8.1 points [3.9, 12.7]) matter too."
    )


def test_tied_gaps_leave_the_choice_to_their_costs_where_no_rows_can_rank_them() -> None:
    assert said("tied", ("variance", "bias", "mismatch"), BIG, question=CLOSE) == (
        "Tied. Variance, bias and mismatch all matter; the data cannot rank them. "
        "Variance is the likeliest largest (60%). Work on whichever is cheapest to fix."
    )
    assert said("tied", ("variance", "bias"), BIG, question=ROWS) == (
        "Tied. Variance and bias both matter; the data cannot rank them. Variance is the likeliest largest (60%). "
        "Is variance larger than bias? You need about 5,000 dev rows to tell (bottleneck: dev)."
    )


def test_unranked_says_that_another_gap_may_be_larger() -> None:
    one = said("unranked", ("variance",), BIG, question=CLOSE)
    assert one.startswith(
        "Unranked. Variance matters: 9.1 points [4.9, 13.7], above your threshold of 1.0. Another gap"
    )
    assert one.endswith("It is too close for more rows to tell (bottleneck: train-dev).")
    assert said("unranked", ("variance", "bias"), BIG, lean=None) == (
        "Unranked. Variance and bias both matter, but another gap may be larger."
    )


def test_inconclusive_names_the_gaps_that_are_open() -> None:
    assert said("inconclusive", (), OPEN, lean=None) == (
        "Inconclusive. There is not enough data to confirm or rule out any gap."
    )
    some = {**OPEN, "mismatch": (0.0, "ruled-out")}
    assert "confirm or rule out bias or variance." in said("inconclusive", (), some)  # type: ignore[arg-type]
    withheld = said("inconclusive", ("variance",), BIG, question=ROWS)
    assert withheld.startswith("Inconclusive. Variance matters: 9.1 points")


def test_ok_names_the_largest() -> None:
    assert said("ok", (), {"bias": (0.001, "ruled-out"), "variance": (-0.02, "ruled-out")}) == (
        "Ok. No gap is above your threshold of 1.0 points; the largest is bias, 0.10 points [-4.1, 4.7]."
    )


@pytest.mark.parametrize(
    ("metric", "unit", "shown"), [("mean_loss", "", "0.091 ["), ("mean_absolute_error", "minutes", "0.091 minutes [")]
)
def test_other_units_are_not_points(metric: str, unit: str, shown: str) -> None:
    told = said("variance", ("variance",), BIG, unit=unit_of(metric, unit))
    assert told.startswith(f"Variance dominates: {shown}")
    assert "points" not in told
    assert "%" not in told
