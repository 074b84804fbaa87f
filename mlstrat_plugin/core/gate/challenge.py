"""The challenger against the champion: better by the upper bound of the difference, or not proven so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, isfinite
from statistics import NormalDist
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.power import paired_rows
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.gate import HIDDEN, Answer, Challenge, Problem

if TYPE_CHECKING:
    from mlstrat_plugin.core.estimates.estimate import Quantity
    from mlstrat_plugin.core.estimates.paired import PairedTally
    from mlstrat_plugin.params.gate import Optimize

POWER = 0.8
LARGEST_Z, Z_STEP = 8.0, 1e-6  # p = 6e-16: smaller ones say no more


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Error of the challenger minus error of the champion.

    Parameters
    ----------
    amount : Quantity
        The difference with its bounds.
    margin : Quantity, optional
        The same with bounds that hold on their far side from zero, for a margin; ``amount`` where there is none.
    n : int
        Rows behind it.
    paired : PairedTally, optional
        The rows that one of the two answered wrongly, if both answered the same rows.
    weighted : bool
        The amount counts rows by their weight.
    note : str
        What the reader has to know.
    """

    amount: Quantity
    n: int
    margin: Quantity | None = None
    paired: PairedTally | None = None
    weighted: bool = False
    note: str = ""

    def judged(self, goal: str) -> Quantity:
        """Return the difference whose bounds hold where the goal reads them."""
        return self.margin if goal == "non-inferior" and self.margin is not None else self.amount


def _method(amount: Quantity) -> str:
    """Return how bounds are made."""
    return " - ".join(sorted({str(one.method) for one in amount.terms}))


def challenge_of(difference: Difference, optimize: Optimize, z: float) -> Challenge:
    """Judge challenger minus champion: superior below -margin, non-inferior below +margin, by the upper bound.

    Parameters
    ----------
    difference : Difference
        What was measured; bounds that are NaN or infinite are unclear.
    optimize : Optimize
        Split, goal and margin.
    z : float
        Normal quantile of the bounds.
    """
    amount = difference.judged(optimize.goal)
    paired, (low, high) = difference.paired, amount.bounds(z)
    p_value, p_method = _p_value(difference)
    unknown = replace(
        not_compared(optimize, Problem(code="not_measured", message="there is no finite bound")),
        n=difference.n,
        fixed=paired.fixed if paired else None,
        broken=paired.broken if paired else None,
        p_value=p_value,
        p_method=p_method,
        method=_method(amount),
    )
    if not (isfinite(low) and isfinite(high)):
        return unknown
    answer: Answer = "pass" if high < unknown.limit else "fail" if low > unknown.limit else "unclear"
    return replace(
        unknown,
        change=difference.amount.value,
        low=low,
        high=high,
        rows_needed=_rows_needed(difference, unknown.limit, z) if answer == "unclear" else None,
        answer=answer,
        code="" if answer == "pass" else "not_better" if answer == "fail" else "bounds_open",
        note=difference.note,
    )


def _p_value(difference: Difference) -> tuple[float, str]:
    """Return how surprising so good a challenger is if both were equal: McNemar's, or the tail of the bounds at 0."""
    paired, change = difference.paired, difference.amount
    if paired is not None and paired.groups is None and not difference.weighted:
        return paired.mid_p(), "mcnemar mid-p, one-sided"  # rows are independent and count alike
    low, high = 0.0, LARGEST_Z
    while high - low > Z_STEP:
        middle = (low + high) / 2
        low, high = (middle, high) if change.bounds(middle)[1] < 0 else (low, middle)
    return (NormalDist().cdf(-low) if change.value < 0 else 0.5), f"one-sided, {_method(change)}"


def _rows_needed(difference: Difference, limit: float, z: float) -> int | None:
    """Return the rows that would decide if the change is what it seems to be; None if more would not help."""
    paired, gain = difference.paired, limit - difference.amount.value
    if paired is None or gain <= 0:
        return None
    discordant = max((paired.fixed + paired.broken + 2) / (paired.n + 2), gain)
    try:
        rows = paired_rows(gain, discordant, power=POWER, tail=NormalDist().cdf(-z))
    except EstimateError:
        return None
    return ceil(rows * _design_effect(difference.amount, paired))


def _design_effect(amount: Quantity, paired: PairedTally) -> float:
    """Return how many times the rows of independent, equal pairs are needed, because of groups or weights."""
    plain = replace(paired, groups=None).estimate().variance
    return max(1.0, sum(one.variance * c**2 for one, c in amount.terms.items()) / plain)


def not_compared(optimize: Optimize, why: Problem) -> Challenge:
    """Return a comparison that could not be made: it is unclear, which never promotes."""
    return Challenge(
        split=optimize.split,
        goal=optimize.goal,
        margin=optimize.margin,
        change=None,
        low=None,
        high=None,
        n=None,
        fixed=None,
        broken=None,
        p_value=None,
        p_method="none",
        rows_needed=None,
        method="none",
        answer="unclear",
        code=why.code,
        note=why.message,
    )


def sealed_challenge(challenge: Challenge) -> Challenge:
    """Return a comparison without what it says about a test set that stays sealed."""
    empty: dict[str, None] = dict.fromkeys(("change", "low", "high", "fixed", "broken", "p_value", "rows_needed"))
    return replace(challenge, **empty, answer="unclear", code=HIDDEN, note=HIDDEN)  # type: ignore[arg-type]
