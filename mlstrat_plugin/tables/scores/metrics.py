"""What is summed for each metric: the classes, and which of them stands for a metric's name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Literal

from mlstrat_plugin.core.estimates.composites import SliceTally, TaskTally
from mlstrat_plugin.core.estimates.confusion import ALL, ConfusionTally
from mlstrat_plugin.core.estimates.rates import F_STAR, ErrorTally, RatioTally
from mlstrat_plugin.core.estimates.scorers import BalancedError, MacroF1, Scorer
from mlstrat_plugin.tables.scores.answers import Answered, wrong_rows
from mlstrat_plugin.tables.scores.sums import Cell, MetricSums, Values, loss_moments, loss_tally, second_moments
from mlstrat_plugin.tables.values import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ibis.expr.types import Table, Value

    from mlstrat_plugin.core.estimates.losses import LossTally
    from mlstrat_plugin.params.scoring import Evaluate


class ErrorSums(MetricSums):
    """Share of wrong answers."""

    def row(self, joined: Table) -> Values:
        """Return 1 where the answer is wrong."""
        return {"a": wrong_rows(joined)}

    def moments(self, units: Table) -> Values:
        """Return the wrong rows, and for groups the products with their sizes."""
        if not self.grouped:
            return {"a": units.a.sum()}
        return second_moments(units.a, units.predicted)

    def tally(self, cells: Sequence[Cell]) -> ErrorTally | RatioTally:
        """Return counts, or for groups their moments."""
        if not self.grouped:
            return reduce(add, (ErrorTally(wrong=int(c["a"]), n=int(c["predicted"])) for c in cells))
        return reduce(add, (_ratio({**c, "b": c["predicted"], "row_bb": c["predicted"]}, "errors") for c in cells))


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
class RatioSums(MetricSums):
    """An error that is a ratio of two sums: weighted, or F1."""

    kind: str
    parts: Callable[[Answered, Table], tuple[Value, Value]]

    @property
    def has_heavy_rows(self) -> bool:
        """Return whether rows have weights."""
        return self.kind == "weights"

    def row(self, joined: Table) -> Values:
        """Return the row's part of the error and its weight."""
        a, b = self.parts(self.answered, joined)
        return {"a": a, "b": b}

    def sums(self, rows: Table) -> Values:
        """Return error, weight and the squares of the rows' weights."""
        return {**super().sums(rows), "row_bb": (rows.b * rows.b).sum()}

    def moments(self, units: Table) -> Values:
        """Return sums and products of error and weight."""
        squares = units.row_bb if self.grouped else units.b * units.b
        return {**second_moments(units.a, units.b), "b": units.b.sum(), "row_bb": squares.sum()}

    def tally(self, cells: Sequence[Cell]) -> RatioTally:
        """Return the sums."""
        return reduce(add, (_ratio(cell, self.kind, grouped=self.grouped) for cell in cells))


def _weighted(_answered: Answered, joined: Table) -> tuple[Value, Value]:
    weight = joined.weight.cast("float64")
    return weight * wrong_rows(joined), weight


def _f1(answered: Answered, joined: Table) -> tuple[Value, Value]:
    """Return where the answer is falsely or wrongly not positive, and where label or answer is positive."""
    positive = answered.evaluate.positive
    label, answer = joined.label == positive, joined.prediction == positive
    return (label != answer).cast("int64"), (label | answer).cast("int64")


class LossSums(MetricSums):
    """Mean of a number per row: a loss, or the distance between label and prediction."""

    def row(self, joined: Table) -> Values:
        """Return the number."""
        return {"a": self.answered.row_error(joined)}

    def moments(self, units: Table) -> Values:
        """Return powers of the numbers, and for groups their products with the groups' rows."""
        return loss_moments(units.a, units.predicted.cast("float64"), grouped=self.grouped)

    def tally(self, cells: Sequence[Cell]) -> LossTally:
        """Return the power sums."""
        return reduce(add, (loss_tally(cell, int(cell["predicted"]), grouped=self.grouped) for cell in cells))


@dataclass(frozen=True, kw_only=True)
class ConfusionSums(MetricSums):
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
class SliceSums(MetricSums):
    """Error rates by a column, and their mean or the worst of them."""

    rule: Literal["mean", "worst"]

    @property
    def _errors(self) -> ErrorSums:
        return ErrorSums(answered=self.answered)

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
        (key,) = self.keys
        by_slice: dict[str, list[Cell]] = {}
        for cell in cells:
            if cell["predicted"]:
                by_slice.setdefault(str(cell[key]), []).append(cell)
        parts = {name: self._errors.tally(found) for name, found in sorted(by_slice.items())}
        return SliceTally(parts=parts, rule=self.rule, shared_groups=self.grouped)


