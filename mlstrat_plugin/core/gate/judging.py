"""One condition judged by the bounds of what was measured for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, log
from typing import TYPE_CHECKING

from mlstrat_plugin.records.gate import HIDDEN, Answer, ConditionResult

if TYPE_CHECKING:
    from mlstrat_plugin.core.estimates.estimate import Quantity
    from mlstrat_plugin.params.conditions import Condition


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured for a condition.

    Parameters
    ----------
    amount : Quantity, optional
        The value with its bounds; None if there is none.
    n : int, optional
        Rows behind it.
    method : str
        How the bounds are made.
    code, note : str
        Why nothing could be measured; a note alone is what else the reader has to know.
    """

    amount: Quantity | None
    n: int | None = None
    method: str = "none"
    code: str = ""
    note: str = ""


def judge(condition: Condition, found: Measured, z: float) -> ConditionResult:
    """Judge a condition by one-sided bounds: it passes only if the upper bound keeps the limit.

    Parameters
    ----------
    condition : Condition
        What is asked, and its limit.
    found : Measured
        What was measured; None, like a bound that is NaN or infinite, is unclear.
    z : float
        Normal quantile of the bounds.
    """
    unknown = ConditionResult(
        condition=condition.name,
        title=condition.title,
        kind=condition.kind,
        limit=condition.limit,
        value=None,
        low=None,
        high=None,
        n=found.n,
        method=found.method,
        answer="unclear",
        code=found.code or "not_measured",
        note=found.note or "there is no finite value with finite bounds",
    )
    if found.amount is None:
        return unknown
    value, (low, high) = found.amount.value, found.amount.bounds(z)
    if not all(map(isfinite, (value, low, high))):
        return unknown
    answer: Answer = "pass" if high <= condition.limit else "fail" if low > condition.limit else "unclear"
    return replace(
        unknown,
        value=value,
        low=low,
        high=high,
        answer=answer,
        code="" if answer == "pass" else "above_limit" if answer == "fail" else "bounds_open",
        note=found.note,
    )


def sealed_condition(result: ConditionResult) -> ConditionResult:
    """Return a result without what it says about a test set that stays sealed."""
    return replace(result, value=None, low=None, high=None, answer="unclear", code=HIDDEN, note=HIDDEN)


def fewest_rows(quantile: float, alpha: float) -> int:
    """Return the rows below which no sample can show that a quantile keeps its limit.

    >>> fewest_rows(0.95, 0.05)
    59
    """
    rows = int(log(alpha) / log(quantile))
    return rows if quantile**rows <= alpha else rows + 1


def upper_rank(quantile: float, n: int, alpha: float) -> int:
    """Return the rank, from 1 for the smallest of n values, whose value bounds the quantile from above.

    Notes
    -----
    The smallest r with P(Bin(n, quantile) <= r - 1) >= 1 - alpha; beyond n there is none. Source: David & Nagaraja,
    Order Statistics, 3rd ed. (2003), section 7.1.

    Examples
    --------
    >>> upper_rank(0.95, 1000, 0.05)
    962
    """
    from scipy.stats import binom

    return int(binom.ppf(1 - alpha, n, quantile)) + 1
