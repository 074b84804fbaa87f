"""How numbers and verdicts are said in words, the same in terminal, report and MLflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.records import ErrorRecord, GapRecord, Lean, OpenQuestion

PROBLEM_NAMES = {
    "bias": "avoidable bias",
    "variance": "variance",
    "mismatch": "data mismatch",
    "dev-overfit": "overfitting to dev",
}
ENDINGS = {
    "ok": "ok: no gap is as large as the material gap",
    "tied": "tied",
    "unranked": "unranked",
    "inconclusive": "inconclusive",
}


def percent(rate: float) -> str:
    """Return an error rate as a percentage with three significant digits.

    >>> percent(0.0712), percent(0.0)
    ('7.12 %', '0 %')
    """
    return f"{100 * rate:.3g} %"


def points(gap: float) -> str:
    """Return a gap in percentage points with one decimal, two below one point.

    >>> points(0.123), points(0.0042)
    ('12.3', '0.42')
    """
    value = 100 * gap
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"


def interval(low: float, high: float) -> str:
    """Return the two bounds of a gap, in points.

    >>> interval(-0.01, 0.123)
    '[-1.0, 12.3]'
    """
    return f"[{points(low)}, {points(high)}]"


def problem_name(gap: str) -> str:
    """Return the name of a gap for people; a merged gap names its parts.

    >>> problem_name("variance+mismatch")
    'variance or data mismatch (not separable)'
    """
    parts = [PROBLEM_NAMES.get(part, part) for part in gap.split("+")]
    return parts[0] if len(parts) == 1 else " or ".join(parts) + " (not separable)"


def counted(error: ErrorRecord) -> str:
    """Return what stands behind an error: ``175 of 2,500``, or that it was declared."""
    if error.n is None or error.wrong is None:
        return "declared, not measured"
    return f"{error.wrong:,} of {error.n:,}"


def gap_sentence(name: str, gap: GapRecord) -> str:
    """Return one gap with its interval: ``variance = train-dev - train = 3.0 points [2.1, 4.1]``."""
    return f"{name} = {gap.between[1]} - {gap.between[0]} = {points(gap.value)} points {interval(gap.low, gap.high)}"


def rows_sentence(question: OpenQuestion | None) -> str:
    """Return how many rows would settle the open question."""
    if question is None:
        return ""
    if not question.rows:
        return f"{question.question} Too close for more rows to settle; the bottleneck is {question.bottleneck}."
    rows = " and ".join(f"{count:,} {rung} rows" for rung, count in question.rows.items())
    return f"{question.question} You need about {rows} (bottleneck: {question.bottleneck})."


def summary(
    diagnosis: str,
    problems: tuple[str, ...],
    gaps: Mapping[str, GapRecord],
    lean: Lean | None,
    question: OpenQuestion | None,
) -> str:
    """Return the verdict and the number that decides it in one sentence."""
    if diagnosis in gaps:
        others = [name for name in problems if name != diagnosis]
        also = f"; also material: {', '.join(others)}" if others else ""
        return f"{problem_name(diagnosis)} dominates: {gap_sentence(diagnosis, gaps[diagnosis])}{also}"
    if diagnosis == "ok":
        largest = max(gaps, key=lambda name: gaps[name].value)
        return f"{ENDINGS['ok']}; the largest is {gap_sentence(largest, gaps[largest])}"
    leaning = f"; leaning to {lean.problem} ({100 * lean.probability:.0f} %)" if lean else ""
    material = f": {' and '.join(problems)} are material, their order is open" if len(problems) > 1 else ""
    if len(problems) == 1:
        material = f": {gap_sentence(problems[0], gaps[problems[0]])} is material, but another may be larger"
    return f"{ENDINGS[diagnosis]}{material}{leaning}. {rows_sentence(question)}".rstrip()
