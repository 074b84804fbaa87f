"""Sufficient statistics of one split: they add up over chunks, sources and machines, and make the estimate."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import inf, isfinite, sqrt
from typing import TYPE_CHECKING, Protocol, Self

from mlstrat_plugin.core.estimates.estimate import Estimate
from mlstrat_plugin.core.estimates.intervals import hall, wilson, wilson_bounds
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from collections.abc import Callable

NO_ROWS = "no rows: nothing can be said about this error"


class Tally(Protocol):
    """What is kept of one split: ``n`` rows, perhaps whole ``wrong`` ones, and all that the estimate needs.

    Tallies of rows in groups add up exactly where no group lies on both sides of the plus.
    """

    @property
    def n(self) -> int: ...  # noqa: D102
    @property
    def wrong(self) -> int | None: ...  # noqa: D102
    def __add__(self, other: Self) -> Self: ...
    def estimate(self) -> Estimate: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True)
class ErrorTally:
    """Wrong answers out of so many independent rows.

    Parameters
    ----------
    wrong : int
        Rows answered wrongly, 0..n.
    n : int
        Rows scored, 0 or more; a tally of 0 rows adds up but makes no estimate.

    Raises
    ------
    EstimateError
        A count is not a whole number, is negative, or ``wrong`` exceeds ``n``.

    Examples
    --------
    >>> ErrorTally(wrong=1, n=10) + ErrorTally(wrong=2, n=10)
    ErrorTally(wrong=3, n=20)
    """

    wrong: int
    n: int

    def __post_init__(self) -> None:
        counts = (self.wrong, self.n)
        if any(isinstance(count, bool) or not isinstance(count, int) for count in counts):
            raise EstimateError(f"wrong and rows are whole numbers, not {self.wrong!r} of {self.n!r}")
        if not 0 <= self.wrong <= self.n:
            raise EstimateError(f"wrong rows lie between 0 and all rows, not {self.wrong} of {self.n}")

    def __add__(self, other: ErrorTally) -> ErrorTally:
        return ErrorTally(wrong=self.wrong + other.wrong, n=self.n + other.n)

    def estimate(self) -> Estimate:
        """Return the share of wrong answers with Wilson bounds.

        Raises
        ------
        EstimateError
            The tally holds no row.
        """
        if self.n == 0:
            raise EstimateError(NO_ROWS)
        rate, n = self.wrong / self.n, self.n
        return Estimate(rate, lambda z: wilson(rate, n, z), float(n), "wilson")


@dataclass(frozen=True, kw_only=True)
class RatioTally:
    """An error that is a ratio of two sums, over rows or over groups of rows: weighted, grouped, or F1.

    Each row brings a part ``a`` of an error to a weight ``b``, with 0 <= a <= b: (wrong, 1) for the error rate,
    (weight if wrong, weight) for the weighted error, (false, false or true positive) for F1. A unit is a row, or a
    group of rows that are not independent; its a and b are the sums over its rows.

    Parameters
    ----------
    n : int
        Rows.
    units : int
        Rows, or groups.
    a, b : float
        Sums over units.
    aa, ab, bb : float
        Sums over units of a², a·b and b².
    row_bb : float
        Sum over rows of b².
    grouped : bool
        Units are groups.
    kind : str
        ``errors``, ``weights``, ``f1`` or ``raters``: which a and b these are.
    top_weight, top_rows : float, int
        The largest weight of a row, and how many rows carry it.

    Raises
    ------
    EstimateError
        A sum is NaN, infinite or negative, or a exceeds b; two tallies of different kinds are added.

    Notes
    -----
    The variance of the ratio is that of its linearization, over groups with the factor G/(G - 1); it becomes the
    effective number of rows of a Wilson interval, never above Kish's, and for groups the normal quantile becomes
    Student's with G_eff - 1 degrees of freedom. Sources: Franco, Little, Louis & Slud, Journal of Survey Statistics
    and Methodology 7 (2019), 334-364, doi:10.1093/jssam/smy019 (effective rows); Hand, Christen & Kirielle, F*,
    Machine Learning 110 (2021), 451-456, doi:10.1007/s10994-021-05964-1 (F1 as a proportion).

    Examples
    --------
    >>> rest = [(3, 20), (1, 25), (5, 40)]  # wrong and rows of three more groups
    >>> tally = sum((RatioTally.group(wrong=k, n=n) for k, n in rest), RatioTally.group(wrong=0, n=30))
    >>> tally.n, round(tally.estimate().value, 4), round(tally.estimate().groups, 2)
    (115, 0.0783, 3.75)
    """

    n: int
    units: int
    a: float
    b: float
    aa: float
    ab: float
    bb: float
    row_bb: float
    grouped: bool
    kind: str = "errors"
    top_weight: float = 1.0
    top_rows: int = 0

    def __post_init__(self) -> None:
        sums = (self.a, self.b, self.aa, self.ab, self.bb, self.row_bb)
        if not all(isfinite(value) and value >= 0 for value in sums):
            raise EstimateError(f"sums of a tally are finite and 0 or more, not {sums!r}")
        if self.a > self.b * (1 + 1e-9):
            raise EstimateError(f"an error of {self.a!r} exceeds its weight of {self.b!r}")

    @classmethod
    def group(cls, *, wrong: int, n: int) -> RatioTally:
        """Return the tally of one group of rows."""
        return cls(n=n, units=1, a=wrong, b=n, aa=wrong**2, ab=wrong * n, bb=n**2, row_bb=n, grouped=True)

    @property
    def wrong(self) -> int | None:
        """Return the wrong rows, where rows are counted and not weighted."""
        return int(self.a) if self.kind == "errors" else None

    def __add__(self, other: RatioTally) -> RatioTally:
        if (self.grouped, self.kind) != (other.grouped, other.kind):
            raise EstimateError(f"tallies of {self.kind} and {other.kind} do not add up")
        summed = ("n", "units", "a", "b", "aa", "ab", "bb", "row_bb")
        heaviest = max(self.top_weight, other.top_weight)
        return RatioTally(
            **{name: getattr(self, name) + getattr(other, name) for name in summed},
            grouped=self.grouped,
            kind=self.kind,
            top_weight=heaviest,
            top_rows=sum(t.top_rows for t in (self, other) if t.top_weight == heaviest),
        )

    def estimate(self) -> Estimate:
        """Return the ratio, or 1 - F1, with Wilson bounds at the effective number of rows.

        Raises
        ------
        EstimateError
            The weights add up to 0: no row, only rows without weight, or for F1 no positive and no false positive.
        """
        if self.b <= 0:
            raise EstimateError(NO_ROWS if self.n == 0 else f"{self.n:,} rows carry no weight at all")
        ratio = min(self.a / self.b, 1.0)
        n = self._effective_rows(ratio)
        groups = self.b**2 / self.bb if self.grouped else None
        bounds = wilson_bounds(ratio, n, groups)
        if self.kind != "f1":
            return Estimate(ratio, bounds, n, self._method(), groups=groups)
        return Estimate(_from_f_star(ratio), lambda z: _both(_from_f_star, bounds(z)), n, self._method(), groups=groups)

    def _effective_rows(self, ratio: float) -> float:
        kish = self.b**2 / self.row_bb
        variance = max(self.aa - 2 * ratio * self.ab + ratio**2 * self.bb, 0.0) / self.b**2
        if self.grouped and self.units > 1:
            variance *= self.units / (self.units - 1)
        return min(kish, ratio * (1 - ratio) / variance if variance > 0 else inf)

    def _method(self) -> str:
        return " ".join(word for word in (_WORDS[self.kind], "grouped" if self.grouped else "", "wilson") if word)


_WORDS = {"errors": "", "weights": "weighted", "f1": "f1", "raters": "raters"}


def _from_f_star(q: float) -> float:
    """Return 1 - F1 from q = 1 - TP / (TP + FP + FN)."""
    return q / (2 - q)


def _both(change: Callable[[float], float], bounds: tuple[float, float]) -> tuple[float, float]:
    return change(bounds[0]), change(bounds[1])


@dataclass(frozen=True, kw_only=True)
class LossTally:
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

    Raises
    ------
    EstimateError
        A sum is NaN or infinite.

    Examples
    --------
    >>> LossTally.of([0.1, 0.2, 0.9]).estimate().method
    'hall t'
    """

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
        names = [field.name for field in fields(self) if field.name != "grouped"]
        return LossTally(**{name: getattr(self, name) + getattr(other, name) for name in names}, grouped=self.grouped)

    def estimate(self) -> Estimate:
        """Return the mean loss with Hall's bounds.

        Raises
        ------
        EstimateError
            No row, fewer than two independent rows or groups, or losses that are all the same.
        """
        if self.n == 0:
            raise EstimateError(NO_ROWS)
        units, mean = self.units, self.a / self.n
        if units < 2:
            raise EstimateError(f"an interval of a mean loss needs two independent rows or groups, not {units}")
        squares = self.aa - 2 * mean * self.ab + mean**2 * self.bb
        cubes = self.aaa - 3 * mean * self.aab + 3 * mean**2 * self.abb - mean**3 * self.bbb
        if not squares > 1e-12 * max(self.aa, mean**2 * self.bb):
            raise EstimateError(f"all {self.n:,} losses are {mean:g}, or as good as: no interval can be made of them")
        spread = sqrt(squares / (units - 1))
        skewness = cubes / units / (squares / units) ** 1.5
        error = spread * sqrt(units) / self.n
        groups = self.n**2 / self.bb if self.grouped else None
        independent = groups if groups is not None and groups > 1 else float(units)
        return Estimate(
            mean,
            lambda z: hall(mean, error, skewness, independent, z),
            float(self.n) if groups is None else groups,
            "grouped hall t" if self.grouped else "hall t",
            groups=groups,
            is_rate=False,
        )
