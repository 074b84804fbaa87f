"""What changed between two runs, in sentences: the error first, then which gaps moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.wording import and_between, gap_name, sentence_start
from mlstrat_plugin.records.words import HUMAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.core.wording import Unit
    from mlstrat_plugin.records.runs import Change


def comparison_sentences(errors: Mapping[str, Change], gaps: Mapping[str, Change], unit: Unit) -> str:
    """Return how far dev error fell or rose, which gaps moved, and which may have.

    Parameters
    ----------
    errors : mapping of str to Change
        By rung; without dev, the last measured error is told.
    gaps : mapping of str to Change
        By name, in ladder order.
    unit : Unit
        How numbers are shown.

    Examples
    --------
    >>> from mlstrat_plugin.core.wording import RATE
    >>> from mlstrat_plugin.records.runs import Change
    >>> fell = Change(value=-0.264, low=-0.297, high=-0.23, status="moved", method="paired")
    >>> comparison_sentences({"dev": fell}, {"variance": fell}, RATE)
    'Dev error fell by 26.4 points [23.0, 29.7]. Only variance moved: it fell by 26.4.'
    """
    measured = [rung for rung in errors if rung != HUMAN]
    rung = "dev" if "dev" in errors else (measured or list(errors))[-1]
    return f"{_error(rung, errors[rung], unit)} {_gaps(gaps, unit)}"


def _error(rung: str, change: Change, unit: Unit) -> str:
    fell = change.value < 0
    bounds = (-change.high, -change.low) if fell else (change.low, change.high)
    name, by = f"{sentence_start(rung)} error", abs(change.value)
    if change.status == "moved":
        return f"{name} {_verb(change)} by {unit.change(by, *bounds)}."
    if change.status == "unchanged":
        return f"{name} did not change: the difference is {unit.change(change.value, change.low, change.high)}."
    return f"{name} is {unit.amount(by)} {'lower' if fell else 'higher'} {unit.interval(*bounds)}, which may be chance."


def _gaps(gaps: Mapping[str, Change], unit: Unit) -> str:
    moved = sorted((n for n, change in gaps.items() if change.status == "moved"), key=lambda n: -abs(gaps[n].value))
    unclear = [gap_name(name) for name, change in gaps.items() if change.status == "unclear"]
    rest = f"{sentence_start(and_between(unclear))} may have moved; the data cannot tell."
    if not moved:
        return f"No gap is shown to have moved. {rest}" if unclear else "No gap moved."
    if len(moved) == 1 and not unclear:
        gap = gaps[moved[0]]
        return f"Only {gap_name(moved[0])} moved: it {_verb(gap)} by {unit.gap(abs(gap.value))}."
    told = []
    for before, name in zip([None, *moved], moved, strict=False):
        verb = "" if before and _verb(gaps[before]) == _verb(gaps[name]) else f" {_verb(gaps[name])}"
        told.append(f"{gap_name(name)}{verb} by {unit.gap(abs(gaps[name].value))}")
    return f"{sentence_start(and_between(told))}.{f' {rest}' if unclear else ''}"


def _verb(change: Change) -> str:
    return "fell" if change.value < 0 else "rose"
