"""Power sums of a per-example loss, and the mean that they make."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import isfinite, sqrt
from typing import TYPE_CHECKING, ClassVar

from mlstrat_plugin.core.estimates.estimate import Estimate
from mlstrat_plugin.core.estimates.intervals import hall, t_value
from mlstrat_plugin.core.estimates.methods import Method
from mlstrat_plugin.core.estimates.tally import DIGITS, NO_ROWS, TallyBase
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from collections.abc import Callable

POWERS = ("a", "aa", "aaa", "ab", "aab", "aabb", "abb", "abbb", "bb", "bbb", "bbbb")
ALIKE = 0.8  # effective groups per group from which on groups count as equally large


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
    aa, aaa, ab, aab, aabb, abb, abbb, bb, bbb, bbbb : float
        Sums over units of products of a unit's loss ``a`` and its rows ``b``; with rows as units b is 1.
    largest : float
        Rows of the largest unit.
    grouped : bool
        Units are groups.
    origin : float
        What was subtracted from every loss before it was summed: around the mean the sums lose no digits.

    Raises
    ------
    EstimateError
        A sum is NaN or infinite.

    Notes
    -----
    Rows, and groups of about one size (their effective number is at least 0.8 of their number), have Hall's bounds.
    Groups of unequal size have Student's t with G_eff - 1 degrees of freedom and the jackknife's variance
    (G - 1)/G Σ r²/n², r = (a - m b)/(1 - b/n) with m the mean: a skewness over √G_eff breaks there (one group of 500
    rows beside 100 of 5: Hall covers 25 % of 95 %, this 99 %). 1/(1 - x)² is taken as 1 + 2x + c x², with c such that
    it is exact for the largest group; it is never too small for the others, and needs no more than sums.
    Source: Kott, The delete-a-group jackknife, Journal of Official Statistics 17 (2001), 521-526.

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
    aabb: float
    abb: float
    abbb: float
    bb: float
    bbb: float
    bbbb: float
    grouped: bool
    largest: float = 1.0
    origin: float = 0.0

    def __post_init__(self) -> None:
        if not all(isfinite(getattr(self, field.name)) for field in fields(self)):
            raise EstimateError("a loss is NaN or infinite")

    @classmethod
    def of(cls, losses: list[float]) -> LossTally:
        """Return the tally of independent rows."""
        one, two, three = (float(sum(loss**power for loss in losses)) for power in (1, 2, 3))
        return cls.of_sums(len(losses), one, two, three)

    @classmethod
    def of_sums(cls, n: int, a: float, aa: float, aaa: float) -> LossTally:
        """Return the tally of n independent rows from the sums of the first three powers of their losses."""
        rows = dict.fromkeys(("bb", "bbb", "bbbb"), float(n))
        return cls(n=n, units=n, a=a, aa=aa, aaa=aaa, ab=a, aab=aa, aabb=aa, abb=a, abbb=a, grouped=False, **rows)

    @property
    def wrong(self) -> None:
        """Return nothing: a loss is neither right nor wrong."""
        return

    def __add__(self, other: LossTally) -> LossTally:
        if self.grouped != other.grouped:
            raise EstimateError("tallies of rows and of groups do not add up")
        same = other.around(self.origin)
        sums = {name: getattr(self, name) + getattr(same, name) for name in ("n", "units", *POWERS)}
        return replace(self, **sums, largest=max(self.largest, other.largest))

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
            aabb=self.aabb - 2 * d * self.abbb + d**2 * self.bbbb,
            abb=self.abb - d * self.bbb,
            abbb=self.abbb - d * self.bbbb,
            origin=origin,
        )

    def rounded(self) -> LossTally:
        """Return the tally around its mean, with the digits that a saved one has."""
        if not self.n:
            return self
        mean = self.origin + self.a / self.n
        return TallyBase.rounded(self.around(float(f"{mean:.{DIGITS}g}")))

    def estimate(self) -> Estimate:
        """Return the mean loss with Hall's bounds, or Student's for groups of unequal size.

        Raises
        ------
        EstimateError
            No row, fewer than two independent rows or groups, or losses that are all the same.
        """
        if self.n == 0:
            raise EstimateError(NO_ROWS)
        shift = self.a / self.n
        mean = self.origin + shift
        if self.units < 2:
            raise EstimateError(f"an interval of a mean loss needs two independent rows or groups, not {self.units}")
        squares = self.aa - 2 * shift * self.ab + shift**2 * self.bb
        if not squares > 1e-12 * max(self.aa, mean**2 * self.bb):
            raise EstimateError(f"all {self.n:,} losses are about {mean:g}: an interval needs losses that differ")
        groups = self.n**2 / self.bb if self.grouped else None
        if groups is None or groups >= ALIKE * self.units:
            bounds, name = self._hall(mean, squares), "hall t"
        else:
            bounds, name = self._student(mean, squares, groups), "jackknife t"
        n_effective = float(self.n) if groups is None else groups
        return Estimate(mean, bounds, n_effective, Method(name, grouped=self.grouped), groups=groups, is_rate=False)

    def _hall(self, mean: float, squares: float) -> Callable[[float], tuple[float, float]]:
        shift, units = self.a / self.n, self.units
        cubes = self.aaa - 3 * shift * self.aab + 3 * shift**2 * self.abb - shift**3 * self.bbb
        error = sqrt(squares / (units - 1) * units) / self.n
        cubed = (squares / units) ** 1.5
        skewness = cubes / units / cubed if cubed else 0.0  # losses so small that their cubes are no numbers
        return lambda z: hall(mean, error, skewness, float(units), z)

    def _student(self, mean: float, squares: float, groups: float) -> Callable[[float], tuple[float, float]]:
        shift, share = self.a / self.n, self.largest / self.n
        by_size = self.aab - 2 * shift * self.abb + shift**2 * self.bbb
        by_size_squared = self.aabb - 2 * shift * self.abbb + shift**2 * self.bbbb
        rest = (3 - 2 * share) / (1 - share) ** 2
        left_out = squares + 2 * by_size / self.n + rest * by_size_squared / self.n**2
        error = sqrt(max(left_out, squares) * (self.units - 1) / self.units) / self.n

        def bounds(z: float) -> tuple[float, float]:
            reach = error * t_value(z, groups - 1)
            return mean - reach, mean + reach

        return bounds
