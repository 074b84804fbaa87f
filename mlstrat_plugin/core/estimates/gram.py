"""The outcome Gram: any number of models on the same rows, as sums from which every pair of them can be compared."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.paired import PairedTally, WeightedPairs
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from typing import Any, Self

Square = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class UnitSums:
    """The same sums over groups of rows: ``dn`` of a run's wrong rows times the group's rows, and so on.

    Parameters
    ----------
    units : int
        Groups.
    both : tuple of tuple of float, shape (k, k)
        Sums over groups of W_i·W_j, with W the wrong rows (or weights) of run i in the group.
    with_rows : tuple of float, shape (k,)
        Sums over groups of W_i·N, with N the rows (or the weight) of the group.
    rows : float
        Sum over groups of N².
    """

    units: int
    both: Square
    with_rows: tuple[float, ...]
    rows: float

    def __add__(self, other: Self) -> Self:
        return type(self)(**_added(self, other))


@dataclass(frozen=True, kw_only=True)
class OutcomeGram:
    """Wrong answers of k runs to the same n rows.

    Parameters
    ----------
    n : int
        Rows that every run answered.
    wrong : tuple of float, shape (k,)
        Wrong answers of each run.
    both : tuple of tuple of float, shape (k, k)
        Rows that runs i and j both answered wrongly; symmetric, with ``wrong`` on the diagonal.
    groups : UnitSums, optional
        The same over groups of rows that are not independent.

    Notes
    -----
    Any contrast u = Σ c_i w_i of the runs' wrong answers has Σu = c·s and Σu² = cᵀMc, so one scan serves every pair;
    grams of disjoint rows (and groups) add up.

    Examples
    --------
    >>> gram = OutcomeGram(n=21, wrong=(8, 2), both=((8, 1), (1, 2)))
    >>> gram.pair(0, 1)
    PairedTally(broken=1, fixed=7, n=21, groups=None, dd=0, dn=0, nn=0)
    """

    n: int
    wrong: tuple[float, ...]
    both: Square
    groups: UnitSums | None = None

    def __add__(self, other: OutcomeGram) -> OutcomeGram:
        if (self.groups is None) != (other.groups is None) or len(self.wrong) != len(other.wrong):
            raise EstimateError("grams of other runs, or of rows and of groups, do not add up")
        return OutcomeGram(**_added(self, other))

    def pair(self, first: int, second: int) -> PairedTally:
        """Return how the second run's answers differ from the first's."""
        total = int(self.wrong[second] - self.wrong[first])
        discordant = int(_squares(self.both, first, second))
        counts = {"broken": (discordant + total) // 2, "fixed": (discordant - total) // 2, "n": self.n}
        if self.groups is None:
            return PairedTally(**counts)
        return PairedTally(
            **counts,
            groups=self.groups.units,
            dd=int(_squares(self.groups.both, first, second)),
            dn=int(self.groups.with_rows[second] - self.groups.with_rows[first]),
            nn=int(self.groups.rows),
        )


@dataclass(frozen=True, kw_only=True)
class WeightedGram:
    """The same where a row counts by its weight w: x is 1 for a wrong answer.

    Parameters
    ----------
    n : int
        Rows.
    weight : float
        Sum of the weights.
    wrong : tuple of float, shape (k,)
        Sums over rows of w·x_i.
    units : UnitSums
        Over rows, or over groups of rows: of the weighted wrong answers, with the weights as rows.
    row_squares : float
        Sum over rows of w².
    grouped : bool
        The units are groups.
    """

    n: int
    weight: float
    wrong: tuple[float, ...]
    units: UnitSums
    row_squares: float
    grouped: bool

    def pair(self, first: int, second: int) -> WeightedPairs:
        """Return how the second run's answers differ from the first's."""
        return WeightedPairs(
            weight=self.weight,
            change=self.wrong[second] - self.wrong[first],
            discordant=_squares(self.units.both, first, second),
            signed=self.units.with_rows[second] - self.units.with_rows[first],
            squares=self.units.rows,
            row_squares=self.row_squares,
            n=self.n,
            groups=self.units.units if self.grouped else None,
        )


def _squares(both: Square, first: int, second: int) -> float:
    """Return the sum of the squared differences of two runs."""
    return both[second][second] - 2 * both[first][second] + both[first][first]


def _added(first: Any, second: Any) -> dict[str, Any]:
    return {field.name: _plus(getattr(first, field.name), getattr(second, field.name)) for field in fields(first)}


def _plus(first: Any, second: Any) -> Any:
    if isinstance(first, tuple):
        return tuple(_plus(a, b) for a, b in zip(first, second, strict=True))
    return None if first is None else first + second
