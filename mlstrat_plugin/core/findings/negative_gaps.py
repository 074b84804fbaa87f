"""Findings about gaps below zero: an error that is lower than the one before it on the ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.intervals import FEWEST_GROUPS
from mlstrat_plugin.core.findings.check import Need, Sighting, check, need
from mlstrat_plugin.core.findings.needs import human_level, not_measured
from mlstrat_plugin.core.wording import gap_sentence, sentence_start
from mlstrat_plugin.records.words import GAPS, HUMAN, LADDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlstrat_plugin.core.findings.seen import Seen


def begins_with(gap: str) -> Need:
    """Return the need of a check that a gap, or a merged one that begins with it, is below zero or is not."""
    low = LADDER[GAPS.index(gap)]

    @need(
        f"{low} error and a later one of the ladder are measured, and the data can tell whether their gap is more than "
        "your threshold below 0"
    )
    def missing(seen: Seen) -> str:
        names = _beginning(seen, gap)
        if not names:
            return not_measured((low,), seen) or f"no error after {low} is measured"
        undecided = [name for name in names if _undecided(seen, name)]
        below = f"more than {seen.threshold} below 0"
        return f"the data cannot tell whether {' or '.join(undecided)} is {below}" if undecided else ""

    return missing


def _undecided(seen: Seen, name: str) -> bool:
    """Return whether a gap may be as far below zero as matters, and may be not; few groups decide nothing."""
    gap = seen.gaps[name]
    groups = [seen.errors[rung].groups for rung in gap.between]
    few = any(count is not None and count < FEWEST_GROUPS for count in groups)
    return gap.status != "negative" and (few or gap.low < -seen.tau)


@need("a human level and a later error of the ladder are given, and the data can tell which one is higher")
def people_compared(seen: Seen) -> str:
    """Return that nobody can say whether people or the model make fewer mistakes."""
    names = _beginning(seen, "bias")
    if not names:
        return human_level.missing(seen) or f"no error after {HUMAN} is measured"
    open_ones = [name for name in names if seen.gaps[name].low < 0 <= seen.gaps[name].high]
    return "the data cannot tell whether the model beats the human level" if open_ones else ""


def _beginning(seen: Seen, gap: str) -> list[str]:
    return [name for name in seen.gaps if name.split("+")[0] == gap]


@check(
    "MLS121",
    "The model beats the human level",
    "warning",
    about="The whole confidence interval of train - human is below zero. Such a human level no longer bounds the best "
    "possible error, so avoidable bias cannot be read from it.",
    steps=(
        "Set a target error instead: this human level no longer bounds the avoidable bias.",
        "Measure a better group of people, for example a team of experts.",
    ),
    needs=people_compared,
)
def better_than_people(seen: Seen) -> Iterator[Sighting]:
    """Look for an error that is shown to be below the human level."""
    for name in _beginning(seen, "bias"):
        if seen.gaps[name].high < 0:
            yield _below(seen, name, f"the human level of {seen.unit.error(seen.errors[HUMAN].value)}.")


@check(
    "MLS122",
    "Train error is higher than train-dev error",
    "warning",
    about="Train error is above train-dev error by more than your threshold, which variance cannot explain.",
    steps=(
        "Score train in evaluation mode: dropout or augmentation that is still on raises its error.",
        "Check that train-dev was never trained on.",
    ),
    needs=begins_with("variance"),
)
def easier_train_dev(seen: Seen) -> Iterator[Sighting]:
    """Look for a train error that is too high."""
    return _negative(seen, "variance")


@check(
    "MLS123",
    "Dev is easier than the training distribution",
    "warning",
    about="Dev error is below train-dev error by more than your threshold: the target is easier than the training mix.",
    steps=(
        "Read bias and variance with care: the easier dev set hides part of them.",
        "Measure the human level on both distributions.",
    ),
    needs=begins_with("mismatch"),
)
def easier_dev(seen: Seen) -> Iterator[Sighting]:
    """Look for a dev set that is easier than train-dev."""
    return _negative(seen, "mismatch")


@check(
    "MLS124",
    "Test is easier than dev",
    "warning",
    about="Test error is below dev error by more than your threshold: dev and test are not drawn alike.",
    steps=("Check that dev and test are drawn by the same rule from the same source.",),
    needs=begins_with("dev-overfit"),
)
def easier_test(seen: Seen) -> Iterator[Sighting]:
    """Look for a test set that is easier than dev."""
    return _negative(seen, "dev-overfit")


def _negative(seen: Seen, gap: str) -> Iterator[Sighting]:
    for name in _beginning(seen, gap):
        if seen.gaps[name].status == "negative":
            higher = seen.gaps[name].between[0]
            yield _below(seen, name, f"{higher} error, by more than your threshold of {seen.threshold}.")


def _below(seen: Seen, name: str, than: str) -> Sighting:
    gap = seen.gaps[name]
    lower = gap.between[1]
    return Sighting(
        f"{sentence_start(lower)} error is {seen.unit.change(-gap.value, -gap.high, -gap.low)} below {than}",
        gap_sentence(name, gap, seen.unit),
    )
