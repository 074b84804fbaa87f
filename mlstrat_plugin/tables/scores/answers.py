"""A model's answered rows: predictions joined to the splits, once, with everything that is asked of them checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.errors import MAX_EXAMPLES, PredictionsError, did_you_mean, examples, listed
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.engines.duckdb import Engine, reading
from mlstrat_plugin.tables.scores.answer_types import answer_names, label_names, require_types
from mlstrat_plugin.tables.scores.coverage import coverage, merged
from mlstrat_plugin.tables.values import infinite, missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ibis.expr.types import BooleanValue, Table, Value

    from mlstrat_plugin.params.data import Columns
    from mlstrat_plugin.params.scoring import Evaluate
    from mlstrat_plugin.records.metrics import Metric

AGAIN = "run the predict stage again, on the splits as they are now"
NO_SLICE = "(none)"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Examples and answers, as expressions that are computed when somebody asks.

    Parameters
    ----------
    rows : Table
        One row per example: id, split, source, unit (what counts as one independent observation: the key that the cut
        kept together, which is the group, else the content, else the row), label (or label_0, label_1, ... of several
        tasks), weight (1 where there is none) and slice.
    predictions : Table
        One row per answer: answered (the id), prediction or loss (or answer_0, ...), and latency_ms (perhaps null).
    name : str
        Where the answers come from, for messages.
    columns, evaluate : params.Columns, params.Evaluate
        What was asked for.
    grouped : bool
        A unit may hold several rows: they come in groups, or some are copies.
    root : Path
        The project's folder, for a metric that is a function of its own.
    """

    rows: Table
    predictions: Table
    name: str
    columns: Columns
    evaluate: Evaluate
    grouped: bool = False
    root: Path = Path()

    @property
    def metric(self) -> Metric:
        """Return what an answer is, and what it is asked for."""
        return self.evaluate.spec

    @property
    def joined(self) -> Table:
        """Return every example beside its answer, and answers to no example; the missing side is null."""
        return self.rows.outer_join(self.predictions, self.rows.id == self.predictions.answered)

    @property
    def matched(self) -> Table:
        """Return the examples that have an answer."""
        return self.rows.join(self.predictions, self.rows.id == self.predictions.answered)

    @property
    def of_each_row(self) -> Table:
        """Return every example beside its answer; an example without one has nulls."""
        return self.rows.left_join(self.predictions, self.rows.id == self.predictions.answered)

    def row_error(self, joined: Table) -> Value:
        """Return what one answer adds to an error, as a float: its loss, its distance, or 1 for a wrong one."""
        if self.metric.answer == "loss":
            return joined.loss.cast("float64")
        if self.metric.is_of_numbers:
            return (joined.prediction.cast("float64") - joined.label.cast("float64")).abs()
        return wrong_rows(joined).cast("float64")

    def outcomes(self, joined: Table) -> Table:
        """Return how each row was answered: id, split, source, label, unit, weight, slice, latency_ms and value."""
        names = ("id", "split", "source", "label", "unit", "weight", "slice", "latency_ms")
        return joined.select(*names, value=self.row_error(joined))

    @property
    def flaw(self) -> str:
        """Return what is said of answers that cannot be scored."""
        if self.columns.labels:
            return "predictions are null for a task that is labelled"
        if self.metric.answer == "loss":
            return "losses are null, NaN or infinite"
        if self.metric.is_of_numbers:
            return "predictions or labels are null, NaN or infinite"
        weights = ", or weights are null, negative or infinite" if self.metric.is_weighted else ""
        return f"predictions or labels are null{weights}"

    def flawed(self, joined: Table) -> BooleanValue:
        """Return where an answer is there but cannot be scored."""
        if self.columns.labels:
            places = range(len(self.columns.labels))
            return ibis.or_(*(~missing(joined[f"label_{i}"]) & missing(joined[f"answer_{i}"]) for i in places))
        if self.metric.answer == "loss":
            return missing(joined.loss) | infinite(joined.loss)
        if self.metric.is_of_numbers:
            return ibis.or_(*(missing(value) | infinite(value) for value in (joined.label, joined.prediction)))
        null = missing(joined.prediction) | missing(joined.label)  # a null label equals nothing, not even a mistake
        if not self.metric.is_weighted:
            return null
        weight = joined.weight.cast("float64")
        return null | missing(weight) | (weight < 0).fill_null(False) | infinite(weight)  # noqa: FBT003 - an SQL literal

    def cells(self, engine: Engine) -> list[dict[str, Any]]:
        """Count by split and source: n rows, predicted ones, and null answers that cannot be scored; for ``check``."""
        joined = self.joined
        answered = joined.answered.notnull()
        flags = joined.select(
            "split",
            "source",
            n=ibis.literal(1, type="int64"),
            predicted=answered.cast("int64"),
            null=(answered & self.flawed(joined)).cast("int64"),
        )
        sums = {name: flags[name].sum() for name in ("n", "predicted", "null")}
        return engine.rows(flags.group_by("split", "source").agg(**sums))

    def check(self, engine: Engine, cells: Sequence[dict[str, Any]]) -> tuple[str, ...]:
        """Refuse answers that do not answer for the rows, and return the sources that the model was trained on.

        Parameters
        ----------
        engine : Engine
            Looks up examples where something is wrong.
        cells : sequence of dict
            What ``cells`` returns, or a finer count of the same.

        Raises
        ------
        PredictionsError
            Answers are null, duplicated, for unknown ids, or missing for rows that have to be scored. All problems are
            named, with example ids.
        """
        problems = self._problems(engine, cells)
        if problems:
            raise PredictionsError(f"{self.name}: {listed(problems)}", hint=AGAIN)
        trained_on, holes = coverage(merged(cells), self.evaluate)
        if holes:
            raise PredictionsError(
                f"{self.name}: {listed(holes)}: {self._unanswered(engine, trained_on)}",
                hint=f"{AGAIN}; or declare mlstrat.evaluate.train: sample if train was sampled",
            )
        return trained_on

    def _problems(self, engine: Engine, cells: Sequence[dict[str, Any]]) -> list[str]:
        problems, joined = [], self.joined
        unknown = sum(cell["n"] for cell in cells if cell["split"] is None)
        if unknown:
            strangers = joined.filter(joined.split.isnull()).select(id=joined.answered)
            problems.append(
                f"{unknown:,} predictions for ids that are in no split: {id_examples(engine, strangers, unknown)}"
            )
        if sum(cell["n"] for cell in cells if cell["split"] is not None) > engine.count(self.rows):
            counted = self.predictions.group_by(id=self.predictions.answered).agg(n=ibis._.count())
            twice = counted.filter(counted.n > 1)
            problems.append(
                f"ids are predicted more than once: {id_examples(engine, twice.select('id'), engine.count(twice))}"
            )
        null = sum(cell["null"] for cell in cells if cell["split"] is not None)
        if null:
            known = joined.split.notnull() & joined.answered.notnull()
            empty = joined.filter(known & self.flawed(joined)).select(id=joined.answered)
            problems.append(f"{null:,} {self.flaw}: {id_examples(engine, empty, null)}")
        return problems

    def _unanswered(self, engine: Engine, trained_on: tuple[str, ...]) -> str:
        joined = self.joined
        rows = joined.filter(joined.split.notnull() & joined.answered.isnull() & scored(joined, trained_on))
        return id_examples(engine, rows.select(id=rows.id), engine.count(rows))


