"""One error made of several: the mean or the worst over slices, the mean over tasks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import inf
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mlstrat_plugin.core.estimates.estimate import Estimate, LinearCombination
from mlstrat_plugin.core.estimates.intervals import clopper_pearson, wilson_bounds, z_value
from mlstrat_plugin.core.estimates.methods import Method
from mlstrat_plugin.core.estimates.rates import PSEUDO_WRONG, ErrorTally, RatioTally
from mlstrat_plugin.core.estimates.tally import NO_ROWS, Remarks, TallyBase
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FEW_ROWS = 50  # below, a slice has exact bounds: of 20 slices of 5 rows the worst was covered in 84 %, not 95 %
SliceRule = Literal["mean", "worst"]


@dataclass(frozen=True, kw_only=True)
class SliceTally(TallyBase):
    """Errors by slice, and one number of them.

    Parameters
    ----------
    parts : mapping of str to ErrorTally or RatioTally
        One tally per slice that has rows.
    rule : str
        ``mean``: every slice counts the same, however many rows it has. ``worst``: the largest error.
    shared_groups : bool
        A group of rows may lie in several slices, so that the slices' errors are not independent.

    Notes
    -----
    Slices of fewer than 50 independent rows have exact bounds (Clopper and Pearson); others Wilson's. The mean of
    independent slices takes the MOVER interval. With shared groups the distances to the bounds are added
    instead of their squares, which holds for any dependence. The worst: its upper bound is the largest of the slices'
    upper bounds at z, its lower bound the largest of their lower bounds at z corrected for the number of slices, since
    the slice that looks worst was chosen among them.

    Examples
    --------
    >>> parts = {"north": ErrorTally(wrong=30, n=1000), "south": ErrorTally(wrong=10, n=100)}
    >>> SliceTally(parts=parts, rule="mean").estimate().value
    0.065
    >>> SliceTally(parts=parts, rule="worst").estimate().value
    0.1
    """

    tag: ClassVar[str] = "slices"
    parts: Mapping[str, ErrorTally | RatioTally]
    rule: SliceRule
    shared_groups: bool = False

    @property
    def n(self) -> int:
        """Return the rows that were scored."""
        return sum(part.n for part in self.parts.values())

    @property
    def wrong(self) -> None:
        """Return nothing: slices count the same, so rows do not."""
        return

    def __add__(self, other: SliceTally) -> SliceTally:
        parts: dict[str, ErrorTally | RatioTally] = dict(self.parts)
        for name, part in other.parts.items():
            parts[name] = parts[name] + part if name in parts else part  # type: ignore[operator]  # both of one kind
        return replace(self, parts=parts, shared_groups=self.shared_groups or other.shared_groups)

    def remarks(self) -> Remarks:
        """Return which slices there are."""
        return Remarks(slices=frozenset(self.parts))

    def rounded(self) -> SliceTally:
        """Return the tally with the digits that a saved one has."""
        return replace(self, parts={name: part.rounded() for name, part in self.parts.items()})

    def saved(self) -> dict[str, Any]:
        """Return the tally as plain values for JSON."""
        own = {"rule": self.rule, "shared_groups": self.shared_groups}
        return {"tally": self.tag, **own, "parts": {name: part.saved() for name, part in self.parts.items()}}

    def estimate(self) -> Estimate:
        """Return the mean or the worst with its bounds.

        Raises
        ------
        EstimateError
            No slice has a row.
        """
        if self.n == 0:
            raise EstimateError(NO_ROWS)
        slices = [_estimate_of(part) for part in self.parts.values() if part.n]
        groups = [s.groups for s in slices if s.groups is not None]
        value, bounds = self._mean(slices) if self.rule == "mean" else _worst(slices)
        low, high = bounds(1.0)
        variance = ((high - low) / 2) ** 2
        known = 0 < value < 1 and variance > 0
        n_effective = value * (1 - value) / variance if known else sum(one.n_effective for one in slices)
        method = Method(f"{self.rule} of {len(slices)} slices", grouped=bool(groups))
        return Estimate(value, bounds, n_effective, method, groups=min(groups) if groups else None)

    def _mean(self, slices: list[Estimate]) -> tuple[float, Callable[[float], tuple[float, float]]]:
        mean = LinearCombination({one: 1 / len(slices) for one in slices})
        if not self.shared_groups:
            return mean.value, lambda z: _within(mean.bounds(z))

        def bounds(z: float) -> tuple[float, float]:
            lows, highs = zip(*(one.bounds(z) for one in slices), strict=True)
            return sum(lows) / len(slices), sum(highs) / len(slices)

        return mean.value, bounds


def _estimate_of(part: ErrorTally | RatioTally) -> Estimate:
    """Return a slice's error; of few rows with exact bounds."""
    found = part.estimate()
    if isinstance(part, ErrorTally) and part.n < FEW_ROWS:
        return replace(found, bounds_at=partial(clopper_pearson, part.wrong, part.n))
    return found


def _within(bounds: tuple[float, float]) -> tuple[float, float]:
    return max(0.0, bounds[0]), min(1.0, bounds[1])


def _worst(slices: list[Estimate]) -> tuple[float, Callable[[float], tuple[float, float]]]:
    def bounds(z: float) -> tuple[float, float]:
        corrected = corrected_z(z, len(slices))
        return max(one.bounds(corrected)[0] for one in slices), max(one.bounds(z)[1] for one in slices)

    return max(one.value for one in slices), bounds


