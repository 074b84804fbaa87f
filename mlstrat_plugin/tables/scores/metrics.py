"""What is summed for each metric: per row, per group of rows, and per cell that becomes a tally."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Literal

from mlstrat_plugin.core.estimates.composites import SliceTally
from mlstrat_plugin.core.estimates.confusion import ALL, ConfusionTally, Scorer
from mlstrat_plugin.core.estimates.tallies import ErrorTally, LossTally, RatioTally, Tally
from mlstrat_plugin.tables.values import missing

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table, Value


Cell = Mapping[str, Any]
Values = dict[str, "Value"]
OTHERS = ("split", "source", "unit", "n")  # columns of the rows that are not summed
NO_SLICE = "(none)"


@dataclass(frozen=True, kw_only=True)
class Measure(ABC):
    """One metric as sums.

    ``joined`` is the table of all rows with their predictions; ``unit`` its column of groups where rows come in
    groups. A row brings ``a`` to a weight ``b``; both are summed by unit, and moments of the units by cell.
    """

    grouped: bool

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the columns of ``joined`` that split a cell further."""
        return ()

    @property
    def sums_units(self) -> bool:
        """Return whether units have to be summed before cells are."""
        return self.grouped

    @property
    def flaw(self) -> str:
        """Return what is said of answers that cannot be scored."""
        return "predictions are null"

    def flawed(self, joined: Table) -> BooleanValue:
        """Return where an answer is there but cannot be scored."""
        return missing(joined.prediction)

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


def wrong_rows(joined: Table) -> Value:
    """Return 1 where the answer is not the label."""
    return (joined.label != joined.prediction).cast("int64")


class Errors(Measure):
    """Share of wrong answers."""

    def row(self, joined: Table) -> Values:
        """Return 1 where the answer is wrong."""
        return {"a": wrong_rows(joined)}

    def moments(self, units: Table) -> Values:
        """Return the wrong rows, and for groups the products with their sizes."""
        if not self.grouped:
            return {"a": units.a.sum()}
        return _second(units.a, units.predicted)

    def tally(self, cells: Sequence[Cell]) -> ErrorTally | RatioTally:
        """Return counts, or for groups their moments."""
        if not self.grouped:
            return reduce(add, (ErrorTally(wrong=int(c["a"]), n=int(c["predicted"])) for c in cells))
        return reduce(add, (_ratio({**c, "b": c["predicted"], "row_bb": c["predicted"]}, "errors") for c in cells))


def _second(a: Value, b: Value) -> Values:
    return {"a": a.sum(), "aa": (a * a).sum(), "ab": (a * b).sum(), "bb": (b * b).sum()}


def _ratio(cell: Cell, kind: str, *, grouped: bool = True) -> RatioTally:
    sums = {name: cell[name] for name in ("a", "b", "aa", "ab", "bb", "row_bb")}
    return RatioTally(
        n=int(cell["predicted"]),
        units=int(cell["units"]),
        grouped=grouped,
        kind=kind,
        top_weight=float(cell.get("top_weight") or 1.0),
        top_rows=int(cell.get("top_rows") or 0),
        **sums,
    )


@dataclass(frozen=True, kw_only=True)
class Ratio(Measure):
    """An error that is a ratio of two sums: weighted, or F1."""

    kind: str
    parts: Callable[[Table], tuple[Value, Value]]

    @property
    def flaw(self) -> str:
        """Return what is said of answers that cannot be scored."""
        if self.kind == "weights":
            return "predictions are null, or their weights are null, negative or infinite"
        return super().flaw

    def flawed(self, joined: Table) -> BooleanValue:
        """Return where an answer or its weight is missing, or the weight is no weight."""
        null = super().flawed(joined)
        if self.kind != "weights":
            return null
        weight = joined.weight.cast("float64")
        return null | missing(weight) | (weight < 0).fill_null(False) | weight.isinf().fill_null(False)  # noqa: FBT003

    def row(self, joined: Table) -> Values:
        """Return the row's part of the error and its weight."""
        a, b = self.parts(joined)
        return {"a": a, "b": b}

    def sums(self, rows: Table) -> Values:
        """Return error, weight and the squares of the rows' weights."""
        return {**super().sums(rows), "row_bb": (rows.b * rows.b).sum()}

    def moments(self, units: Table) -> Values:
        """Return sums and products of error and weight."""
        squares = units.row_bb if self.grouped else units.b * units.b
        return {**_second(units.a, units.b), "b": units.b.sum(), "row_bb": squares.sum()}

    def tally(self, cells: Sequence[Cell]) -> RatioTally:
        """Return the sums."""
        return reduce(add, (_ratio(cell, self.kind, grouped=self.grouped) for cell in cells))