def answers(
    engine: Engine,
    folder: Path,
    predictions: Path,
    columns: Columns,
    evaluate: Evaluate,
    splits: Sequence[Split] = (),
    root: Path = Path(),
) -> Answered:
    """Open predictions and splits; nothing is scanned yet.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    folder, predictions : Path
        Folder of the split files, and the predictions table.
    columns : params.Columns
        Names of id, label, group, weight and slice.
    evaluate : params.Evaluate
        The metric, and what the predictions cover.
    splits : sequence of Split
        The splits to read; all four by default.
    root : Path
        The project's folder, for a metric that is a function of its own.

    Raises
    ------
    PredictionsError
        A file is missing or unreadable, a column is not there, or predictions are of another type than the labels.
    """
    files = {split: folder / split.file_name for split in splits or Split}
    absent = [str(file) for file in files.values() if not file.is_file()]
    if absent:
        raise PredictionsError(f"split files are missing: {', '.join(absent)}", hint="run `mlstrat split`")
    with reading("the splits", "run `mlstrat split` again"):
        tables = {split: engine.read_parquet([file]) for split, file in files.items()}
        parts = [_examples(table, split, columns) for split, table in tables.items()]
        grouped = any(columns.unit_in(table.columns) for table in tables.values())
    given = _open(engine, predictions, columns, evaluate)
    found = Answered(
        rows=ibis.union(*parts) if len(parts) > 1 else parts[0],
        predictions=given,
        name=str(predictions),
        columns=columns,
        evaluate=evaluate,
        grouped=grouped,
        root=root,
    )
    require_types(found.name, found.rows, found.predictions, columns, evaluate)
    return found


