"""Power sums of a per-example loss, and the mean that they make."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import isfinite, sqrt
from typing import ClassVar

from mlstrat_plugin.core.estimates.estimate import Estimate
from mlstrat_plugin.core.estimates.intervals import hall
from mlstrat_plugin.core.estimates.methods import Method
from mlstrat_plugin.core.estimates.tally import DIGITS, NO_ROWS, TallyBase
from mlstrat_plugin.errors import EstimateError

POWERS = ("a", "aa", "aaa", "ab", "aab", "abb", "bb", "bbb")


@dataclass(frozen=True, kw_only=True)
class LossTally(TallyBase):
    """Power sums of a per-example loss, over rows or over groups of rows.

    Parameters
    ----------
    n : int
        Rows.
    units : int
        Rows, or groups.
    a : float
        Sum of the losses.
    aa, aaa, ab, aab, abb, bb, bbb : float
        Sums over units of products of a unit's loss ``a`` and its rows ``b``; with rows as units b is 1.
    grouped : bool
        Units are groups.
    origin : float
        What was subtracted from every loss before it was summed: around the mean the sums lose no digits.

    Raises
    ------
    EstimateError
        A sum is NaN or infinite.

    Examples
    --------
    >>> LossTally.of([0.1, 0.2, 0.9]).estimate().method.name
    'hall t'
    """

    tag: ClassVar[str] = "losses"
    n: int
    units: int
    a: float
    aa: float
    aaa: float
    ab: float
    aab: float
    abb: float
    bb: float
    bbb: float
    grouped: bool
    origin: float = 0.0

    def __post_init__(self) -> None:
        if not all(isfinite(getattr(self, field.name)) for field in fields(self)):
            raise EstimateError("a loss is NaN or infinite")

    @classmethod
    def of(cls, losses: list[float]) -> LossTally:
        """Return the tally of independent rows."""
        n = len(losses)
        one, two, three = (float(sum(loss**power for loss in losses)) for power in (1, 2, 3))
        return cls(
            n=n, units=n, a=one, aa=two, aaa=three, ab=one, aab=two, abb=one, bb=float(n), bbb=float(n), grouped=False
        )

    @property
    def wrong(self) -> None:
        """Return nothing: a loss is neither right nor wrong."""
        return

    def __add__(self, other: LossTally) -> LossTally:
        if self.grouped != other.grouped:
            raise EstimateError("tallies of rows and of groups do not add up")
        same = other.around(self.origin)
        return replace(self, **{name: getattr(self, name) + getattr(same, name) for name in ("n", "units", *POWERS)})

    def around(self, origin: float) -> LossTally:
        """Return the same tally with another origin."""
        d = origin - self.origin
        return replace(
            self,
            a=self.a - d * self.n,
            aa=self.aa - 2 * d * self.ab + d**2 * self.bb,
            aaa=self.aaa - 3 * d * self.aab + 3 * d**2 * self.abb - d**3 * self.bbb,
            ab=self.ab - d * self.bb,
            aab=self.aab - 2 * d * self.abb + d**2 * self.bbb,
            abb=self.abb - d * self.bbb,
            origin=origin,
        )

    def rounded(self) -> LossTally:
        """Return the tally around its mean, with the digits that a saved one has."""
        if not self.n:
            return self
        mean = self.origin + self.a / self.n
        return TallyBase.rounded(self.around(float(f"{mean:.{DIGITS}g}")))

    def estimate(self) -> Estimate:
        """Return the mean loss with Hall's bounds.

        Raises
        ------
        EstimateError
            No row, fewer than two independent rows or groups, or losses that are all the same.
        """
        if self.n == 0:
            raise EstimateError(NO_ROWS)
        units, shift = self.units, self.a / self.n
        mean = self.origin + shift
        if units < 2:
            raise EstimateError(f"an interval of a mean loss needs two independent rows or groups, not {units}")
        squares = self.aa - 2 * shift * self.ab + shift**2 * self.bb
        cubes = self.aaa - 3 * shift * self.aab + 3 * shift**2 * self.abb - shift**3 * self.bbb
        if not squares > 1e-12 * max(self.aa, mean**2 * self.bb):
            raise EstimateError(f"all {self.n:,} losses are about {mean:g}: an interval needs losses that differ")
        spread = sqrt(squares / (units - 1))
        skewness = cubes / units / (squares / units) ** 1.5
        error = spread * sqrt(units) / self.n
        groups = self.n**2 / self.bb if self.grouped else None
        independent = groups if groups is not None and groups > 1 else float(units)
        return Estimate(
            mean,
            lambda z: hall(mean, error, skewness, independent, z),
            float(self.n) if groups is None else groups,
            Method("hall t", grouped=self.grouped),
            groups=groups,
            is_rate=False,
        )
