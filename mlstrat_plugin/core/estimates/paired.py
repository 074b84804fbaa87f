"""Two models on the same rows: what changed, with the interval that pairing makes narrow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, fsum, lgamma, log, sqrt
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.estimate import Estimate
from mlstrat_plugin.core.estimates.intervals import t_value
from mlstrat_plugin.core.estimates.methods import Method
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlstrat_plugin.core.estimates.estimate import Quantity

BONETT_PRICE = Method("bonett-price", paired=True)
WEIGHTED_PAIRS = Method("weighted pairs", paired=True)
ONE_GROUP = Method("one group", paired=True)


@dataclass(frozen=True, kw_only=True)
class PairedChange:
    """How much an error changed between two models on the rows that both answered.

    ``pairs`` are the rows that one of the two answered wrongly; None for losses, which are neither right nor wrong.
    """

    amount: Quantity
    pairs: PairedTally | None
    n: int


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
    Student's quantile with G_eff - 1 degrees of freedom.

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
        return PairedChange(amount=self.estimate(), pairs=self, n=self.n)

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

    def estimate(self) -> Estimate:
        """Return the change of error with its bounds.

        Raises
        ------
        EstimateError
            No row was answered by both.
        """
        if self.n == 0:
            raise EstimateError("the two runs have no row in common")
        change = (self.broken - self.fixed) / self.n
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
    classes : tuple of float
        The distinct weights, each of which gets one pseudo-row broken and one fixed.
    n : int
        Rows that both answered.
    groups : int, optional
        Groups of rows that are not independent.

    Notes
    -----
    The change is Σwd / Σw; its variance is that of a ratio. The pseudo-rows do for each weight what Bonett and Price do
    for rows of one weight. Source: Cochran, Sampling Techniques, 3rd ed. (1977), section 6.3.

    Examples
    --------
    >>> plain = WeightedPairs(weight=21, change=-6, discordant=8, signed=-6, squares=21, classes=(1.0,), n=21)
    >>> [round(bound, 4) for bound in plain.estimate().interval(0.95)]
    [-0.5084, -0.0134]
    """

    weight: float
    change: float
    discordant: float
    signed: float
    squares: float
    classes: tuple[float, ...]
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
        added = 2 * sum(w * w for w in self.classes)
        weight = self.weight + 2 * sum(self.classes)
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


def _binomial_below(k: int, n: int) -> float:
    """Return the probability of fewer than k heads in n throws, summed in logarithms so that any n works."""
    throw = n * log(2)
    return fsum(exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) - throw) for i in range(k))