def are_grouped(engine: Engine, folder: Path, columns: Columns) -> bool:
    """Return whether rows of the splits come in groups or are copies; it reads no more than the files' columns."""
    files = [folder / split.file_name for split in Split]
    with reading("the splits", "run `mlstrat split` again"):
        return any(columns.unit_in(engine.read_parquet([file]).columns) for file in files if file.is_file())


def answers_in(table: Table, name: str) -> Answered:
    """Return the answered rows of one table with the columns id, split, source, label and prediction.

    Raises
    ------
    PredictionsError
        Predictions are of another type than the labels.
    """
    from mlstrat_plugin.params.data import Columns
    from mlstrat_plugin.params.scoring import Evaluate

    columns, evaluate = Columns(), Evaluate()
    own = {"unit": table.id.cast("string"), "weight": ibis.literal(1.0), "slice": ibis.literal("")}
    found = Answered(
        rows=table.select("id", "source", "split", "label", **own),
        predictions=table.select("prediction", answered=table.id, latency_ms=ibis.null("float64")),
        name=name,
        columns=columns,
        evaluate=evaluate,
    )
    require_types(found.name, found.rows, found.predictions, columns, evaluate)
    return found


def wrong_rows(joined: Table) -> Value:
    """Return 1 where the answer is not the label."""
    return (joined.label != joined.prediction).cast("int64")


def scored(rows: Table, trained_on: Sequence[str]) -> BooleanValue:
    """Return which rows the ladder counts: all of dev and test, of the mix the sources that were trained on."""
    held_out = [split.value for split in (Split.DEV, Split.TEST)]
    return rows.split.isin(held_out) | rows.source.isin(list(trained_on) or [""])


def _examples(table: Table, split: Split, columns: Columns) -> Table:
    """Return the columns of one split that are scored, under their meaning."""
    named = {"unit": columns.group, "weight": columns.weight, "slice": columns.slice}
    absent = [name for name in named.values() if name is not None and name not in table.columns]
    if absent:
        said = "; ".join(f"no column {name!r}{did_you_mean(name, table.columns)}" for name in absent)
        raise PredictionsError(
            f"the splits: {said}", hint="bring the column in the sources and run `mlstrat split` again"
        )
    key = table[columns.id]
    own, together = key.cast("string"), columns.unit_in(table.columns)  # a row without a group is its own
    unit = own if together is None else table[together].cast("string").fill_null(own)
    weight = ibis.literal(1.0) if columns.weight is None else table[columns.weight]
    part = ibis.literal("") if columns.slice is None else table[columns.slice].cast("string").fill_null(NO_SLICE)
    labels = {name: table[column] for name, column in label_names(columns)}
    return table.select(
        id=key, source=table.source, split=ibis.literal(split.value), unit=unit, weight=weight, slice=part, **labels
    )


def _open(engine: Engine, file: Path, columns: Columns, evaluate: Evaluate) -> Table:
    if not file.is_file():
        raise PredictionsError(
            f"predictions file {file} does not exist",
            hint="run the predict stage first, or correct mlstrat.evaluate.predictions",
        )
    try:
        with reading(f"predictions {file}", AGAIN):
            table = engine.read(file, text_columns=[columns.id])
    except PredictionsError:
        raise
    except Exception as error:  # the reader's own error, said as what it is to the user
        raise PredictionsError(str(error), hint=AGAIN) from error
    named = answer_names(columns, evaluate)
    names = [columns.id, *(name for _, name in named)]
    absent = [name for name in names if name not in table.columns]
    if absent:
        said = "; ".join(f"no column {name!r}{did_you_mean(name, table.columns)}" for name in absent)
        raise PredictionsError(
            f"{file}: {said}; it has {', '.join(map(repr, table.columns[:20]))}",
            hint=f"write one row per scored example with the columns {', '.join(names)}",
        )
    latency = table.latency_ms.cast("float64") if "latency_ms" in table.columns else ibis.null("float64")
    given = {ours: table[theirs] for ours, theirs in named}
    return table.select(answered=table[columns.id], latency_ms=latency, **given)


def id_examples(engine: Engine, rows: Table, total: int) -> str:
    """Return the first ids of some rows, and how many more there are."""
    return examples([row["id"] for row in engine.rows(rows.order_by("id").limit(MAX_EXAMPLES))], total)
