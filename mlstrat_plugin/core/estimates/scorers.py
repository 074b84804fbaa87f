"""Metrics of the confusion matrix: macro-F1 and balanced error in closed form, any function through the bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Protocol

from mlstrat_plugin.core.estimates.estimate import LinearCombination
from mlstrat_plugin.core.estimates.intervals import t_value, wilson_bounds
from mlstrat_plugin.core.estimates.rates import PSEUDO_WRONG, ErrorTally
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64] | NDArray[np.float64]  # rows are labels, columns predictions
    Bounds = Callable[[float], tuple[float, float]]

FEWEST_IN_TAIL = 5  # replicates beyond a bound; with fewer the normal tail takes over


class Scorer(Protocol):
    """Turns a matrix of counts (rows are labels, columns predictions) into one error with its bounds."""

    @property
    def name(self) -> str: ...  # noqa: D102
    def value(self, counts: NDArray[np.int64], labels: tuple[Any, ...]) -> float: ...  # noqa: D102
    def bounds(  # noqa: D102
        self, parts: NDArray[np.int64], labels: tuple[Any, ...], *, grouped: bool
    ) -> tuple[Bounds, float]: ...


def effective_parts(parts: NDArray[np.int64]) -> float:
    """Return the effective number of parts, which differ in their rows."""
    sizes = parts.sum(axis=(1, 2)).astype(float)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


@dataclass(frozen=True)
class MacroF1:
    """1 - the unweighted mean of F1 over the classes that occur as label or prediction.

    Notes
    -----
    The variance becomes the effective number of rows of a Wilson interval. Independent rows: that of the influence of
    one row (delta method), at counts with half a right and half a wrong row more for each class; without them a rare
    class that shows no mistake has no variance, and the interval covers 71 % instead of 95 %. Groups: the
    delete-one-part jackknife with one pseudo-part more, of mean size and a quarter wrong. The percentile bootstrap
    covers 87 % instead of 95 % at 100 classes, because resampling empties rare ones.
    Source: Kott, The delete-a-group jackknife, Journal of Official Statistics 17 (2001), 521-526.
    """

    name: str = "macro-f1 wilson"

    def value(self, counts: Counts, labels: tuple[Any, ...]) -> float:  # noqa: ARG002 - the protocol's
        """Return 1 - macro-F1."""
        scores, _ = _f1(counts)
        return float(min(max(1 - scores.mean(), 0.0), 1.0))

    def bounds(self, parts: NDArray[np.int64], labels: tuple[Any, ...], *, grouped: bool) -> tuple[Bounds, float]:
        """Return Wilson bounds and the effective number of rows."""
        if grouped:
            return _bounds_by_parts(parts, lambda counts: self.value(counts, labels))
        counts = parts.sum(axis=0)
        smoothed = counts + _half_rows(counts)
        error, variance = self.value(smoothed, labels), _influence_variance(smoothed)
        n_effective = error * (1 - error) / variance if variance > 0 and 0 < error < 1 else float(counts.sum())
        return wilson_bounds(self.value(counts, labels), n_effective, None), n_effective


def _f1(counts: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return F1 and its denominator for each class that occurs."""
    support = (counts.sum(axis=0) + counts.sum(axis=1)).astype(float)
    occurs = support > 0
    return 2 * counts.diagonal()[occurs] / support[occurs], support[occurs]


def _influence_variance(counts: Counts) -> float:
    import numpy as np

    occurs = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    cells = counts[np.ix_(occurs, occurs)]
    scores, support = _f1(counts)
    slope = scores / support
    influence = -(slope[:, None] + slope[None, :])
    np.fill_diagonal(influence, 2 / support - 2 * slope)
    n = cells.sum()
    influence *= n / len(scores)
    mean = (cells * influence).sum() / n
    return float((cells * (influence - mean) ** 2).sum() / n / n)


