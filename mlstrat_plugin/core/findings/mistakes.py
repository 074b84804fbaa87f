"""Findings about the mistakes that people looked at, and their causes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.findings.amounts import points, rate
from mlstrat_plugin.core.findings.check import Sighting, check, need
from mlstrat_plugin.core.findings.needs import reviews

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlstrat_plugin.core.findings.seen import Seen
    from mlstrat_plugin.records.review import Alike, ErrorAnalysis


@need("the sheet of mistakes has rows")
def sheet(seen: Seen) -> str:
    """Return that no mistake was drawn."""
    analysis = seen.looks.analysis
    if analysis is None:
        return reviews.missing(seen)
    drawn = (seen.looks.wanted, analysis.sampled, analysis.now_right, analysis.gone)
    return "" if any(drawn) else "the sheet of mistakes is empty"


@need("a mistake is reviewed")
def looked_at(seen: Seen) -> str:
    """Return that nobody has looked at a mistake of this model."""
    analysis = seen.looks.analysis
    return sheet.missing(seen) or ("" if analysis and analysis.reviewed else "no mistake of this model is reviewed yet")


@need("a reviewed mistake has a tag")
def tagged(seen: Seen) -> str:
    """Return that no cause was named."""
    analysis = seen.looks.analysis
    return looked_at.missing(seen) or ("" if analysis and analysis.tags else "no reviewed mistake has a tag")


@need("the sheet of mistakes has rows, and a part of dev stays unseen")
def two_parts(seen: Seen) -> str:
    """Return that dev has no two parts to compare."""
    analysis = seen.looks.analysis
    return sheet.missing(seen) or ("" if analysis and analysis.drift is not None else "all rows of dev are in one part")


@check(
    "MLS165",
    "The sheet is from an earlier model",
    "tip",
    about="The sheet holds fewer mistakes of the present model than it should: it was drawn for another model or "
    "another dev set. Only rows up to the first missing one are counted.",
    steps=("Run `mlstrat review sample`: it adds what is missing and keeps every word.",),
    needs=sheet,
)
def outdated_sheet(seen: Seen) -> Iterator[Sighting]:
    """Look for mistakes of this model that the sheet lacks."""
    analysis, wanted = seen.looks.analysis, seen.looks.wanted
    if analysis is not None and wanted > analysis.sampled:
        yield Sighting(
            f"The sheet lacks {wanted - analysis.sampled:,} of the first {wanted:,} mistakes of this model.",
            f"{analysis.now_right:,} rows of the sheet are right by now, {analysis.gone:,} are not in dev",
        )


@check(
    "MLS164",
    "Mistakes were skipped",
    "warning",
    about="Rows without a word stand before rows that were reviewed. If they were skipped because they are hard to "
    "judge, the shares of causes are those of easy rows.",
    steps=("Review the rows in their order, hard ones too; Enter says 'seen, no tag'.",),
    needs=looked_at,
)
def skipped_mistakes(seen: Seen) -> Iterator[Sighting]:
    """Look for rows that somebody passed over."""
    analysis = seen.looks.analysis
    if analysis is not None and analysis.skipped:
        skipped = "1 mistake was" if analysis.skipped == 1 else f"{analysis.skipped:,} mistakes were"
        yield Sighting(
            f"{skipped} skipped, so the shares may not hold for all mistakes.",
            f"{analysis.reviewed:,} of {analysis.sampled:,} reviewed",
        )


@check(
    "MLS161",
    "One cause stands out",
    "tip",
    about="The most frequent tag of the reviewed mistakes is shown to be more frequent than every other one. Its "
    "ceiling is how much dev error falls at most if the cause is fixed.",
    steps=("Work on it first if it can be fixed; the ceiling says what that brings at best.",),
    needs=tagged,
)
def one_cause(seen: Seen) -> Iterator[Sighting]:
    """Look for a tag that no other one rivals."""
    analysis = seen.looks.analysis
    if analysis is not None and _rival(analysis) is None:
        first = analysis.tags[0]
        yield Sighting(f"Fixing {first.tags[0]} lowers dev error by at most {points(first.ceiling)}.", _share(analysis))


@check(
    "MLS162",
    "The data cannot rank the causes",
    "tip",
    about="Two of the most frequent tags cannot be told apart by the mistakes that were reviewed. The number of "
    "further mistakes holds if the shares stay what they look like.",
    steps=("Work on whichever of them is cheaper, or review more mistakes.",),
    needs=tagged,
)
def alike_causes(seen: Seen) -> Iterator[Sighting]:
    """Look for a tag that rivals the most frequent one."""
    analysis = seen.looks.analysis
    rival = None if analysis is None else _rival(analysis)
    if analysis is not None and rival is not None:
        more = "dev has too few mistakes to tell them apart"
        if rival.more_rows:
            more = f"reviewing about {rival.more_rows:,} more would tell them apart"
        yield Sighting(f"The causes {' and '.join(rival.tags)} cannot be told apart; {more}.", _share(analysis))


def _rival(analysis: ErrorAnalysis) -> Alike | None:
    first = analysis.tags[0].tags[0]
    return next((two for two in analysis.alike if first in two.tags), None)


def _share(analysis: ErrorAnalysis) -> str:
    first = analysis.tags[0]
    return f"{first.tags[0]}: {rate(first.share)} of mistakes, {first.share.n:,} reviewed"


@check(
    "MLS163",
    "The part of dev that people look at differs from the rest",
    "warning",
    about="The error on the part of dev that people look at (eyeball) differs from that on the rest (blackbox) by more "
    "than chance. Usually the model, or its settings, were tuned to the reviewed rows.",
    steps=(
        "Take the blackbox error as the dev error: the model was tuned to the part that people look at.",
        "Get fresh dev rows, or split with another mlstrat.split.salt.",
    ),
    needs=two_parts,
)
def drifted_parts(seen: Seen) -> Iterator[Sighting]:
    """Look for a part of dev that the model was tuned to."""
    analysis = seen.looks.analysis
    drift = None if analysis is None else analysis.drift
    if analysis is not None and drift is not None and not drift.low <= 0 <= drift.high:
        yield Sighting(
            f"Dev error in the part that people look at differs by {points(drift)} from the part that nobody sees.",
            f"looked at {rate(analysis.eyeball)}, the rest {rate(analysis.blackbox)}, difference {points(drift)}",
        )
