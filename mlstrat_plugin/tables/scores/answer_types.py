"""What the columns of labels and answers are called, and whether their types can ever be equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.errors import PredictionsError
from mlstrat_plugin.tables.values import kind

if TYPE_CHECKING:
    from ibis.expr.types import Table, Value

    from mlstrat_plugin.params.data import Columns
    from mlstrat_plugin.params.scoring import Evaluate


NUMBERS = {"integer", "floating"}


def label_names(columns: Columns) -> list[tuple[str, str]]:
    """Return our name of each column with right answers, and its name in the splits."""
    if not columns.labels:
        return [("label", columns.label)]
    return [(f"label_{i}", column) for i, column in enumerate(columns.labels)]


def answer_names(columns: Columns, evaluate: Evaluate) -> list[tuple[str, str]]:
    """Return our name of each column with answers, and its name in the predictions: that of its task, if there are."""
    if columns.labels:
        return [(f"answer_{i}", column) for i, column in enumerate(columns.labels)]
    return [("loss", evaluate.loss)] if evaluate.spec.answer == "loss" else [("prediction", "prediction")]


def require_types(name: str, rows: Table, given: Table, columns: Columns, evaluate: Evaluate) -> None:
    """Refuse predictions that can never equal a label, such as text for numbers.

    Parameters
    ----------
    name : str
        Where the predictions come from.
    rows, given : Table
        Examples and predictions, as ``Answered`` holds them.
    columns, evaluate : params.Columns, params.Evaluate
        Names of the columns, and the metric.

    Raises
    ------
    PredictionsError
        An id, a label or an answer is of a type that does not fit.
    """
    pairs = [(columns.id, columns.id, rows.id, given.answered)]
    if evaluate.spec.answer == "loss":
        _require_number(name, given.loss, evaluate.loss, evaluate.metric)
    elif evaluate.spec.is_of_numbers:
        _require_number(name, given.prediction, "prediction", evaluate.metric)
        _require_number(name, rows.label, columns.label, evaluate.metric)
    else:
        named = zip(label_names(columns), answer_names(columns, evaluate), strict=True)
        pairs += [(theirs, label, rows[right], given[ours]) for (right, label), (ours, theirs) in named]
    for theirs, label, right, answer in pairs:
        kinds = {kind(right), kind(answer)}
        if len(kinds) > 1 and not (columns.labels and kinds == NUMBERS):  # empty cells make floats
            raise PredictionsError(
                f"{name}: {theirs} is {answer.type()}, but {label} in the splits is {right.type()}",
                hint="write predictions in the type of the labels; pandas turns whole numbers with gaps into floats",
            )


def _require_number(name: str, value: Value, column: str, metric: str) -> None:
    if kind(value) not in NUMBERS:
        raise PredictionsError(
            f"{name}: {column} is {value.type()}, not a number", hint=f"{metric} needs a number for each example"
        )