def _half_rows(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return half a right and half a wrong row of each class that occurs."""
    occurs = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    return _answered(counts, occurs * 1.0, wrong=0.5)


def _pseudo_part(parts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a part of mean size, a quarter of each class wrong."""
    counts = parts.sum(axis=0)
    return _answered(counts, counts.sum(axis=1) / len(parts), wrong=PSEUDO_WRONG)


def _answered(counts: NDArray[np.int64], rows: NDArray[np.float64], *, wrong: float) -> NDArray[np.float64]:
    """Return so many rows of each class with a share of wrong answers, which go where answers go.

    Only one class: all of its rows are right.
    """
    import numpy as np

    others = np.tile(counts.sum(axis=0).astype(float), (len(counts), 1))
    np.fill_diagonal(others, 0)
    nowhere = others.sum(axis=1) == 0
    others[nowhere] = (counts.sum(axis=1) > 0) * 1.0
    np.fill_diagonal(others, 0)
    total = others.sum(axis=1, keepdims=True)
    shares = np.divide(others, total, out=np.zeros_like(others), where=total > 0)
    missed = wrong * rows * (total[:, 0] > 0)
    answered: NDArray[np.float64] = np.diag(rows - missed) + missed[:, None] * shares
    return answered


def _bounds_by_parts(parts: NDArray[np.int64], value: Callable[[Counts], float]) -> tuple[Bounds, float]:
    """Return Wilson bounds at the jackknife's effective rows, with Student's quantile of the effective parts."""
    import numpy as np

    n = float(parts.sum())
    more = np.concatenate([parts.astype(float), _pseudo_part(parts)[None]])
    total = more.sum(axis=0)
    error = value(total)
    left_out = np.array([value(total - part) for part in more])
    variance = float((len(more) - 1) / len(more) * ((left_out - left_out.mean()) ** 2).sum())
    n_effective = min(n, error * (1 - error) / variance) if variance > 0 and 0 < error < 1 else n
    n_effective = 1.0 if len(parts) < 2 else n_effective
    return wilson_bounds(value(parts.sum(axis=0)), n_effective, effective_parts(parts)), n_effective


@dataclass(frozen=True)
class BalancedError:
    """The mean over classes of the share of their rows that is answered wrongly: 1 - mean recall.

    Notes
    -----
    Classes without a row are left out. Independent rows: classes are independent samples, so the bounds are MOVER's of
    the classes' Wilson bounds. Groups may hold several classes, whose rates then are not independent (MOVER covers 74
    to 88 % of 95 %): there they are made as those of ``MacroF1``.

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.array([[90, 10], [10, 40]])
    >>> bounds, _ = BalancedError().bounds(counts[None], (0, 1), grouped=False)
    >>> round(BalancedError().value(counts, (0, 1)), 4), [round(bound, 4) for bound in bounds(1.959964)]
    (0.15, [0.1008, 0.225])
    """

    name: str = "balanced wilson"

    def value(self, counts: Counts, labels: tuple[Any, ...]) -> float:  # noqa: ARG002 - the protocol's
        """Return 1 - mean recall."""
        return float(_miss_rates(counts).mean())

    def bounds(self, parts: NDArray[np.int64], labels: tuple[Any, ...], *, grouped: bool) -> tuple[Bounds, float]:
        """Return the bounds and the effective number of rows."""
        if grouped:
            return _bounds_by_parts(parts, lambda counts: self.value(counts, labels))
        counts = parts.sum(axis=0)
        error, n = self.value(counts, labels), float(counts.sum())
        sizes = counts.sum(axis=1)
        wrong = sizes - counts.diagonal()
        rates = [ErrorTally(wrong=int(k), n=int(m)).estimate() for k, m in zip(wrong, sizes, strict=True) if m]
        mean = LinearCombination({rate: 1 / len(rates) for rate in rates})
        low, high = mean.bounds(1.0)
        variance = ((high - low) / 2) ** 2
        n_effective = error * (1 - error) / variance if 0 < error < 1 else n
        return lambda z: (max(0.0, mean.bounds(z)[0]), min(1.0, mean.bounds(z)[1])), n_effective


def _miss_rates(counts: Counts) -> NDArray[np.float64]:
    """Return the share of wrong answers of each class that has a row."""
    sizes = counts.sum(axis=1)
    occurs = sizes > 0
    rates: NDArray[np.float64] = 1 - counts.diagonal()[occurs] / sizes[occurs]
    return rates


OWN_SCORERS: dict[str, Scorer] = {
    scorer.name: scorer for scorer in (MacroF1(), BalancedError())
}  # those that a file can name


@dataclass(frozen=True, kw_only=True)
class Function:
    """Any function of the confusion matrix, with the variance of a bootstrap.

    Parameters
    ----------
    call : callable
        Takes the counts (rows are labels, columns predictions) and the labels; returns an error, lower is better.
    name : str
        Its dotted name.
    draws : int
        Replicates.
    seed : int
        Seed of the replicates; the same counts always give the same bounds.

    Notes
    -----
    Values in 0..1: the variance of the replicates becomes the effective number of rows, never more than rows, of a
    Wilson interval. They are drawn from counts with half a right and half a wrong row more for each class, or for
    groups from parts with one pseudo-part more, of mean size and a quarter wrong. A reflected bootstrap covers 78 to
    88 % of 95 % here, and its bounds may be below 0. Other values: the percentiles of the replicates.
    Source: A. Davison & D. Hinkley, Bootstrap Methods and their Application (1997), chapter 5,
    doi:10.1017/CBO9780511802843.
    """

    call: Callable[[NDArray[np.int64], tuple[Any, ...]], float]
    name: str
    draws: int = 2_000
    seed: int = 20_260_101

    def value(self, counts: NDArray[np.int64], labels: tuple[Any, ...]) -> float:
        """Return what the function says, or an error that names it."""
        try:
            value = float(self.call(counts, labels))
        except Exception as error:  # the user's own code
            raise EstimateError(f"metric {self.name} failed: {type(error).__name__}: {str(error)[:300]}") from error
        if not isfinite(value):
            raise EstimateError(
                f"metric {self.name} returned {value!r} for {int(counts.sum()):,} rows",
                hint="return a finite error for every matrix, also where a class is empty",
            )
        return value

    def bounds(self, parts: NDArray[np.int64], labels: tuple[Any, ...], *, grouped: bool) -> tuple[Bounds, float]:
        """Return the bounds and the effective number of rows."""
        value, n = self.value(parts.sum(axis=0), labels), float(parts.sum())
        groups = effective_parts(parts) if grouped else None
        replicates = self._replicates(parts, labels, grouped=grouped, smoothed=True)
        if 0 <= value <= 1 and replicates[0] >= 0 and replicates[-1] <= 1:
            n_effective = _rows_of(replicates, n if len(parts) > 1 or not grouped else 1.0)
            return wilson_bounds(value, n_effective, groups), n_effective
        replicates = self._replicates(parts, labels, grouped=grouped, smoothed=False)
        deviation = float(replicates.std())
        if deviation == 0:
            raise EstimateError(f"metric {self.name} is {value:g} in every resample: no interval can be made of it")

        def percentiles(z: float) -> tuple[float, float]:
            return _percentiles(replicates, value, deviation, z if groups is None else t_value(z, groups - 1))

        return percentiles, n

    def _replicates(
        self, parts: NDArray[np.int64], labels: tuple[Any, ...], *, grouped: bool, smoothed: bool
    ) -> NDArray[np.float64]:
        """Return the metric of resampled rows, or parts, in ascending order."""
        import numpy as np

        rng = np.random.default_rng(self.seed)
        counts = parts.sum(axis=0)
        if not grouped:
            shares = counts + _half_rows(counts) if smoothed else counts * 1.0
            flat = rng.multinomial(int(counts.sum()), (shares / shares.sum()).ravel(), size=self.draws)
            return np.sort([self.value(row.reshape(counts.shape), labels) for row in flat])
        n_parts = len(parts) + smoothed
        picks = rng.multinomial(n_parts, np.full(n_parts, 1 / n_parts), size=self.draws)
        drawn = (np.tensordot(pick[: len(parts)], parts, axes=1) for pick in picks)
        if smoothed:  # whole rows, since the function of a project counts rows
            pseudo = _pseudo_part(parts)
            shares, size = (pseudo / pseudo.sum()).ravel(), pseudo.sum()
            rows = [rng.multinomial(round(pick[-1] * size), shares).reshape(counts.shape) for pick in picks]
            drawn = (matrix + more for matrix, more in zip(drawn, rows, strict=True))
        return np.sort([self.value(matrix, labels) for matrix in drawn])


def _rows_of(replicates: NDArray[np.float64], n: float) -> float:
    """Return v(1 - v) over the variance of the replicates, at most n."""
    mean, variance = float(replicates.mean()), float(replicates.var())
    return min(n, mean * (1 - mean) / variance) if variance > 0 and 0 < mean < 1 else n


def _percentiles(replicates: NDArray[np.float64], value: float, deviation: float, z: float) -> tuple[float, float]:
    import numpy as np

    tail = NormalDist().cdf(-z)
    if tail * len(replicates) < FEWEST_IN_TAIL:
        return value - z * deviation, value + z * deviation
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return min(float(low), value), max(float(high), value)
