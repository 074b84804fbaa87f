"""What every metric's sums have in common: what a row brings, what a group of rows does, what becomes a tally."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.core.estimates.losses import POWERS, LossTally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ibis.expr.types import Table, Value

    from mlstrat_plugin.core.estimates.tally import Tally
    from mlstrat_plugin.tables.scores.answers import Answered

Cell = Mapping[str, Any]
Values = dict[str, "Value"]
OTHERS = ("split", "source", "unit", "n")  # columns of the rows that are not summed


@dataclass(frozen=True, kw_only=True)
class MetricSums(ABC):
    """One metric as sums.

    A row brings ``a`` to a weight ``b``; both are summed by unit where rows come in groups, and moments of the units by
    cell. ``joined`` is the table of all rows beside their answers, as ``answered`` makes it.
    """

    answered: Answered

    @property
    def grouped(self) -> bool:
        """Return whether units are groups of rows."""
        return self.answered.grouped

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the columns of ``joined`` that split a cell further."""
        return ()

    @property
    def sums_units(self) -> bool:
        """Return whether units have to be summed before cells are."""
        return self.grouped

    @property
    def has_heavy_rows(self) -> bool:
        """Return whether rows have weights, the largest of which may decide the metric."""
        return False

    @abstractmethod
    def row(self, joined: Table) -> Values:
        """Return what one answered row brings."""

    def sums(self, rows: Table) -> Values:
        """Return what is summed over the answers of a group: all that a row brings."""
        return {name: rows[name].sum() for name in rows.columns if name not in (*self.keys, *OTHERS)}

    @abstractmethod
    def moments(self, units: Table) -> Values:
        """Return what is summed over the units (rows, or groups) of a cell."""

    @abstractmethod
    def tally(self, cells: Sequence[Cell]) -> Tally:
        """Return the tally of the cells of one split (and source)."""


def second_moments(a: Value, b: Value) -> Values:
    """Return the sums of a, a², a·b and b²."""
    return {"a": a.sum(), "aa": (a * a).sum(), "ab": (a * b).sum(), "bb": (b * b).sum()}


def loss_moments(a: Value, b: Value, *, grouped: bool) -> Values:
    """Return the sums of powers of losses; for groups also of their products with the groups' rows ``b``."""
    own = {"a": a.sum(), "aa": (a * a).sum(), "aaa": (a * a * a).sum()}
    if not grouped:
        return own
    products = {
        "ab": a * b,
        "aab": a * a * b,
        "aabb": a * a * b * b,
        "abb": a * b * b,
        "abbb": a * b * b * b,
        "bb": b * b,
        "bbb": b * b * b,
        "bbbb": b * b * b * b,
    }
    return {**own, **{name: value.sum() for name, value in products.items()}, "largest": b.max()}


def loss_tally(cell: Cell, n: int, *, grouped: bool, suffix: str = "") -> LossTally:
    """Return the tally of the moments of losses and rows, whose columns may end alike."""

    def sums(*names: str) -> dict[str, float]:
        return {name: float(cell[f"{name}{suffix}"]) for name in names}

    if not grouped:
        return LossTally.of_sums(n, **sums("a", "aa", "aaa"))
    return LossTally(n=n, units=int(cell["units"]), grouped=True, **sums(*POWERS, "largest"))
