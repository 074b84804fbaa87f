"""What changed in words: the error with its interval, then which gaps moved or may have."""

from __future__ import annotations

from mlstrat_plugin.core.diagnosis.moved import comparison_sentences
from mlstrat_plugin.core.wording import RATE, unit_of
from mlstrat_plugin.records.runs import Change
from mlstrat_plugin.records.words import Movement


def change(value: float, status: Movement) -> Change:
    return Change(value=value, low=value - 0.033, high=value + 0.034, status=status, method="mover")


FELL, ROSE = change(-0.264, "moved"), change(0.081, "moved")
STILL, OPEN = change(0.0, "unchanged"), change(0.002, "unclear")


def said(error: Change, **gaps: Change) -> str:
    return comparison_sentences({"human": STILL, "dev": error, "test": STILL}, gaps, RATE)


def test_the_error_comes_first_with_its_interval() -> None:
    assert said(FELL, bias=STILL) == "Dev error fell by 26.4 points [23.0, 29.7]. No gap moved."
    assert said(ROSE, bias=STILL).startswith("Dev error rose by 8.1 points [4.8, 11.5].")
    assert said(OPEN, bias=STILL).startswith("Dev error is 0.20 points higher [-3.1, 3.6], which may be chance.")
    assert said(STILL, bias=STILL).startswith("Dev error did not change: the difference is 0.00 points [-3.3, 3.4].")


def test_gaps_that_moved_are_told_largest_first() -> None:
    assert said(FELL, bias=ROSE, variance=STILL, mismatch=change(-0.4, "moved")).endswith(
        " Mismatch fell by 40.0 and bias rose by 8.1."
    )
    assert said(FELL, bias=FELL, variance=change(-0.1, "moved"), mismatch=ROSE).endswith(
        " Bias fell by 26.4, variance by 10.0 and mismatch rose by 8.1."
    )


def test_one_gap_that_moved_alone_is_told_apart_from_one_among_open_ones() -> None:
    assert said(FELL, bias=STILL, mismatch=FELL).endswith(" Only mismatch moved: it fell by 26.4.")
    assert said(FELL, bias=OPEN, mismatch=FELL).endswith(
        " Mismatch fell by 26.4. Bias may have moved; the data cannot tell."
    )
    assert said(FELL, **{"bias": OPEN, "dev-overfit": OPEN}).endswith(
        " No gap is shown to have moved. Bias and overfitting to dev may have moved; the data cannot tell."
    )


def test_without_dev_the_last_error_is_told() -> None:
    assert comparison_sentences({"train": STILL, "test": FELL}, {}, RATE).startswith("Test error fell by 26.4 points")


def test_a_loss_has_no_points() -> None:
    told = comparison_sentences({"dev": FELL}, {"bias": FELL}, unit_of("mean_loss"))
    assert told == "Dev error fell by 0.264 [0.23, 0.297]. Only bias moved: it fell by 0.264."
