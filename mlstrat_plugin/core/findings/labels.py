"""Findings about wrong labels: how much of the error they are, and how they were fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.findings.amounts import points, rate
from mlstrat_plugin.core.findings.check import Sighting, check, need
from mlstrat_plugin.core.findings.needs import reviews
from mlstrat_plugin.core.wording import and_between

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlstrat_plugin.core.findings.seen import Seen
    from mlstrat_plugin.records.review import Amount, LabelCheck


@need("labels of wrong answers are checked, in the audit of dev or in the sheet of mistakes")
def checked(seen: Seen) -> str:
    """Return that nobody has said of a mistake on dev whether its label is wrong."""
    return reviews.missing(seen) or ("" if _worth_fixing(seen) else "no label of a wrong answer on dev is checked yet")


@need("enough labels of wrong answers are checked to tell whether they are a fifth of the dev error")
def decided(seen: Seen) -> str:
    """Return that the labels checked so far leave it open."""
    too_few = "the labels checked so far do not tell whether they are a fifth of the dev error"
    return checked.missing(seen) or (too_few if _worth_fixing(seen) == "open" else "")


@need("labels of right answers are checked in the audit of dev")
def right_ones_checked(seen: Seen) -> str:
    """Return that nobody has checked a label among the right answers on dev."""
    dev = seen.looks.audits.get("dev")
    no_check = "no label of a right answer on dev is checked yet"
    return reviews.missing(seen) or ("" if dev is not None and dev.hidden is not None else no_check)


@need("labels of dev or test are replaced")
def fixed(seen: Seen) -> str:
    """Return that dev and test have the labels of their sources."""
    return reviews.missing(seen) or ("" if any(_fixes(seen).values()) else "no label of dev or test is replaced")


def _audited(seen: Seen) -> tuple[LabelCheck, Amount, Amount] | None:
    """Return the audit of dev with the labels' share of the error and what it costs; None where that is unknown."""
    dev = seen.looks.audits.get("dev")
    if dev is None or dev.label_share is None or dev.label_points is None:
        return None
    return dev, dev.label_share, dev.label_points


def _worth_fixing(seen: Seen) -> str:
    """Return whether wrong labels are a fifth of the dev error: yes, no, open; an empty text where nobody looked."""
    audit, analysis = _audited(seen), seen.looks.analysis
    if audit is not None:
        return audit[0].worth_fixing
    return analysis.worth_fixing if analysis is not None and analysis.label_share is not None else ""


def _labels(seen: Seen, claim: str) -> Iterator[Sighting]:
    """Yield a claim about the share of labels with what it costs, from the audit, else from the sheet."""
    audit, analysis = _audited(seen), seen.looks.analysis
    if audit is not None:
        dev, share, cost = audit
        yield Sighting(
            f"{claim}; models that differ by less than {points(cost)} may swap places.",
            f"{rate(share)} of the error, {share.n:,} wrong rows checked; corrected error {rate(dev.corrected)}",
        )
    elif analysis is not None and analysis.label_share is not None:
        yield Sighting(
            f"{claim}; the true error is not known until right answers are checked too.",
            f"{rate(analysis.label_share)} of {analysis.label_share.n:,} mistakes",
        )


@check(
    "MLS171",
    "Wrong labels are a large part of the error",
    "warning",
    about="The lower bound of the labels' share of the dev error is a fifth or more. The rule of the course: at 0.6 of "
    "2 points, labels are worth fixing.",
    steps=(
        "Fix labels of dev and test by the same procedure: `mlstrat review sample --audit`, then "
        "reviews/label_fixes.csv.",
        "Check rows that the model got right as well: it has learned some of the wrong labels.",
    ),
    needs=decided,
)
def many_wrong_labels(seen: Seen) -> Iterator[Sighting]:
    """Look for labels that are worth fixing."""
    if _worth_fixing(seen) == "yes":
        yield from _labels(seen, "Wrong labels are a fifth of the dev error or more")


