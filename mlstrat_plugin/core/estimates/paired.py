"""Two models on the same rows: what changed, with the interval that pairing makes narrow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import exp, fsum, lgamma, log, sqrt
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.estimate import Estimate
from mlstrat_plugin.core.estimates.intervals import t_value, wilson
from mlstrat_plugin.core.estimates.methods import Method
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlstrat_plugin.core.estimates.estimate import Quantity

BONETT_PRICE = Method("bonett-price", paired=True)
MOVER_PAIR = Method("mover of discordant shares", paired=True)
WEIGHTED_PAIRS = Method("weighted pairs", paired=True)
ONE_GROUP = Method("one group", paired=True)


@dataclass(frozen=True, kw_only=True)
class PairedChange:
    """How much an error changed between two models on the rows that both answered.

    ``pairs`` are the rows that one of the two answered wrongly; None for losses, which are neither right nor wrong.
    ``margin`` is the same change where a bound is read on its far side from zero, as a margin of the gate is; without
    one ``amount`` serves.
    """

    amount: Quantity
    pairs: PairedTally | None
    n: int
    margin: Quantity | None = None


@dataclass(frozen=True, kw_only=True)
class PairedTally:
    """How two models answered the same rows.

    Parameters
    ----------
    broken : int
        Rows that the first model answered rightly and the second wrongly.
    fixed : int
        Rows that the first model answered wrongly and the second rightly.
    n : int
        Rows that both answered.
    groups : int, optional
        Groups of rows that are not independent; then the next three are needed.
    dd, dn, nn : int
        Sums over groups of d², d·n and n², with d = broken - fixed and n the rows of a group.

    Raises
    ------
    EstimateError
        A count is negative, or broken and fixed exceed n.

    Notes
    -----
    The change of error is (broken - fixed) / n; below zero the second model is better. Independent rows: the adjusted
    Wald interval of Bonett & Price, Journal of Educational and Behavioral Statistics 37 (2012), 479-488,
    doi:10.3102/1076998611411915. Groups: the linearized variance over groups, with one pseudo-row of each kind, and
    Student's quantile with G_eff - 1 degrees of freedom. On its far side from zero that interval is too short: see
    ``margin``.

    Examples
    --------
    >>> change = PairedTally(broken=1, fixed=7, n=21).estimate()
    >>> round(change.value, 4), [round(bound, 4) for bound in change.interval(0.95)]
    (-0.2857, [-0.5084, -0.0134])
    """

    broken: int
    fixed: int
    n: int
    groups: int | None = None
    dd: int = 0
    dn: int = 0
    nn: int = 0

    def __post_init__(self) -> None:
        if min(self.broken, self.fixed, self.n) < 0 or self.broken + self.fixed > self.n:
            raise EstimateError(f"{self.broken} broken and {self.fixed} fixed rows do not fit into {self.n}")

    def __add__(self, other: PairedTally) -> PairedTally:
        if (self.groups is None) != (other.groups is None):
            raise EstimateError("tallies of rows and of groups do not add up")
        return PairedTally(
            broken=self.broken + other.broken,
            fixed=self.fixed + other.fixed,
            n=self.n + other.n,
            groups=None if self.groups is None or other.groups is None else self.groups + other.groups,
            dd=self.dd + other.dd,
            dn=self.dn + other.dn,
            nn=self.nn + other.nn,
        )

    def change(self) -> PairedChange:
        """Return the change of error with the counts behind it."""
        return PairedChange(amount=self.estimate(), pairs=self, n=self.n, margin=self.margin())

    def mid_p(self) -> float:
        """Return McNemar's one-sided mid-p: how surprising so few broken rows are if the two models were equal.

        Notes
        -----
        The probability of fewer broken rows among the discordant ones plus half that of as many, each row being broken
        or fixed with equal chance; without discordant rows 0.5. For groups it takes rows as independent.
        Source: Fagerland, Lydersen & Laake, BMC Medical Research Methodology 13 (2013), 91,
        doi:10.1186/1471-2288-13-91.

        Examples
        --------
        >>> round(PairedTally(broken=1, fixed=7, n=21).mid_p(), 5)
        0.01953
        """
        discordant = self.broken + self.fixed
        fewer = _binomial_below(self.broken, discordant)
        return min(1.0, (fewer + _binomial_below(self.broken + 1, discordant)) / 2)

    def margin(self) -> Estimate:
        """Return the change of error with bounds that hold on their far side from zero: MOVER of the two shares.

        A challenger that is worse by exactly the margin passes a bound of Bonett and Price in 0.5 to 1.5 % of cases
        instead of 0.25 %, and this one in 0.03 to 0.19 %; it shows a fall as often.

        Raises
        ------
        EstimateError
            No row was answered by both.

        Notes
        -----
        The broken and the fixed share have Wilson bounds and a known correlation. Groups: their counts are divided by
        the design effect of the change, with two pseudo-groups of mean size, a quarter broken and a quarter fixed.
        Source: Newcombe, Statistics in Medicine 17 (1998), 2635-2650 (paired differences); Zou & Donner, Statistics in
        Medicine 27 (2008), 1693-1702, doi:10.1002/sim.3095.

        Examples
        --------
        >>> [round(bound, 5) for bound in PairedTally(broken=25, fixed=0, n=2500).margin().bounds(2.807034)]
        [0.00472, 0.01733]
        """
        change = self._change()
        if self.groups is None:
            bounds = partial(_discordant_bounds, self.broken, self.fixed, self.n)
            return Estimate(change, bounds, float(self.n), MOVER_PAIR, is_rate=False)
        effect = self._design_effect(self.groups)
        counts = (self.broken / effect, self.fixed / effect, self.n / effect)
        return _by_groups(
            change,
            partial(_discordant_bounds, *counts),
            self.n,
            self.groups,
            self.n**2 / self.nn,
            replace(MOVER_PAIR, grouped=True),
        )

    def _design_effect(self, groups: int) -> float:
        """Return how many times wider groups make the variance of the change, 1 or more."""
        if not self.broken + self.fixed:
            return max(1.0, self.nn / self.n)
        size, more = self.n / groups, groups + 2
        n, discordant = self.n + 2 * size, self.broken + self.fixed + size / 2
        change = (self.broken - self.fixed) / n
        squares = self.dd + 2 * (size / 4) ** 2 - 2 * change * self.dn + change**2 * (self.nn + 2 * size**2)
        return max(1.0, more / (more - 1) * squares / n / (discordant / n - change**2))

    def _change(self) -> float:
        if self.n == 0:
            raise EstimateError("the two runs have no row in common")
        return (self.broken - self.fixed) / self.n

    def estimate(self) -> Estimate:
        """Return the change of error with its bounds.

        Raises
        ------
        EstimateError
            No row was answered by both.
        """
        change = self._change()
        worse, better = (self.broken + 1) / (self.n + 2), (self.fixed + 1) / (self.n + 2)
        centre = worse - better
        error = sqrt((worse + better - centre**2) / (self.n + 2))
        if self.groups is None:
            return Estimate(change, _around(centre, error, change), float(self.n), BONETT_PRICE, is_rate=False)
        squares = max(self.dd - 2 * change * self.dn + change**2 * self.nn, 0.0)
        spread = sqrt(squares * _bessel(self.groups)) / self.n
        # never below what independent rows would give: a group effect can only be seen where there are changes
        wide = _around(centre, max(error, spread), change)
        return _by_groups(change, wide, self.n, self.groups, self.n**2 / self.nn, replace(BONETT_PRICE, grouped=True))


@dataclass(frozen=True, kw_only=True)
class WeightedPairs:
    """How two models answered the same rows, where a row's error counts by its weight.

    Parameters
    ----------
    weight, change : float
        Sums over rows of the weight w, and of w·d with d = 1 for a broken row, -1 for a fixed one, else 0.
    discordant, signed, squares : float
        Sums over rows of w²·|d|, of w²·d and of w²; over groups of (w·d)² summed, of (w·d)·w and of w² summed.
    row_squares : float
        Sum over rows of w².
    n : int
        Rows that both answered.
    groups : int, optional
        Groups of rows that are not independent.

    Notes
    -----
    The change is Σwd / Σw; its variance is that of a ratio, with one pseudo-row broken and one fixed, as Bonett and
    Price have them for rows of one weight. They are spread over the weights as the rows are: each adds Σw²/n to the
    squares and Σw/n to the weight. Source: Cochran, Sampling Techniques, 3rd ed. (1977), section 6.3.

    Examples
    --------
    >>> plain = WeightedPairs(weight=21, change=-6, discordant=8, signed=-6, squares=21, row_squares=21, n=21)
    >>> [round(bound, 4) for bound in plain.estimate().interval(0.95)]
    [-0.5084, -0.0134]
    """

    weight: float
    change: float
    discordant: float
    signed: float
    squares: float
    row_squares: float
    n: int
    groups: int | None = None

    def estimate(self) -> Estimate:
        """Return the change of error with its bounds.

        Raises
        ------
        EstimateError
            No row has a weight above 0.
        """
        if not self.weight > 0:
            raise EstimateError("the two runs have no weighted row in common")
        added = 2 * self.row_squares / self.n
        weight = self.weight + 2 * self.weight / self.n
        point, centre = self.change / self.weight, self.change / weight
        spread = self.discordant + added - 2 * centre * self.signed + centre**2 * (self.squares + added)
        if self.groups is None:
            error = sqrt(max(spread, 0.0)) / weight
            return Estimate(point, _around(centre, error, point), float(self.n), WEIGHTED_PAIRS, is_rate=False)
        around = _around(centre, sqrt(max(spread, 0.0) * _bessel(self.groups)) / weight, point)
        effective = self.weight**2 / self.squares
        return _by_groups(point, around, self.n, self.groups, effective, replace(WEIGHTED_PAIRS, grouped=True))


def _bessel(groups: int) -> float:
    return groups / (groups - 1) if groups > 1 else 1.0


def _by_groups(
    point: float,
    around: Callable[[float], tuple[float, float]],
    n: int,
    groups: int,
    effective: float,
    method: Method,
) -> Estimate:
    """Return an estimate with Student's quantile of the effective groups; one group says nothing."""
    if groups < 2 or effective <= 1 + 1e-9:
        return Estimate(point, lambda _z: (-1.0, 1.0), 1.0, ONE_GROUP, groups=effective, is_rate=False)
    return Estimate(
        point, lambda z: around(t_value(z, effective - 1)), float(n), method, groups=effective, is_rate=False
    )


def _around(centre: float, error: float, point: float) -> Callable[[float], tuple[float, float]]:
    """Return bounds at a distance of z standard errors, in -1..1, which hold the point estimate."""
    return lambda z: (max(-1.0, min(centre - z * error, point)), min(1.0, max(centre + z * error, point)))


def _discordant_bounds(broken: float, fixed: float, n: float, z: float) -> tuple[float, float]:
    """Return MOVER's bounds of the difference of two shares of the same rows, no row being in both."""
    p, q = broken / n, fixed / n
    (p_low, p_high), (q_low, q_high) = wilson(p, n, z), wilson(q, n, z)
    both = (1 - p) * (1 - q)
    correlation = -sqrt(p * q / both) if both > 0 else 0.0

    def reach(one: float, other: float) -> float:
        return sqrt(max(one**2 + other**2 - 2 * correlation * one * other, 0.0))

    return max(-1.0, p - q - reach(p - p_low, q_high - q)), min(1.0, p - q + reach(p_high - p, q - q_low))


def _binomial_below(k: int, n: int) -> float:
    """Return the probability of fewer than k heads in n throws, summed in logarithms so that any n works."""
    throw = n * log(2)
    return fsum(exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) - throw) for i in range(k))
