"""How a model answered each row of a few splits: for people to look at, and for the table that travels with a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import ibis

from mlstrat_plugin.errors import PredictionsError, listed
from mlstrat_plugin.tables.scores.answers import AGAIN, id_examples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ibis.expr.types import Table

    from mlstrat_plugin.records.words import Split
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.scores.answers import Answered

COLUMNS = ("id", "split", "unit", "weight", "slice", "latency_ms", "label", "value")


def outcome_of_each(engine: Engine, answered: Answered, names: Sequence[str]) -> Table:
    """Return one stored row per example: the named columns and ``value``, what the answer adds to the error.

    Parameters
    ----------
    engine : Engine
        Runs the scan.
    answered : Answered
        The rows and their answers; answers to other rows are left aside.
    names : sequence of str
        Columns of an example or of its answer.

    Raises
    ------
    PredictionsError
        A row has no prediction, several, or one that cannot be scored; each is named with example ids.
    """
    both = answered.of_each_row
    named = {"id": both.id, "split": both.split, **{name: both[name] for name in names}}
    asked = engine.keep(
        both.select(
            **named,
            value=answered.row_error(both),
            missing=both.answered.isnull(),
            flawed=both.answered.notnull() & answered.flawed(both),
        )
    )
    wrong = {
        "have no prediction": asked.filter(asked.missing),
        "have no answer that can be scored": asked.filter(asked.flawed),
    }
    if engine.count(asked) > engine.count(answered.rows):
        counted = asked.group_by("id", "split").agg(times=ibis._.count())
        wrong["have several predictions"] = counted.filter(counted.times > 1)
    problems = [
        f"{count:,} rows of {_splits(engine, rows)} {said}: {id_examples(engine, rows, count)}"
        for said, rows in wrong.items()
        if (count := engine.count(rows))
    ]
    if problems:
        raise PredictionsError(f"{answered.name}: {listed(problems)}", hint=AGAIN)
    return asked.drop("missing", "flawed")


def _splits(engine: Engine, rows: Table) -> str:
    return ", ".join(sorted(row["split"] for row in engine.rows(rows.select("split").distinct())))


def write_outcomes(engine: Engine, answered: Answered, files: Mapping[Path, Sequence[Split]]) -> None:
    """Write one Parquet file of rows for each named set of splits.

    The columns are id, split, unit, weight, slice, latency_ms, label and value (1 for a wrong answer, the loss, or the
    distance between label and prediction); ids and labels are texts.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    answered : Answered
        The rows of these splits and their answers.
    files : mapping of Path to sequence of Split
        What to write.

    Raises
    ------
    PredictionsError
        A row of these splits has no prediction, several, or one that cannot be scored.
    """
    wanted = {split.value for splits in files.values() for split in splits}
    judged = replace(answered, rows=answered.rows.filter(answered.rows.split.isin(sorted(wanted))))
    rows = outcome_of_each(engine, judged, [name for name in COLUMNS if name != "value"])
    texts = {name: rows[name].cast("string") for name in ("id", "label")}
    rows = rows.mutate(**texts, weight=rows.weight.cast("float64")).select(*COLUMNS)
    for file, splits in files.items():
        part = rows.filter(rows.split.isin([split.value for split in splits]))
        engine.write_parquet(part.order_by("split", "id"), file)