@check(
    "MLS172",
    "Wrong labels are a small part of the error",
    "tip",
    about="The upper bound of the labels' share of the dev error is below a fifth. The rule of the course: at 0.6 of "
    "10 points, other causes come first.",
    steps=("Leave them for now and work on the larger causes.",),
    needs=decided,
)
def few_wrong_labels(seen: Seen) -> Iterator[Sighting]:
    """Look for labels that can wait."""
    if _worth_fixing(seen) == "no":
        yield from _labels(seen, "Wrong labels are less than a fifth of the dev error")


@check(
    "MLS173",
    "Too few labels are checked to tell how much they matter",
    "tip",
    about="The confidence interval of the labels' share of the dev error contains a fifth: the rows checked so far do "
    "not tell whether labels are worth fixing.",
    steps=("Check more labels: `mlstrat review sample --audit --rows N`.",),
    needs=checked,
)
def open_labels(seen: Seen) -> Iterator[Sighting]:
    """Look for a share of labels that is open."""
    if _worth_fixing(seen) == "open":
        yield from _labels(seen, "Wrong labels may be more or less than a fifth of the dev error")


@check(
    "MLS174",
    "Some right answers only look right",
    "tip",
    about="Right answers were checked too, and some are right only by a wrong label. An error that is corrected by "
    "checked wrong rows alone is too low by this.",
    steps=("Quote the corrected error, which counts both kinds of rows.",),
    needs=right_ones_checked,
)
def hidden_mistakes(seen: Seen) -> Iterator[Sighting]:
    """Look for right answers that a wrong label makes right."""
    dev = seen.looks.audits.get("dev")
    if dev is not None and dev.hidden is not None and dev.hidden.value > 0:
        yield Sighting(
            f"Checking wrong rows alone makes the dev error too low by {points(dev.hidden)}.",
            f"{points(dev.hidden)}, {dev.hidden.n:,} right rows checked",
        )


def _fixes(seen: Seen) -> dict[str, int]:
    """Return how many labels were replaced, by split."""
    changes = seen.looks.changes
    return {split: sum(change.split == split for change in changes) for split in ("dev", "test")}


def _counted(fixes: Mapping[str, int]) -> str:
    return "fixed: " + ", ".join(f"{count:,} of {split}" for split, count in fixes.items())


def _seen_fixes(seen: Seen) -> dict[str, int]:
    """Return how many labels were replaced in the splits that may be looked at."""
    return {split: count for split, count in _fixes(seen).items() if split in seen.looks.fixed_right and count}


@need("labels are replaced, in dev or in a test set that is not sealed")
def fixed_in_sight(seen: Seen) -> str:
    """Return that no label was replaced, or only those of a sealed test set."""
    return fixed.missing(seen) or ("" if _seen_fixes(seen) else "only labels of the sealed test set are replaced")


@check(
    "MLS175",
    "Only rows that the model got wrong were fixed",
    "warning",
    about="Labels were replaced, and the present model had got each of these rows wrong by its old label. The same "
    "mistakes among rows that it got right are still there, which makes the error look lower than it is.",
    steps=("Check a sample of the rows it got right too: `mlstrat review sample --audit`; else the error is too low.",),
    needs=fixed_in_sight,
)
def one_sided_fixes(seen: Seen) -> Iterator[Sighting]:
    """Look for fixes that can only make the error lower."""
    fixes = _seen_fixes(seen)
    if not any(seen.looks.fixed_right.values()):
        where = and_between(list(fixes))
        yield Sighting(f"Every fixed label of {where} belongs to a row that this model had got wrong.", _counted(fixes))


@check(
    "MLS176",
    "Dev and test are labelled by different rules",
    "warning",
    about="Labels were replaced on one of dev and test alone. The two are then no longer labelled by the same rule, "
    "and dev-overfit measures that as well.",
    steps=("Check both by the same procedure: a gap between them now includes the difference of their labels.",),
    needs=fixed,
)
def fixes_of_one_split(seen: Seen) -> Iterator[Sighting]:
    """Look for fixes on dev or on test alone."""
    alone = [split for split, count in _fixes(seen).items() if count]
    if len(alone) == 1:
        yield Sighting(f"Labels were fixed in {alone[0]} alone.", _counted(_fixes(seen)))