class Losses(Measure):
    """Mean of a per-example loss."""

    @property
    def flaw(self) -> str:
        """Return what is said of losses that cannot be scored."""
        return "losses are null, NaN or infinite"

    def flawed(self, joined: Table) -> BooleanValue:
        """Return where a loss is not a finite number."""
        loss = joined.loss.cast("float64")
        return missing(loss) | loss.isinf().fill_null(False)  # noqa: FBT003 - an SQL literal

    def row(self, joined: Table) -> Values:
        """Return the loss."""
        return {"a": joined.loss.cast("float64")}

    def moments(self, units: Table) -> Values:
        """Return products of loss and rows up to the third power."""
        a, b = units.a, units.predicted.cast("float64")
        third = {"aaa": (a * a * a).sum(), "aab": (a * a * b).sum(), "abb": (a * b * b).sum(), "bbb": (b * b * b).sum()}
        return {**_second(a, b), **third}

    def tally(self, cells: Sequence[Cell]) -> LossTally:
        """Return the power sums."""
        names = ("a", "aa", "aaa", "ab", "aab", "abb", "bb", "bbb")
        return reduce(
            add,
            (
                LossTally(
                    n=int(cell["predicted"]),
                    units=int(cell["units"]),
                    grouped=self.grouped,
                    **{name: float(cell[name]) for name in names},
                )
                for cell in cells
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Confusion(Measure):
    """Any metric of the counts by label and prediction; groups lie wholly in one of 256 parts."""

    scorer: Scorer

    @property
    def keys(self) -> tuple[str, ...]:
        """Return label and prediction, and for groups the part."""
        return ("label", "prediction", *(("part",) if self.grouped else ()))

    @property
    def sums_units(self) -> bool:
        """Return that cells are counted at once."""
        return False

    def row(self, joined: Table) -> Values:  # noqa: ARG002 - the row counts, whatever it holds
        """Return nothing beside the row itself."""
        return {}

    def moments(self, units: Table) -> Values:  # noqa: ARG002 - rows are counted anyway
        """Return nothing beside the count."""
        return {}

    def tally(self, cells: Sequence[Cell]) -> ConfusionTally:
        """Return the counts by part."""
        parts: dict[str, dict[tuple[Any, Any], int]] = {}
        for cell in cells:
            if cell["predicted"]:
                counts = parts.setdefault(cell["part"] if self.grouped else ALL, {})
                pair = (cell["label"], cell["prediction"])
                counts[pair] = counts.get(pair, 0) + int(cell["predicted"])
        return ConfusionTally(parts=dict(sorted(parts.items())) or {ALL: {}}, scorer=self.scorer)


@dataclass(frozen=True, kw_only=True)
class Slices(Measure):
    """Error rates by slice, and their mean or the worst of them."""

    rule: Literal["mean", "worst"]

    @property
    def _errors(self) -> Errors:
        return Errors(grouped=self.grouped)

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the slice."""
        return ("slice",)

    def row(self, joined: Table) -> Values:
        """Return 1 where the answer is wrong."""
        return self._errors.row(joined)

    def moments(self, units: Table) -> Values:
        """Return what the error rate of each slice needs."""
        return self._errors.moments(units)

    def tally(self, cells: Sequence[Cell]) -> SliceTally:
        """Return one tally per slice."""
        by_slice: dict[str, list[Cell]] = {}
        for cell in cells:
            if cell["predicted"]:
                by_slice.setdefault(str(cell["slice"]), []).append(cell)
        parts = {name: self._errors.tally(found) for name, found in sorted(by_slice.items())}
        return SliceTally(parts=parts, rule=self.rule, shared_groups=self.grouped)
