"""How numbers and verdicts are said in words, the same in terminal, report and MLflow."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlstrat_plugin.records.metrics import Scale, metric_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlstrat_plugin.records.diagnosis import Diagnosis, ErrorRecord, GapRecord, Lean
    from mlstrat_plugin.records.sizing import OpenQuestion

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


@dataclass(frozen=True)
class Unit:
    """How an error is shown: a rate as a percentage and its gaps in points, a mean loss as it is.

    Parameters
    ----------
    factor : float
        What a number is multiplied with before it is shown.
    sign : str
        What stands behind an error.
    gap_sign : str
        What stands behind a gap.

    Examples
    --------
    >>> RATE.error(0.0712), RATE.gap(0.123), RATE.gap(0.0042), RATE.interval(-0.01, 0.123)
    ('7.12 %', '12.3', '0.42', '[-1.0, 12.3]')
    >>> LOSS.error(0.0712), LOSS.gap(1.234), LOSS.amount(0.1)
    ('0.0712', '1.23', '0.1')
    """

    factor: float
    sign: str
    gap_sign: str

    def error(self, value: float) -> str:
        """Return an error with three significant digits."""
        return f"{self.factor * value:.3g}{self.sign}"

    def gap(self, value: float) -> str:
        """Return a gap without its sign: points with one decimal, two below one point; a loss with three digits."""
        shown = self.factor * value
        if self.factor == 1:
            return f"{shown:.3g}"
        return f"{shown:.1f}" if abs(shown) >= 1 else f"{shown:.2f}"

    def amount(self, value: float) -> str:
        """Return a gap with its sign."""
        return self.gap(value) + self.gap_sign

    def interval(self, low: float, high: float) -> str:
        """Return the two bounds of a gap."""
        return f"[{self.gap(low)}, {self.gap(high)}]"


RATE = Unit(100, " %", " points")
LOSS = Unit(1, "", "")


def unit_of(metric: str, unit: str = "") -> Unit:
    """Return how errors of a metric are shown; ``unit`` is that of the labels, for a metric that is in it.

    >>> unit_of("mean_loss").amount(1.5), unit_of("f1").amount(0.015)
    ('1.5', '1.5 points')
    """
    scale = metric_named(metric).scale
    if scale is Scale.RATE:
        return RATE
    word = f" {unit}" if scale is Scale.LABEL and unit else ""
    return replace(LOSS, sign=word, gap_sign=word)


def percent(rate: float) -> str:
    """Return a rate as a percentage with three significant digits.

    >>> percent(0.0712), percent(0.0)
    ('7.12 %', '0 %')
    """
    return RATE.error(rate)


def problem_name(gap: str) -> str:
    """Return the name of a gap for people; a merged gap names its parts.

    >>> problem_name("variance+mismatch")
    'variance or data mismatch (not separable)'
    """
    parts = [PROBLEM_NAMES.get(part, part) for part in gap.split("+")]
    return parts[0] if len(parts) == 1 else " or ".join(parts) + " (not separable)"


def sentence_start(text: str) -> str:
    """Return a text with its first letter as a capital.

    >>> sentence_start("train-dev error")
    'Train-dev error'
    """
    return text[:1].upper() + text[1:]


def and_between(words: Sequence[str]) -> str:
    """Return words as a list for people.

    >>> and_between(["train", "dev", "test"]), and_between(["dev"])
    ('train, dev and test', 'dev')
    """
    return " and ".join([*([", ".join(words[:-1])] if words[1:] else []), *words[-1:]])


def counted(error: ErrorRecord) -> str:
    """Return what stands behind an error: ``175 of 2,500``, the rows alone, or that it was declared."""
    if error.n is None:
        return "declared, not measured"
    groups = f" in {error.groups:,.0f} effective groups" if error.groups is not None else ""
    return (f"{error.n:,} rows" if error.wrong is None else f"{error.wrong:,} of {error.n:,}") + groups


def gap_sentence(name: str, gap: GapRecord, unit: Unit = RATE) -> str:
    """Return one gap with its interval: ``variance = train-dev - train = 3.0 points [2.1, 4.1]``."""
    between = f"{gap.between[1]} - {gap.between[0]}"
    return f"{name} = {between} = {unit.amount(gap.value)} {unit.interval(gap.low, gap.high)}"


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
    unit: Unit = RATE,
) -> str:
    """Return the verdict and the number that decides it in one sentence."""
    if diagnosis in gaps:
        others = [name for name in problems if name != diagnosis]
        also = f"; also material: {', '.join(others)}" if others else ""
        return f"{problem_name(diagnosis)} dominates: {gap_sentence(diagnosis, gaps[diagnosis], unit)}{also}"
    if diagnosis == "ok":
        largest = max(gaps, key=lambda name: gaps[name].value)
        return f"{ENDINGS['ok']}; the largest is {gap_sentence(largest, gaps[largest], unit)}"
    leaning = f"; leaning to {lean.problem} ({100 * lean.probability:.0f} %)" if lean else ""
    material = f": {' and '.join(problems)} are material, their order is open" if len(problems) > 1 else ""
    if len(problems) == 1:
        material = f": {gap_sentence(problems[0], gaps[problems[0]], unit)} is material, but another may be larger"
    return f"{ENDINGS[diagnosis]}{material}{leaning}. {rows_sentence(question)}".rstrip()


def checks_line(record: Diagnosis) -> str:
    """Return how many findings there are, and what came of looking for the others.

    ``3 problems, 1 warning, 2 tips, 9 passed, 2 not applicable``, and how many are ignored, if any are. A record of an
    older version, without checks, has its findings alone.
    """
    found = Counter(finding.severity for finding in record.findings)
    outcomes = Counter(check.outcome for check in record.checks)
    said = [f"{found['problem']} problem", f"{found['warning']} warning", f"{found['tip']} tip"]
    said = [count if count.startswith("1 ") else f"{count}s" for count in said]
    if record.checks:
        said += [f"{outcomes['passed']} passed", f"{outcomes['not-applicable']} not applicable"]
    return ", ".join(said + ([f"{outcomes['ignored']} ignored"] if outcomes["ignored"] else []))
