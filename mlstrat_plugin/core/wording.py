"""How numbers and verdicts are said in words, the same in terminal, report and MLflow."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlstrat_plugin.records.metrics import Scale, metric_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlstrat_plugin.records.diagnosis import Diagnosis, ErrorRecord, GapRecord
    from mlstrat_plugin.records.sizing import OpenQuestion

PROBLEM_NAMES = {
    "bias": "avoidable bias",
    "variance": "variance",
    "mismatch": "data mismatch",
    "dev-overfit": "overfitting to dev",
}
# How a saved status is said: a gap's, and a change's.
STATUS_WORDS = {
    "material": "matters",
    "ruled-out": "ruled out",
    "unclear": "open",
    "negative": "negative",
    "moved": "moved",
    "unchanged": "unchanged",
}


@dataclass(frozen=True)
class Unit:
    """How an error is shown: a rate as a percentage and its gaps in points, any other mean in its own unit.

    Parameters
    ----------
    factor : float
        What a number is multiplied by before it is shown.
    sign : str
        What follows an error.
    gap_sign : str
        What follows a gap.

    Examples
    --------
    >>> RATE.error(0.0712), RATE.gap(0.123), RATE.gap(0.0042), RATE.interval(-0.01, 0.123), RATE.word
    ('7.12%', '12.3', '0.42', '[-1.0, 12.3]', 'points')
    >>> LOSS.error(0.0712), LOSS.gap(1.234), LOSS.amount(0.1), LOSS.error(123_456.7), LOSS.word
    ('0.0712', '1.23', '0.1', '123,457', 'amount')
    """

    factor: float
    sign: str
    gap_sign: str

    @property
    def word(self) -> str:
        """Return what heads a column of gaps: their unit, or ``amount`` if they have none."""
        return self.gap_sign.strip() or "amount"

    @property
    def is_rate(self) -> bool:
        """Return whether errors are percentages."""
        return self.factor != 1

    def error(self, value: float) -> str:
        """Return an error with three significant digits, for a sentence."""
        return _three_digits(self.factor * value) + self.sign

    def error_cell(self, value: float) -> str:
        """Return an error for a table: a percentage has one or two decimals, so that a column is in line.

        >>> RATE.error(0.01), RATE.error_cell(0.01), RATE.error_cell(0.1812)
        ('1%', '1.00%', '18.1%')
        """
        return self._in_line(value) + self.sign

    def error_bounds(self, low: float, high: float) -> str:
        """Return the two bounds of an error without their unit, for a table.

        >>> RATE.error_bounds(0.0435, 0.206)
        '4.35 to 20.6'
        """
        return f"{self._in_line(low)} to {self._in_line(high)}"

    def gap(self, value: float) -> str:
        """Return a gap without its unit: points with one decimal, two below one point; else three digits."""
        shown = self.factor * value
        if not self.is_rate:
            return _three_digits(shown)
        return f"{shown:,.1f}" if abs(shown) >= 0.995 else f"{round(shown, 2) or 0.0:.2f}"

    def gap_bounds(self, low: float, high: float) -> str:
        """Return the two bounds of a gap, for a table.

        >>> RATE.gap_bounds(-0.0061, 0.013)
        '-0.61 to 1.3'
        """
        return f"{self.gap(low)} to {self.gap(high)}"

    def amount(self, value: float) -> str:
        """Return a gap with its unit."""
        return self.gap(value) + self.gap_sign

    def interval(self, low: float, high: float) -> str:
        """Return the two bounds of a gap, for a sentence."""
        return f"[{self.gap(low)}, {self.gap(high)}]"

    def change(self, value: float, low: float, high: float) -> str:
        """Return a gap with its unit and its bounds, for a sentence.

        >>> RATE.change(0.091, 0.049, 0.137)
        '9.1 points [4.9, 13.7]'
        """
        return f"{self.amount(value)} {self.interval(low, high)}"

    def _in_line(self, value: float) -> str:
        shown = self.factor * value
        if not self.is_rate or 0 < abs(shown) < 0.1:
            return _three_digits(shown)
        return f"{shown:.1f}" if abs(shown) >= 10 else f"{shown:.2f}"


def _three_digits(number: float) -> str:
    """Return a number with three significant digits, whole from a thousand on.

    >>> _three_digits(0.04321), _three_digits(999.7), _three_digits(-12_345.6)
    ('0.0432', '1,000', '-12,346')
    """
    return f"{number:,.0f}" if abs(number) >= 999.5 else f"{number:.3g}"


RATE = Unit(100, "%", " points")
LOSS = Unit(1, "", "")


def unit_of(metric: str, unit: str = "") -> Unit:
    """Return how errors of a metric are shown; ``unit`` is that of the labels, for a metric that is in it.

    >>> unit_of("mean_loss").amount(1.5), unit_of("f1").amount(0.015)
    ('1.5', '1.5 points')
    >>> unit_of("mean_absolute_error", "minutes").error(1.5)
    '1.5 minutes'
    """
    scale = metric_named(metric).scale
    if scale is Scale.RATE:
        return RATE
    word = f" {unit}" if scale is Scale.LABEL and unit else ""
    return replace(LOSS, sign=word, gap_sign=word)


def percent(rate: float) -> str:
    """Return a setting or a share as a percentage with three significant digits at most.

    >>> percent(0.0712), percent(0.95), percent(0.0)
    ('7.12%', '95%', '0%')
    """
    return f"{100 * rate:.3g}%"


def problem_name(gap: str) -> str:
    """Return the name of a gap for people; a merged gap names its parts.

    >>> problem_name("variance+mismatch")
    'variance or data mismatch (not separable)'
    """
    parts = [PROBLEM_NAMES.get(part, part) for part in gap.split("+")]
    return parts[0] if len(parts) == 1 else " or ".join(parts) + " (not separable)"


def gap_name(gap: str) -> str:
    """Return the short name of a gap within a sentence.

    >>> gap_name("variance+mismatch"), gap_name("dev-overfit")
    ('variance or mismatch', 'overfitting to dev')
    """
    return " or ".join("overfitting to dev" if part == "dev-overfit" else part for part in gap.split("+"))


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
    """Return the rows behind an error: ``175 errors in 2,500 rows``, the rows alone, or that it was declared.

    An error of all rows that it is about is exact: ``230 errors in all 2,536 rows``.
    """
    if error.n is None:
        return "declared, not measured"
    if error.is_exact:
        return ("" if error.wrong is None else f"{error.wrong:,} errors in ") + f"all {error.n:,} rows"
    groups = f", {error.groups:,.0f} effective groups" if error.groups is not None else ""
    return ("" if error.wrong is None else f"{error.wrong:,} errors in ") + f"{error.n:,} rows{groups}"


def gap_sentence(name: str, gap: GapRecord, unit: Unit = RATE) -> str:
    """Return one gap with its interval: ``variance = train-dev - train = 3.0 points [2.1, 4.1]``."""
    between = f"{gap.between[1]} - {gap.between[0]}"
    return f"{name} = {between} = {unit.change(gap.value, gap.low, gap.high)}"


def rows_sentence(question: OpenQuestion | None) -> str:
    """Return the open question and how many rows would settle it; nothing if no question is open."""
    if question is None:
        return ""
    asked = sentence_start(question.question)
    if not question.rows:
        return f"{asked} It is too close for more rows to tell (bottleneck: {question.bottleneck})."
    rows = and_between([f"{count:,} {rung} rows" for rung, count in question.rows.items()])
    return f"{asked} You need about {rows} to tell (bottleneck: {question.bottleneck})."


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
