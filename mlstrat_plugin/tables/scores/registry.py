"""From the name of a metric to what is summed for it; several tasks are a metric too."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.core.estimates.composites import TaskTally
from mlstrat_plugin.tables.scores.metrics import (
    Cell,
    Confusion,
    Errors,
    Losses,
    Measure,
    Ratio,
    Slices,
    Values,
    wrong_rows,
)
from mlstrat_plugin.tables.values import missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ibis.expr.types import BooleanValue, Table, Value

    from mlstrat_plugin.core.estimates.confusion import Scorer
    from mlstrat_plugin.params.data import Columns
    from mlstrat_plugin.params.scoring import Evaluate


@dataclass(frozen=True, kw_only=True)
class Tasks(Measure):
    """Several labels of the same rows; empty cells are left out of their task."""

    tasks: tuple[str, ...]

    @property
    def flaw(self) -> str:
        """Return what is said of answers that cannot be scored."""
        return "predictions are null for a task that is labelled"

    def flawed(self, joined: Table) -> BooleanValue:
        """Return where a labelled task has no answer."""
        places = range(len(self.tasks))
        return ibis.or_(*(~missing(joined[f"label_{i}"]) & missing(joined[f"answer_{i}"]) for i in places))

    def row(self, joined: Table) -> Values:
        """Return for each task 1 where it is labelled, and 1 where the answer is wrong."""
        brought: Values = {}
        for i in range(len(self.tasks)):
            labelled = ~missing(joined[f"label_{i}"])
            wrong = labelled & (joined[f"label_{i}"] != joined[f"answer_{i}"])
            brought |= {f"a{i}": wrong.cast("int64"), f"b{i}": labelled.cast("int64")}
        return brought

    def moments(self, units: Table) -> Values:
        """Return sums and, for each pair of tasks, sums of products."""
        places = range(len(self.tasks))
        sums = {f"{part}{i}": units[f"{part}{i}"].sum() for part in "ab" for i in places}
        pairs = {
            f"{p}{q}_{i}_{j}": (units[f"{p}{i}"] * units[f"{q}{j}"]).sum()
            for p, q in ("aa", "ab", "bb")
            for i in places
            for j in places
        }
        return {**sums, **pairs, "nn": (units.predicted * units.predicted).sum()}

    def tally(self, cells: Sequence[Cell]) -> TaskTally:
        """Return the sums and products."""
        return reduce(add, (self._tally(cell) for cell in cells))

    def _tally(self, cell: Cell) -> TaskTally:
        places = range(len(self.tasks))

        def square(name: str) -> tuple[tuple[float, ...], ...]:
            return tuple(tuple(float(cell[f"{name}_{i}_{j}"]) for j in places) for i in places)

        return TaskTally(
            tasks=self.tasks,
            n=int(cell["predicted"]),
            units=int(cell["units"]),
            a=tuple(float(cell[f"a{i}"]) for i in places),
            b=tuple(float(cell[f"b{i}"]) for i in places),
            aa=square("aa"),
            ab=square("ab"),
            bb=square("bb"),
            nn=float(cell["nn"]),
            grouped=self.grouped,
        )


def measure_of(columns: Columns, params: Evaluate, scorer: Scorer | None) -> Measure:
    """Return what to sum for ``mlstrat.evaluate.metric``; ``scorer`` is that of a metric of the confusion matrix."""
    grouped = columns.group is not None
    if columns.labels:
        return Tasks(grouped=grouped, tasks=columns.labels)
    if scorer is not None:
        return Confusion(grouped=grouped, scorer=scorer)
    if params.metric == "weighted_error":
        return Ratio(grouped=grouped, kind="weights", parts=_weighted)
    if params.metric == "f1":
        return Ratio(grouped=grouped, kind="f1", parts=lambda joined: _f1(joined, params.positive))
    if params.metric == "mean_loss":
        return Losses(grouped=grouped)
    if params.metric in {"mean_over", "worst_slice"}:
        return Slices(grouped=grouped, rule="mean" if params.metric == "mean_over" else "worst")
    return Errors(grouped=grouped)


def _weighted(joined: Table) -> tuple[Value, Value]:
    weight = joined.weight.cast("float64")
    return weight * wrong_rows(joined), weight


def _f1(joined: Table, positive: Any) -> tuple[Value, Value]:
    """Return where the answer is falsely or wrongly not positive, and where label or answer is positive."""
    label, answer = joined.label == positive, joined.prediction == positive
    return (label != answer).cast("int64"), (label | answer).cast("int64")


def scorer_of(params: Evaluate) -> Scorer | None:
    """Return what scores the confusion matrix, for the metrics that are made of it.

    Raises
    ------
    ParamsError
        A dotted name cannot be imported, or is no function.
    """
    from mlstrat_plugin.core.estimates.confusion import Function, MacroF1
    from mlstrat_plugin.params.functions import imported

    if params.metric == "macro_f1":
        return MacroF1()
    if "." not in params.metric:
        return None
    call = imported(params.metric, "mlstrat.evaluate.metric")
    return Function(call=call, name=params.metric, draws=params.draws, seed=params.seed)