class TaskSums(MetricSums):
    """Several labels of the same rows; empty cells are left out of their task."""

    @property
    def _places(self) -> range:
        return range(len(self.answered.columns.labels))

    def row(self, joined: Table) -> Values:
        """Return for each task 1 where it is labelled, and 1 where the answer is wrong."""
        brought: Values = {}
        for i in self._places:
            labelled = ~missing(joined[f"label_{i}"])
            wrong = labelled & (joined[f"label_{i}"] != joined[f"answer_{i}"])
            brought |= {f"a{i}": wrong.cast("int64"), f"b{i}": labelled.cast("int64")}
        return brought

    def moments(self, units: Table) -> Values:
        """Return sums and, for each pair of tasks, sums of products."""
        sums = {f"{part}{i}": units[f"{part}{i}"].sum() for part in "ab" for i in self._places}
        pairs = {
            f"{p}{q}_{i}_{j}": (units[f"{p}{i}"] * units[f"{q}{j}"]).sum()
            for p, q in ("aa", "ab", "bb")
            for i in self._places
            for j in self._places
        }
        return {**sums, **pairs, "nn": (units.predicted * units.predicted).sum()}

    def tally(self, cells: Sequence[Cell]) -> TaskTally:
        """Return the sums and products."""
        return reduce(add, (self._tally(cell) for cell in cells))

    def _tally(self, cell: Cell) -> TaskTally:
        def square(name: str) -> tuple[tuple[float, ...], ...]:
            return tuple(tuple(float(cell[f"{name}_{i}_{j}"]) for j in self._places) for i in self._places)

        return TaskTally(
            tasks=self.answered.columns.labels,
            n=int(cell["predicted"]),
            units=int(cell["units"]),
            a=tuple(float(cell[f"a{i}"]) for i in self._places),
            b=tuple(float(cell[f"b{i}"]) for i in self._places),
            aa=square("aa"),
            ab=square("ab"),
            bb=square("bb"),
            nn=float(cell["nn"]),
            grouped=self.grouped,
        )


SUMS: dict[str, Callable[[Answered], MetricSums]] = {
    "error_rate": lambda answered: ErrorSums(answered=answered),
    "weighted_error": lambda answered: RatioSums(answered=answered, kind="weights", parts=_weighted),
    "mean_loss": lambda answered: LossSums(answered=answered),
    "mean_absolute_error": lambda answered: LossSums(answered=answered),
    "f1": lambda answered: RatioSums(answered=answered, kind=F_STAR, parts=_f1),
    "macro_f1": lambda answered: ConfusionSums(answered=answered, scorer=MacroF1()),
    "balanced_error": lambda answered: ConfusionSums(answered=answered, scorer=BalancedError()),
    "mean_over": lambda answered: SliceSums(answered=answered, rule="mean"),
    "worst_slice": lambda answered: SliceSums(answered=answered, rule="worst"),
}


def sums_of(answered: Answered) -> MetricSums:
    """Return what to sum for ``mlstrat.evaluate.metric``.

    Raises
    ------
    ParamsError
        A dotted name cannot be imported, or is not a function.
    """
    if answered.columns.labels:
        return TaskSums(answered=answered)
    name = answered.metric.name
    if name in SUMS:
        return SUMS[name](answered)
    return ConfusionSums(answered=answered, scorer=scorer_of(answered.evaluate, answered.root))


def own_scorers(evaluate: Evaluate, root: Path) -> dict[str, Scorer]:
    """Return the metric by its name if it is a function of the project: a saved tally holds no more than the name.

    Raises
    ------
    ParamsError
        It cannot be imported, or is not a function.
    """
    return {} if evaluate.metric in SUMS else {evaluate.metric: scorer_of(evaluate, root)}


def scorer_of(evaluate: Evaluate, root: Path) -> Scorer:
    """Return the function of the project in the folder ``root`` as a metric of the confusion matrix.

    Raises
    ------
    ParamsError
        It cannot be imported, or is not a function.
    """
    from mlstrat_plugin.core.estimates.scorers import Function
    from mlstrat_plugin.params.functions import imported

    call = imported(evaluate.metric, "mlstrat.evaluate.metric", root)
    return Function(call=call, name=evaluate.metric, draws=evaluate.draws, seed=evaluate.seed)
