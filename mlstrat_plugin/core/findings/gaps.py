"""Findings about the gaps: which matter, and what the data cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.findings.check import Need, Sighting, check, need
from mlstrat_plugin.core.findings.needs import not_measured
from mlstrat_plugin.core.wording import gap_sentence, problem_name, sentence_start
from mlstrat_plugin.records.words import GAPS, LADDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlstrat_plugin.core.findings.seen import Seen


def decided(gap: str) -> Need:
    """Return the need of a check that a gap is measured, and is above the threshold or not: unclear is not passed."""
    place = GAPS.index(gap)
    low, high = LADDER[place], LADDER[place + 1]

    @need(f"{high} and {low} error are measured, and the data can tell whether their gap is above your threshold")
    def missing(seen: Seen) -> str:
        if gap not in seen.gaps:
            return not_measured((low, high), seen)
        return _unclear(seen, (gap,))

    return missing


@need(
    "a split between two measured ones is missing, and the data can tell whether the merged gap is above your threshold"
)
def merged(seen: Seen) -> str:
    """Return that no gap is merged, or that the data cannot tell whether it matters."""
    names = [name for name in seen.gaps if "+" in name]
    if not names:
        return "no two gaps are merged"
    return "" if set(names) & set(seen.problems) else _unclear(seen, names)


@need("more than one gap is measured, and the data can tell whether any of them is above your threshold")
def rivals(seen: Seen) -> str:
    """Return that one gap alone needs no ranking, or that no gap is known to matter."""
    if len(seen.gaps) < 2:
        return "only one gap is measured"
    undecided = seen.diagnosis == "inconclusive"
    return f"the data cannot tell whether any gap is above {seen.threshold}" if undecided else ""


def _unclear(seen: Seen, names: Iterable[str]) -> str:
    unclear = [name for name in names if seen.gaps[name].status == "unclear"]
    return f"the data cannot tell whether {' or '.join(unclear)} is above {seen.threshold}" if unclear else ""


def _above(seen: Seen, *names: str) -> Iterator[Sighting]:
    for name in names:
        if name in seen.problems:
            gap = seen.gaps[name]
            yield Sighting(
                f"{sentence_start(problem_name(name))} is "
                f"{seen.unit.change(gap.value, gap.low, gap.high)}, above your threshold of {seen.threshold}.",
                gap_sentence(name, gap, seen.unit),
                rank=seen.problems.index(name),
            )


@check(
    "MLS101",
    "Avoidable bias matters",
    "problem",
    about="Train error is above the human level by more than your threshold: the model has not yet learned what people "
    "can do on the rows it was trained on.",
    steps=(
        "Train a larger model.",
        "Train longer, or with a better optimizer.",
        "Search the architecture and its hyperparameters; weaken the regularization.",
    ),
    needs=decided("bias"),
)
def bias(seen: Seen) -> Iterator[Sighting]:
    """Look for avoidable bias."""
    return _above(seen, "bias")


@check(
    "MLS102",
    "Variance matters",
    "problem",
    about="Train-dev error is above train error by more than your threshold: the model does worse on unseen rows of "
    "the very distribution it was trained on.",
    steps=(
        "Get more training data, or augment the data you have.",
        "Regularize more (weight decay, dropout, early stopping).",
        "Search for a simpler or better suited architecture.",
    ),
    needs=decided("variance"),
)
def variance(seen: Seen) -> Iterator[Sighting]:
    """Look for variance."""
    return _above(seen, "variance")


@check(
    "MLS103",
    "Data mismatch matters",
    "problem",
    about="Dev error is above train-dev error by more than your threshold: the model does worse on rows of the target "
    "than on unseen rows of the training mix.",
    steps=(
        "Compare about 100 dev rows that are wrong or far off with train-dev rows, and name what differs.",
        "Add training data that looks like the target: collect it, or move target rows into train.",
        "Synthesize what differs, from many seeds. A handful looks varied to people, but the model memorizes it.",
    ),
    needs=decided("mismatch"),
)
def mismatch(seen: Seen) -> Iterator[Sighting]:
    """Look for data mismatch."""
    return _above(seen, "mismatch")


@check(
    "MLS104",
    "Overfitting to dev matters",
    "problem",
    about="Test error is above dev error by more than your threshold: choices were fitted to the dev set.",
    steps=("Get a larger dev set, or a fresh one.", "Try fewer variants against the same dev set."),
    needs=decided("dev-overfit"),
)
def dev_overfit(seen: Seen) -> Iterator[Sighting]:
    """Look for overfitting to dev."""
    return _above(seen, "dev-overfit")


@check(
    "MLS105",
    "A gap that matters has more than one possible cause",
    "problem",
    about="A merged gap is above your threshold. The split between its two ends was not measured, so two problems show "
    "up as one number.",
    steps=("Measure the missing split: without it, two problems show up as one number.",),
    needs=merged,
)
def merged_gap(seen: Seen) -> Iterator[Sighting]:
    """Look for merged gaps above the threshold."""
    return _above(seen, *(name for name in seen.gaps if "+" in name))


@check(
    "MLS111",
    "There is not enough data to name the problem",
    "warning",
    about="The verdict is `inconclusive`: no gap is shown to be above your threshold, and not every gap is shown to be "
    "below it; or an error rests on too few groups (MLS145). The message has the open question and the rows that would "
    "answer it.",
    steps=(
        "Label more rows of the splits that the message gives a number for, the bottleneck first.",
        "Until then, take the most likely largest gap as a hint, not as a result.",
    ),
)
def inconclusive(seen: Seen) -> Iterator[Sighting]:
    """Look for a verdict that is open altogether."""
    if seen.diagnosis == "inconclusive":
        yield _open(seen, seen.gaps)


@check(
    "MLS112",
    "The data cannot rank the gaps",
    "warning",
    about="At least one gap is above your threshold, but the data cannot tell which gap is the largest. The verdict is "
    "`tied` if every candidate is above the threshold, and `unranked` if one of them may not be.",
    steps=(
        "Work on whichever candidate is cheapest to fix, or label more rows where the message names a number of them.",
    ),
    needs=rivals,
)
def unranked(seen: Seen) -> Iterator[Sighting]:
    """Look for gaps whose order is open."""
    if seen.diagnosis in {"tied", "unranked"}:
        yield _open(seen, seen.contenders)


def _open(seen: Seen, names: Iterable[str]) -> Sighting:
    evidence = "; ".join(gap_sentence(name, seen.gaps[name], seen.unit) for name in names)
    return Sighting(sentence_start(seen.rows_needed), evidence)
