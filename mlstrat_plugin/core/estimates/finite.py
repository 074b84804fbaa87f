"""The error of a model on a known number of rows, all or some of which were scored: train's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, sqrt
from typing import TYPE_CHECKING, Any, ClassVar

from mlstrat_plugin.core.estimates.estimate import Estimate
from mlstrat_plugin.core.estimates.intervals import wilson_bounds
from mlstrat_plugin.core.estimates.methods import EXACT, WILSON
from mlstrat_plugin.core.estimates.tally import TallyBase
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.core.estimates.tally import Remarks, Tally


@dataclass(frozen=True, kw_only=True)
class FiniteTally(TallyBase):
    """A tally of some of the rows that an error is about.

    Parameters
    ----------
    part : Tally
        Of the rows that were scored.
    population : int
        All rows that the error is about.

    Raises
    ------
    EstimateError
        More rows were scored than there are.

    Notes
    -----
    Train error is that of this model on its own training rows, not on rows like them. If all of them were scored it is
    known exactly; of a random sample of n of N rows the variance is (N - n)/(N - 1) times that of a sample from
    everywhere (Cochran, Sampling Techniques, 3rd ed. (1977), section 2.6).

    Examples
    --------
    >>> from mlstrat_plugin.core.estimates.rates import ErrorTally
    >>> FiniteTally(part=ErrorTally(wrong=230, n=2_536), population=2_536).estimate().bounds(1.96) == (230 / 2_536,) * 2
    True
    >>> sample = FiniteTally(part=ErrorTally(wrong=12, n=100), population=400)
    >>> [round(bound, 4) for bound in sample.estimate().interval(0.95)]
    [0.0752, 0.1861]
    """

    tag: ClassVar[str] = "finite"
    part: Tally
    population: int

    def __post_init__(self) -> None:
        if self.part.n > self.population:
            raise EstimateError(f"{self.part.n:,} rows were scored of {self.population:,}")

    @property
    def n(self) -> int:
        """Return the rows that were scored."""
        return self.part.n

    @property
    def wrong(self) -> int | None:
        """Return the wrong rows among them."""
        return self.part.wrong

    def __add__(self, other: FiniteTally) -> FiniteTally:
        return FiniteTally(part=self.part + other.part, population=self.population + other.population)

    def remarks(self) -> Remarks:
        """Return what is known of the rows that were scored."""
        return self.part.remarks()

    def by_task(self) -> Mapping[str, Tally]:
        """Return the tally of each task; it is about as many rows as have a label where all were scored."""
        whole = self.n == self.population
        return {
            name: FiniteTally(part=task, population=task.n if whole else max(task.n, self.population))
            for name, task in self.part.by_task().items()
        }

    def rounded(self) -> FiniteTally:
        """Return the tally with the digits that a saved one has."""
        return replace(self, part=self.part.rounded())

    def saved(self) -> dict[str, Any]:
        """Return the tally as plain values for JSON."""
        return {"tally": self.tag, "population": self.population, "part": self.part.saved()}

    def estimate(self) -> Estimate:
        """Return the exact error of all rows, or that of a sample with narrower bounds.

        Raises
        ------
        EstimateError
            The part makes no estimate.
        """
        found = self.part.estimate()
        if self.n == self.population:
            value = found.value
            return Estimate(value, lambda _z: (value, value), inf, EXACT, is_rate=found.is_rate)
        left = (self.population - self.n) / (self.population - 1)
        n = found.n_effective / left
        if found.is_rate and found.method.name == WILSON.name and not found.method.of:
            return replace(found, bounds_at=wilson_bounds(found.value, n, found.groups), n_effective=n)

        def bounds(z: float) -> tuple[float, float]:
            low, high = found.bounds(z)
            return found.value - sqrt(left) * (found.value - low), found.value + sqrt(left) * (high - found.value)

        return replace(found, bounds_at=bounds, n_effective=n)
