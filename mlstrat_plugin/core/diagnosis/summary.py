"""The verdict in a few sentences, each number in the sentence that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.wording import and_between, gap_name, problem_name, rows_sentence, sentence_start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlstrat_plugin.core.wording import Unit
    from mlstrat_plugin.records.diagnosis import GapRecord, Lean
    from mlstrat_plugin.records.sizing import OpenQuestion

CHEAPER = "Work on whichever is cheapest to fix."


def summary(
    diagnosis: str,
    problems: Sequence[str],
    gaps: Mapping[str, GapRecord],
    *,
    tau: float,
    lean: Lean | None,
    question: OpenQuestion | None,
    unit: Unit,
) -> str:
    """Return the verdict with the number that decides it, then what is open and the rows that would settle it.

    Parameters
    ----------
    diagnosis : str
        The verdict: a gap that dominates, or ``ok``, ``tied``, ``unranked``, ``inconclusive``.
    problems : sequence of str
        Gaps above the threshold, largest first.
    gaps : mapping of str to GapRecord
        All gaps, in ladder order.
    tau : float
        The threshold from which a gap matters.
    lean : Lean, optional
        The most likely largest gap; told where the verdict names none.
    question : OpenQuestion, optional
        What the verdict left open.
    unit : Unit
        How numbers are shown.
    """
    if diagnosis in gaps:
        others = [f"{gap_name(name)} ({_change(gaps[name], unit)})" for name in problems if name != diagnosis]
        too = f"{sentence_start(and_between(others))} matter{'' if others[1:] else 's'} too." if others else ""
        return f"{_above(diagnosis, 'dominates', gaps, tau, unit)} {too}".rstrip()
    if diagnosis == "ok":
        largest = max(gaps, key=lambda name: gaps[name].value)
        return (
            f"Ok. No gap is above your threshold of {unit.amount(tau)}; the largest is {gap_name(largest)}, "
            f"{_change(gaps[largest], unit)}."
        )
    known = _known(diagnosis, problems, gaps, tau, unit)
    likeliest = "" if lean is None else _likeliest(lean)
    return " ".join(filter(None, (sentence_start(diagnosis) + ".", known, likeliest, _next(diagnosis, question))))


def _known(diagnosis: str, problems: Sequence[str], gaps: Mapping[str, GapRecord], tau: float, unit: Unit) -> str:
    """Return what is known although no gap could be named the largest."""
    if not problems:
        unclear = [name for name, gap in gaps.items() if gap.status == "unclear"]
        which = "any gap" if len(unclear) == len(gaps) > 1 else " or ".join(gap_name(name) for name in unclear)
        return f"There is not enough data to confirm or rule out {which}."
    if len(problems) == 1:
        return f"{_above(problems[0], 'matters', gaps, tau, unit)} Another gap may be larger."
    names = sentence_start(and_between([gap_name(name) for name in problems]))
    all_matter = f"{names} {'both' if len(problems) == 2 else 'all'} matter"
    return all_matter + ("; the data cannot rank them." if diagnosis == "tied" else ", but another gap may be larger.")


def _above(name: str, verb: str, gaps: Mapping[str, GapRecord], tau: float, unit: Unit) -> str:
    gap = f"{sentence_start(problem_name(name))} {verb}: {_change(gaps[name], unit)}"
    return f"{gap}, above your threshold of {unit.gap(tau)}."


def _likeliest(lean: Lean) -> str:
    return f"{sentence_start(gap_name(lean.problem))} is the likeliest largest ({100 * lean.probability:.0f}%)."


def _next(diagnosis: str, question: OpenQuestion | None) -> str:
    """Return the rows that would settle it; several gaps that no rows can rank leave the choice to their costs."""
    if diagnosis == "tied" and (question is None or not question.rows):
        return CHEAPER
    return rows_sentence(question)


def _change(gap: GapRecord, unit: Unit) -> str:
    return unit.change(gap.value, gap.low, gap.high)
