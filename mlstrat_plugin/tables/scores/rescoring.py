"""A registered model that answers today's rows: its predictions as a table like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from mlstrat_plugin.errors import GateError
from mlstrat_plugin.tables.scores.answer_types import NUMBERS
from mlstrat_plugin.tables.values import kind, missing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ibis.expr.types import Table, Value

    from mlstrat_plugin.params.data import Columns
    from mlstrat_plugin.tables.engines.duckdb import Engine


def rescore(
    engine: Engine,
    splits: list[Path],
    columns: Columns,
    inputs: Callable[[Any], Any] | None,
    predict: Callable[[Any], Any],
    predictions: Path,
) -> None:
    """Let a model answer the rows of some splits, and write its predictions.

    Parameters
    ----------
    engine : Engine
        Reads the rows and writes the answers.
    splits : list of Path
        The split files to answer.
    columns : Columns
        Names of id and label.
    inputs : callable, optional
        Makes the model's input from a DataFrame of rows; without one the model gets all columns but id and label.
    predict : callable
        Takes that input and returns one answer per row.
    predictions : Path
        The file to write: id and prediction.

    Raises
    ------
    GateError
        The answers are not one per row, or not of one type.
    """
    rows = engine.read_parquet(splits)
    frame = engine.frame(rows.order_by(columns.id))
    answers = predict(inputs(frame) if inputs else frame.drop(columns=[columns.id, columns.label]))
    answered = _as_arrow(columns.id, frame[columns.id], _one_each(answers, len(frame)))
    table = engine.keep(ibis.memtable(answered))
    engine.write_parquet(_like_labels(engine, table, rows[columns.label]), predictions)


def _one_each(answers: Any, rows: int) -> Any:
    """Return the answers as one column, whatever a model returns them as: an array, a series, a table or a list."""
    column = np.asarray(answers)
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.shape != (rows,):
        raise unfit(f"gave answers of shape {column.shape} for {rows:,} rows")
    return column


def _as_arrow(name: str, ids: Any, answers: Any) -> Any:
    """Return ids and answers as an Arrow table, which has one type per column."""
    import pyarrow as pa

    try:
        return pa.table({name: ids, "prediction": answers})
    except pa.ArrowException as error:
        raise unfit(f"gave answers of more than one type: {error}") from error


def _like_labels(engine: Engine, table: Table, label: Value) -> Table:
    """Return whole numbers in the type of the labels: a model may answer 3.0 where the label is 3."""
    given = table.prediction
    if {kind(given), kind(label)} != NUMBERS:
        return table
    if engine.count(table.filter(missing(given) | (given != given.round()))):
        return table
    return table.mutate(prediction=given.cast(label.type()))


def unfit(what: str) -> GateError:
    """Return the error of a champion's model whose answers do not fit the rows."""
    return GateError(
        f"the champion's model {what}",
        hint="name in mlstrat.gate.inputs the function that turns rows into the model's input",
    )