def corrected_z(z: float, choices: int) -> float:
    """Return the quantile whose tail is that of ``z`` divided by the number of things chosen among (union bound).

    >>> round(corrected_z(1.959964, 4), 4)
    2.4977
    """
    return z_value(NormalDist().cdf(-z) / choices)


@dataclass(frozen=True, kw_only=True)
class TaskTally(TallyBase):
    """Answers to several tasks about the same rows, some of them without a label.

    Parameters
    ----------
    tasks : tuple of str
        Names, at least one.
    n : int
        Rows with a label for one task at least.
    units : int
        Rows, or groups of rows.
    a, b : tuple of float
        Wrong answers and labelled rows by task.
    aa, ab, bb : tuple of tuple of float
        Sums over units of a_s·a_t, a_s·b_t and b_s·b_t for each pair of tasks.
    nn : float
        Sum over units of their squared number of rows.
    grouped : bool
        Units are groups.

    Notes
    -----
    The mean over tasks weighs every task the same. Answers about one row are not independent, so the variance is that
    of the rows' (or groups') linearized sums over tasks.
    """

    tag: ClassVar[str] = "tasks"
    tasks: tuple[str, ...]
    n: int
    units: int
    a: tuple[float, ...]
    b: tuple[float, ...]
    aa: tuple[tuple[float, ...], ...]
    ab: tuple[tuple[float, ...], ...]
    bb: tuple[tuple[float, ...], ...]
    nn: float
    grouped: bool

    @property
    def wrong(self) -> None:
        """Return nothing: tasks count the same, so answers do not."""
        return

    def __add__(self, other: TaskTally) -> TaskTally:
        if (self.tasks, self.grouped) != (other.tasks, other.grouped):
            raise EstimateError("tallies of different tasks do not add up")
        return TaskTally(
            tasks=self.tasks,
            n=self.n + other.n,
            units=self.units + other.units,
            a=_plus(self.a, other.a),
            b=_plus(self.b, other.b),
            aa=tuple(map(_plus, self.aa, other.aa)),
            ab=tuple(map(_plus, self.ab, other.ab)),
            bb=tuple(map(_plus, self.bb, other.bb)),
            nn=self.nn + other.nn,
            grouped=self.grouped,
        )

    def by_task(self) -> Mapping[str, ErrorTally | RatioTally]:
        """Return the tally of each task."""
        return {name: self.task(name) for name in self.tasks}

    def task(self, name: str) -> ErrorTally | RatioTally:
        """Return the tally of one task."""
        i = self.tasks.index(name)
        wrong, n = int(self.a[i]), int(self.b[i])
        if not self.grouped:
            return ErrorTally(wrong=wrong, n=n)
        return RatioTally(
            n=n,
            units=self.units,
            a=wrong,
            b=n,
            aa=self.aa[i][i],
            ab=self.ab[i][i],
            bb=self.bb[i][i],
            row_bb=n,
            grouped=True,
        )

    def estimate(self) -> Estimate:
        """Return the mean error over tasks.

        Raises
        ------
        EstimateError
            A task has no labelled row.
        """
        empty = [name for name, n in zip(self.tasks, self.b, strict=True) if n == 0]
        if empty:
            raise EstimateError(f"no row is labelled for {', '.join(empty)}", hint="label some, or drop the task")
        mean = sum(self._rates()) / len(self.tasks)
        groups = self.n**2 / self.nn if self.grouped else None
        n = self._effective_rows()
        method = Method(f"mean of {len(self.tasks)} tasks", grouped=self.grouped)
        return Estimate(mean, wilson_bounds(mean, n, groups), n, method, groups=groups)

    def _rates(self) -> list[float]:
        return [a / b for a, b in zip(self.a, self.b, strict=True)]

    def _effective_rows(self) -> float:
        """Return the rows of information: for groups with a pseudo-group (see RatioTally), and never more than rows.

        Without any wrong answer nothing tells whether tasks fail together, so rows count, not their answers.
        """
        if not self.grouped:
            return min(sum(self.b) if any(self.a) else self.n, self._rows_by_variance())
        return 1.0 if self.units < 2 else min(self.n, (self + self._pseudo_group())._rows_by_variance())

    def _rows_by_variance(self) -> float:
        count, rates = len(self.tasks), self._rates()
        mean = sum(rates) / count
        variance = sum(
            (self.aa[s][t] - rates[t] * self.ab[s][t] - rates[s] * self.ab[t][s] + rates[s] * rates[t] * self.bb[s][t])
            / (count**2 * self.b[s] * self.b[t])
            for s in range(count)
            for t in range(count)
        )
        if self.grouped and self.units > 1:
            variance *= self.units / (self.units - 1)
        return mean * (1 - mean) / variance if variance > 0 else inf

    def _pseudo_group(self) -> TaskTally:
        """Return a group of mean size, a quarter of it wrong in each task."""
        b = tuple(rows / self.units for rows in self.b)
        a = tuple(PSEUDO_WRONG * rows for rows in b)
        return replace(self, units=1, a=a, b=b, aa=_products(a, a), ab=_products(a, b), bb=_products(b, b))


def _plus(first: tuple[float, ...], second: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(a + b for a, b in zip(first, second, strict=True))


def _products(first: tuple[float, ...], second: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(x * y for y in second) for x in first)
