"""Two models on the same rows: what changed, with the interval that pairing makes narrow."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimate import Estimate
from mlstrat_plugin.core.intervals import t_value
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from collections.abc import Callable


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
            return Estimate(change, _around(centre, error, change), float(self.n), "bonett-price", is_rate=False)
        effective = self.n**2 / self.nn
        if self.groups < 2 or effective <= 1 + 1e-9:
            return Estimate(change, lambda _z: (-1.0, 1.0), 1.0, "one group", groups=effective, is_rate=False)
        squares = max(self.dd - 2 * change * self.dn + change**2 * self.nn, 0.0)
        spread = sqrt(squares * self.groups / (self.groups - 1)) / self.n
        # never below what independent rows would give: a group effect can only be seen where there are changes
        wide = max(error, spread)
        around = _around(centre, wide, change)
        return Estimate(
            change,
            lambda z: around(t_value(z, effective - 1)),
            float(self.n),
            "grouped bonett-price",
            groups=effective,
            is_rate=False,
        )


def _around(centre: float, error: float, point: float) -> Callable[[float], tuple[float, float]]:
    """Return bounds at a distance of z standard errors, in -1..1, which hold the point estimate."""
    return lambda z: (max(-1.0, min(centre - z * error, point)), min(1.0, max(centre + z * error, point)))
