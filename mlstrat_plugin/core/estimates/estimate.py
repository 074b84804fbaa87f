"""The algebra of estimates: what is measured, and sums and differences of it with the right interval."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.intervals import z_value
from mlstrat_plugin.core.estimates.methods import DECLARED, Method
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Quantity(ABC):
    """An estimate, or a linear combination of estimates.

    Adding, subtracting and scaling quantities gives a combination that remembers which estimate it holds how often,
    so an estimate that appears twice is never counted as two independent ones.
    """

    @property
    @abstractmethod
    def value(self) -> float:
        """Return the point estimate."""

    @property
    @abstractmethod
    def terms(self) -> Mapping[Estimate, float]:
        """Return the coefficient of each estimate."""

    @abstractmethod
    def bounds(self, z: float) -> tuple[float, float]:
        """Return the lower and the upper bound at the normal quantile ``z``."""

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the two-sided interval that covers the truth with probability ``confidence``."""
        return self.bounds(z_value((1 - confidence) / 2))

    def lower(self, confidence: float) -> float:
        """Return the one-sided lower bound."""
        return self.bounds(z_value(1 - confidence))[0]

    def upper(self, confidence: float) -> float:
        """Return the one-sided upper bound."""
        return self.bounds(z_value(1 - confidence))[1]

    def __add__(self, other: Quantity) -> LinearCombination:
        total = dict(self.terms)
        for estimate, coefficient in other.terms.items():
            total[estimate] = total.get(estimate, 0.0) + coefficient
        return LinearCombination({estimate: c for estimate, c in total.items() if c != 0})

    def __mul__(self, factor: float) -> LinearCombination:
        return LinearCombination({estimate: factor * c for estimate, c in self.terms.items() if factor != 0})

    __rmul__ = __mul__

    def __neg__(self) -> LinearCombination:
        return self * -1.0

    def __sub__(self, other: Quantity) -> LinearCombination:
        return self + -other


@dataclass(frozen=True, eq=False)
class Estimate(Quantity):
    """One measured number; two estimates are the same only if they are the same object.

    Parameters
    ----------
    point : float
        The point estimate; finite.
    bounds_at : callable
        Maps a normal quantile ``z`` >= 0 to (lower, upper).
    n_effective : float
        Rows of information behind it; infinite for a constant that was declared.
    method : Method
        How the bounds are made.
    groups : float, optional
        Effective number of groups of rows that are not independent; none where rows count one by one.
    is_rate : bool
        The number is bound to 0..1, as an error rate is; a mean loss is not.

    Raises
    ------
    EstimateError
        The point estimate is NaN or infinite, or ``n_effective`` is not above 0.
    """

    point: float
    bounds_at: Callable[[float], tuple[float, float]]
    n_effective: float
    method: Method
    groups: float | None = None
    is_rate: bool = True

    def __post_init__(self) -> None:
        if not isfinite(self.point):
            raise EstimateError(f"an estimate is a finite number, not {self.point!r}")
        if not self.n_effective > 0:
            raise EstimateError(f"an estimate needs more than 0 effective rows, not {self.n_effective!r}")

    @property
    def value(self) -> float:
        """Return the point estimate."""
        return self.point

    @property
    def terms(self) -> Mapping[Estimate, float]:
        """Return itself, once."""
        return {self: 1.0}

    def bounds(self, z: float) -> tuple[float, float]:
        """Return the lower and the upper bound at the normal quantile ``z``."""
        return self.bounds_at(z)

    @property
    def variance(self) -> float:
        """Return the squared half-width at one standard error, above 0 unless declared."""
        low, high = self.bounds_at(1.0)
        return ((high - low) / 2) ** 2


def constant(value: float) -> Estimate:
    """Return a number that is taken as exact because somebody declared it.

    Examples
    --------
    >>> constant(0.01).bounds(1.96)
    (0.01, 0.01)
    """
    return Estimate(value, lambda _z: (value, value), inf, DECLARED)


@dataclass(frozen=True)
class LinearCombination(Quantity):
    """A weighted sum of independent estimates, with the MOVER interval.

    Parameters
    ----------
    coefficients : mapping of Estimate to float
        How often each estimate counts; an empty mapping is exactly 0.

    Notes
    -----
    The bound adds, in quadrature, how far each estimate's own bound lies on the side that moves the sum
    ('square and add'). Two Wilson intervals subtracted this way are Newcombe's method 10.
    Source: Zou & Donner, Construction of confidence limits about effect measures, Statistics in Medicine 27 (2008),
    1693-1702, doi:10.1002/sim.3095; Newcombe, Statistics in Medicine 17 (1998), 873-890.

    Examples
    --------
    >>> from mlstrat_plugin.core.estimates.rates import ErrorTally
    >>> gap = ErrorTally(wrong=56, n=70).estimate() - ErrorTally(wrong=48, n=80).estimate()
    >>> round(gap.value, 4), [round(bound, 4) for bound in gap.interval(0.95)]
    (0.2, [0.0524, 0.3339])
    """

    coefficients: Mapping[Estimate, float]

    @property
    def terms(self) -> Mapping[Estimate, float]:
        """Return the coefficient of each estimate."""
        return self.coefficients

    @property
    def value(self) -> float:
        """Return the weighted sum of the point estimates."""
        return sum(c * estimate.value for estimate, c in self.terms.items())

    def bounds(self, z: float) -> tuple[float, float]:
        """Return the MOVER bounds at the normal quantile ``z``."""
        below = above = 0.0
        for estimate, c in self.terms.items():
            low, high = estimate.bounds(z)
            down, up = estimate.value - low, high - estimate.value
            below += (c * (down if c > 0 else up)) ** 2
            above += (c * (up if c > 0 else down)) ** 2
        return self.value - sqrt(below), self.value + sqrt(above)
