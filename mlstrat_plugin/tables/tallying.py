"""Join predictions to the splits and count right and wrong answers by split and source, in one scan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.core.tallies import ErrorTally
from mlstrat_plugin.errors import MAX_EXAMPLES, PredictionsError, did_you_mean, examples, listed
from mlstrat_plugin.records import Split
from mlstrat_plugin.tables.engine import Engine, reading

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from mlstrat_plugin.params import Columns, Evaluate

AGAIN = "run the predict stage again, on the splits as they are now"


@dataclass(frozen=True, kw_only=True)
class Tallies:
    """Counts by split and source, and what the model was trained on."""

    by_source: dict[str, dict[str, ErrorTally]]
    trained_on: tuple[str, ...]
    not_trained_on: tuple[str, ...]
    groups: dict[str, int] | None
    train_rows: int | None

    def ladder(self) -> dict[str, ErrorTally]:
        """Return one tally per measured split; train and train-dev count the sources that the model was trained on."""
        result = {}
        for split, tallies in self.by_source.items():
            mine = [t for source, t in tallies.items() if split in ("dev", "test") or source in self.trained_on]
            total = sum(mine, ErrorTally(wrong=0, n=0))
            if total.n:
                result[split] = total
        return result


def tally(engine: Engine, folder: Path, columns: Columns, params: Evaluate) -> Tallies:
    """Count the answers.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    folder : Path
        Folder of the four split files.
    columns : params.Columns
        Names of id, label and group.
    params : params.Evaluate
        Where the predictions are and what they cover.

    Raises
    ------
    PredictionsError
        A file is missing or unreadable; the columns ``id`` and ``prediction`` are not there; predictions are of another
        type than the labels, null, duplicated, for unknown ids, or missing for rows that have to be scored. All
        problems are named, with example ids.
    """
    files = {split: folder / f"{split.file_stem}.parquet" for split in Split}
    missing = [str(file) for file in files.values() if not file.is_file()]
    if missing:
        raise PredictionsError(f"split files are missing: {', '.join(missing)}", hint="run `mlstrat split`")
    with reading("the splits", "run `mlstrat split` again"):
        tables = {split: engine.read_parquet([file]) for split, file in files.items()}
        sizes = {split: engine.count(table) for split, table in tables.items()}
    predictions = _open(engine, Path(params.predictions), columns)
    _require_type(tables[Split.DEV], predictions, columns, params)
    rows = ibis.union(
        *(
            table.select(
                id=table[columns.id], label=table[columns.label], source=table.source, split=ibis.literal(s.value)
            )
            for s, table in tables.items()
        )
    )
    with reading(f"the predictions ({params.predictions})", AGAIN):
        joined = rows.outer_join(predictions, rows.id == predictions.answered)
        cells = engine.rows(_cells(joined))
        problems = _problems(engine, joined, predictions, cells, sizes)
        if problems:
            raise PredictionsError(f"{params.predictions}: {listed(problems)}", hint=AGAIN)
        known = [cell for cell in cells if cell["split"] is not None]
        trained_on, holes = _coverage(known, params)
        if holes:
            raise PredictionsError(
                f"{params.predictions}: {listed(holes)}: {_unanswered(engine, joined, trained_on)}",
                hint=f"{AGAIN}; or declare mlstrat.evaluate.train: sample if train was sampled",
            )
        return _tallies(engine, tables, known, trained_on, columns, params)


def _open(engine: Engine, file: Path, columns: Columns) -> Table:
    """Return the columns ``answered`` (the id) and ``prediction``."""
    if not file.is_file():
        raise PredictionsError(f"predictions file {file} does not exist", hint="run the predict stage first")
    try:
        with reading(f"predictions {file}", AGAIN):
            is_csv = file.suffix == ".csv"
            table = engine.read_csv(file, text_columns=[columns.id]) if is_csv else engine.read_parquet([file])
    except PredictionsError:
        raise
    except Exception as error:  # the reader's own error, said as what it is to the user
        raise PredictionsError(str(error), hint=AGAIN) from error
    absent = [name for name in (columns.id, "prediction") if name not in table.columns]
    if absent:
        named = "; ".join(f"no column {name!r}{did_you_mean(name, table.columns)}" for name in absent)
        raise PredictionsError(
            f"{file}: {named}; it has {', '.join(map(repr, table.columns[:20]))}",
            hint="write one row per scored example with the columns id and prediction",
        )
    return table.select(answered=table[columns.id], prediction=table.prediction)


def _require_type(split: Table, predictions: Table, columns: Columns, params: Evaluate) -> None:
    """Refuse predictions that can never equal a label, such as text for numbers."""
    pairs = (
        (columns.label, split[columns.label], predictions.prediction),
        (columns.id, split[columns.id], predictions.answered),
    )
    for name, ours, theirs in pairs:
        kinds = [_kind(value.type()) for value in (ours, theirs)]
        if kinds[0] != kinds[1]:
            raise PredictionsError(
                f"{params.predictions}: {'prediction' if name == columns.label else name} is {theirs.type()}, "
                f"but {name} in the splits is {ours.type()}",
                hint="write predictions in the type of the labels; pandas turns whole numbers with gaps into floats",
            )


def _kind(dtype: Any) -> str:
    for kind in ("boolean", "integer", "floating", "string"):
        if getattr(dtype, f"is_{kind}")():
            return kind
    return str(dtype)


def _cells(joined: Table) -> Table:
    answered = joined.answered.notnull()
    return joined.group_by("split", "source").agg(
        n=joined.count(),
        predicted=answered.sum(),
        null=(answered & _no_answer(joined)).sum(),
        wrong=(joined.label != joined.prediction).sum().fill_null(0),
    )


def _no_answer(joined: Table) -> ibis.expr.types.BooleanValue:
    value = joined.prediction
    return value.isnull() | value.isnan() if value.type().is_floating() else value.isnull()


def _problems(
    engine: Engine, joined: Table, predictions: Table, cells: list[dict[str, Any]], sizes: dict[Split, int]
) -> list[str]:
    """Return what is wrong with the predictions themselves."""
    problems = []
    unknown = sum(cell["n"] for cell in cells if cell["split"] is None)
    if unknown:
        strangers = joined.filter(joined.split.isnull()).select(id=joined.answered)
        problems.append(f"{unknown:,} predictions for ids that are in no split: {_ids(engine, strangers, unknown)}")
    rows = {split: sum(c["n"] for c in cells if c["split"] == split.value) for split in Split}
    if any(rows[split] > sizes[split] for split in Split):
        counted = predictions.group_by(id=predictions.answered).agg(n=ibis._.count())
        twice = counted.filter(counted.n > 1)
        problems.append(f"ids are predicted more than once: {_ids(engine, twice.select('id'), engine.count(twice))}")
    null = sum(cell["null"] for cell in cells if cell["split"] is not None)
    if null:
        empty = joined.filter(joined.answered.notnull() & _no_answer(joined)).select(id=joined.answered)
        problems.append(f"{null:,} predictions are null: {_ids(engine, empty, null)}")
    return problems


def _coverage(cells: list[dict[str, Any]], params: Evaluate) -> tuple[tuple[str, ...], list[str]]:
    """Return the sources that the model was trained on, and the rows that should have been predicted."""
    by = {(cell["split"], cell["source"]): cell for cell in cells}
    mix = [cell for cell in cells if cell["split"] == "train"] or [c for c in cells if c["split"] == "train-dev"]
    if not any(cell["predicted"] for cell in mix):
        mix = [cell for cell in cells if cell["split"] == "train-dev"]
    predicted = tuple(sorted(cell["source"] for cell in mix if cell["predicted"]))
    trained_on = predicted if params.trained_on == "predicted" else tuple(params.trained_on)
    holes = []
    for (split, source), cell in sorted(by.items()):
        absent = cell["n"] - cell["predicted"]
        whole_split_absent = not any(c["predicted"] for (s, _), c in by.items() if s == split)
        optional = split in ("train", "train-dev") and (source not in trained_on or whole_split_absent)
        sampled = split == "train" and params.train == "sample" and cell["predicted"]
        if absent and not sampled and not (optional and cell["predicted"] == 0):
            holes.append(f"{absent:,} of {cell['n']:,} {split} rows of {source} have no prediction")
    return trained_on, holes


def _unanswered(engine: Engine, joined: Table, trained_on: tuple[str, ...]) -> str:
    scored = joined.split.isin(["dev", "test"]) | joined.source.isin(list(trained_on) or [""])
    rows = joined.filter(joined.split.notnull() & joined.answered.isnull() & scored).select(id=joined.id)
    return _ids(engine, rows, engine.count(rows))


def _groups(engine: Engine, table: Table, column: str, sources: list[str]) -> int:
    """Count the groups among the scored rows of one split."""
    return int(engine.rows(table.aggregate(n=table[column].nunique(where=table.source.isin(sources))))[0]["n"])


def _ids(engine: Engine, rows: Table, total: int) -> str:
    return examples([row["id"] for row in engine.rows(rows.order_by("id").limit(MAX_EXAMPLES))], total)


def _tallies(
    engine: Engine,
    tables: dict[Split, Table],
    cells: list[dict[str, Any]],
    trained_on: tuple[str, ...],
    columns: Columns,
    params: Evaluate,
) -> Tallies:
    by_source: dict[str, dict[str, ErrorTally]] = {split.value: {} for split in Split}
    for cell in sorted(cells, key=lambda c: str(c["source"])):
        if cell["predicted"]:
            by_source[cell["split"]][cell["source"]] = ErrorTally(wrong=int(cell["wrong"]), n=int(cell["predicted"]))
    groups = None
    if columns.group is not None:
        groups = {
            split.value: _groups(engine, tables[split], columns.group, list(by_source[split.value]))
            for split in (Split.TRAIN_DEV, Split.DEV, Split.TEST)
            if by_source[split.value]
        }
    return Tallies(
        by_source={split: tallies for split, tallies in by_source.items() if tallies},
        trained_on=trained_on,
        not_trained_on=tuple(sorted({str(c["source"]) for c in cells if c["split"] == "train"} - set(trained_on))),
        groups=groups,
        train_rows=sum(c["n"] for c in cells if c["split"] == "train" and c["source"] in trained_on)
        if params.train == "sample"
        else None,
    )
