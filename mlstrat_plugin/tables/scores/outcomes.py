"""How a model answered each row of dev and test: the table that travels with its run, and two of them paired."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from mlstrat_plugin.errors import PredictionsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ibis.expr.types import Table

    from mlstrat_plugin.params.data import Columns
    from mlstrat_plugin.records.words import Split
    from mlstrat_plugin.tables.engines.duckdb import Engine


def write_outcomes(
    engine: Engine,
    splits: Path,
    predictions: Path,
    columns: Columns,
    loss: str | None,
    files: Mapping[Path, Sequence[Split]],
) -> None:
    """Write one Parquet file of rows for each named set of splits.

    The columns are id, split, label, unit, weight, slice, value (1 for a wrong answer, or the loss) and latency_ms.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    splits, predictions : Path
        Folder of the split files, and the predictions.
    columns : Columns
        Names of the columns.
    loss : str, optional
        Column of the loss, where the metric is a mean loss.
    files : mapping of Path to sequence of Split
        What to write.

    Raises
    ------
    PredictionsError
        A row of dev or test has no prediction, or one without a value.
    """
    answers = engine.read(predictions, text_columns=[columns.id])
    for file, wanted in files.items():
        rows = ibis.union(*(_rows(engine, splits, split, columns, answers, loss) for split in wanted))
        kept = engine.keep(rows)
        empty = engine.count(kept.filter(kept.value.isnull() | kept.value.isnan() | kept.value.isinf()))
        if empty:
            raise PredictionsError(
                f"{empty:,} rows of {', '.join(split.value for split in wanted)} have no answer that can be scored",
                hint="run the predict stage again, on the splits as they are now",
            )
        engine.write_parquet(kept.order_by("split", "id"), file)


def _rows(engine: Engine, folder: Path, split: Split, columns: Columns, answers: Table, loss: str | None) -> Table:
    rows = engine.read_parquet([folder / f"{split.file_stem}.parquet"])
    key = rows[columns.id].cast("string")
    optional = {"weight": (columns.weight, "float64", 1.0), "slice": (columns.slice, "string", "")}
    given = {
        name: ibis.literal(default).cast(kind) if column is None else rows[column].cast(kind)
        for name, (column, kind, default) in optional.items()
    }
    unit = key if columns.group is None else rows[columns.group].cast("string").fill_null(key)
    ours = rows.select(id=key, split=ibis.literal(split.value), right=rows[columns.label], unit=unit, **given)
    latency = answers.latency_ms.cast("float64") if "latency_ms" in answers.columns else ibis.null("float64")
    value = answers[loss].cast("float64") if loss else answers.prediction
    theirs = answers.select(answered=answers[columns.id].cast("string"), answer=value, latency_ms=latency)
    both = ours.left_join(theirs, ours.id == theirs.answered)
    score = both.answer if loss else (both.answer != both.right).cast("float64")
    names = ("id", "split", "unit", "weight", "slice", "latency_ms")
    return both.select(*names, label=both.right.cast("string"), value=score)
