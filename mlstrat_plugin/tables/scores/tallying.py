"""Join predictions to the splits and sum up what the metric needs by split and source, in one scan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.errors import MAX_EXAMPLES, PredictionsError, did_you_mean, examples, listed
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.engines.duckdb import Engine, reading
from mlstrat_plugin.tables.scores.metrics import NO_SLICE, Cell, Measure
from mlstrat_plugin.tables.scores.registry import measure_of
from mlstrat_plugin.tables.values import kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ibis.expr.types import Table

    from mlstrat_plugin.core.estimates.confusion import Scorer
    from mlstrat_plugin.core.estimates.tallies import Tally
    from mlstrat_plugin.params.data import Columns
    from mlstrat_plugin.params.scoring import Evaluate

AGAIN = "run the predict stage again, on the splits as they are now"


@dataclass(frozen=True, kw_only=True)
class Tallies:
    """Tallies by split and source and of the ladder's rungs, and what the model was trained on.

    ``ladder`` holds one tally per measured split; its train and train-dev count the sources that the model was trained
    on.
    """

    by_source: dict[str, dict[str, Tally]]
    ladder: dict[str, Tally]
    trained_on: tuple[str, ...]
    not_trained_on: tuple[str, ...]
    groups: dict[str, int] | None
    train_rows: int | None

    def without(self, split: Split) -> Tallies:
        """Return the tallies without those of one split."""
        return replace(
            self,
            by_source={name: tallies for name, tallies in self.by_source.items() if name != split.value},
            ladder={name: tally for name, tally in self.ladder.items() if name != split.value},
            groups=None if self.groups is None else {n: c for n, c in self.groups.items() if n != split.value},
        )


def tally(engine: Engine, folder: Path, columns: Columns, params: Evaluate, scorer: Scorer | None = None) -> Tallies:
    """Sum up the answers.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    folder : Path
        Folder of the four split files.
    columns : params.Columns
        Names of id, label, group, weight and slice.
    params : params.Evaluate
        The metric, where the predictions are and what they cover.
    scorer : Scorer, optional
        Turns counts by label and prediction into the metric, where it is one of those.

    Raises
    ------
    PredictionsError
        A file is missing or unreadable; a column is not there; predictions are of another type than the labels, null,
        duplicated, for unknown ids, or missing for rows that have to be scored; losses or weights are no numbers to
        count with. All problems are named, with example ids.
    """
    files = {split: folder / f"{split.file_stem}.parquet" for split in Split}
    missing = [str(file) for file in files.values() if not file.is_file()]
    if missing:
        raise PredictionsError(f"split files are missing: {', '.join(missing)}", hint="run `mlstrat split`")
    with reading("the splits", "run `mlstrat split` again"):
        tables = {split: engine.read_parquet([file]) for split, file in files.items()}
        sizes = {split: engine.count(table) for split, table in tables.items()}
    measure = measure_of(columns, params, scorer)
    predictions = _open(engine, Path(params.predictions), columns, params)
    _require_type(tables[Split.DEV], predictions, columns, params)
    rows = ibis.union(*(_rows(table, split, columns) for split, table in tables.items()))
    with reading(f"the predictions ({params.predictions})", AGAIN):
        joined = rows.outer_join(predictions, rows.id == predictions.answered)
        units = _units(engine, joined, measure)
        cells = engine.rows(_cells(units, measure, ("split", "source")))
        problems = _problems(engine, joined, predictions, cells, sizes, measure)
        if problems:
            raise PredictionsError(f"{params.predictions}: {listed(problems)}", hint=AGAIN)
        known = [cell for cell in cells if cell["split"] is not None]
        trained_on, holes = _coverage(_merged(known), params)
        if holes:
            raise PredictionsError(
                f"{params.predictions}: {listed(holes)}: {_unanswered(engine, joined, trained_on)}",
                hint=f"{AGAIN}; or declare mlstrat.evaluate.train: sample if train was sampled",
            )
        if params.metric == "weighted_error":
            _add_heaviest(engine, joined, known)
        return _tallies(engine, units, known, trained_on, params, measure)


def _rows(table: Table, split: Split, columns: Columns) -> Table:
    """Return the columns of one split that are scored, under their meaning."""
    optional = {"unit": columns.group, "weight": columns.weight, "slice": columns.slice}
    absent = [name for name in optional.values() if name is not None and name not in table.columns]
    if absent:
        named = "; ".join(f"no column {name!r}{did_you_mean(name, table.columns)}" for name in absent)
        raise PredictionsError(
            f"the splits: {named}", hint="bring the column in the sources and run `mlstrat split` again"
        )
    picked = {name: table[column] for name, column in optional.items() if column is not None}
    if "unit" in picked:  # a row without a group is its own
        picked["unit"] = picked["unit"].cast("string").fill_null(table[columns.id].cast("string"))
    if "slice" in picked:
        picked["slice"] = picked["slice"].cast("string").fill_null(NO_SLICE)
    picked |= {name: table[column] for name, column in _label_names(columns)}
    return table.select(id=table[columns.id], source=table.source, split=ibis.literal(split.value), **picked)


def _label_names(columns: Columns) -> list[tuple[str, str]]:
    """Return our name of each column with right answers, and its name in the splits."""
    if not columns.labels:
        return [("label", columns.label)]
    return [(f"label_{i}", column) for i, column in enumerate(columns.labels)]


def _answer_names(columns: Columns, params: Evaluate) -> list[tuple[str, str]]:
    """Return our name of each column with answers, and its name in the predictions: that of its task, if there are."""
    if columns.labels:
        return [(f"answer_{i}", column) for i, column in enumerate(columns.labels)]
    return [("loss", params.loss)] if params.metric == "mean_loss" else [("prediction", "prediction")]


def _units(engine: Engine, joined: Table, measure: Measure) -> Table:
    """Return one row per answer, or per group of answers, with what the measure sums."""
    answered = joined.answered.notnull()
    brought = {
        name: ibis.ifelse(answered, value, 0).fill_null(0).cast(value.type())
        for name, value in measure.row(joined).items()
    }
    part = {"part": joined.unit.hexdigest("md5").substr(0, 2)} if "part" in measure.keys else {}
    rows = joined.select(
        "split",
        "source",
        *(key for key in measure.keys if key != "part"),
        *(["unit"] if measure.sums_units else []),
        n=ibis.literal(1, type="int64"),
        predicted=answered.cast("int64"),
        null=(answered & measure.flawed(joined)).cast("int64"),
        **part,
        **brought,
    )
    if not measure.sums_units:
        return rows
    # The join is computed first, as narrow rows: with the groups beside it two large tables would share the memory.
    counts = {name: rows[name].cast("int8") for name in rows.columns if name != "n" and rows[name].type().is_integer()}
    narrow = engine.keep(rows.select(**{name: counts.get(name, rows[name]) for name in rows.columns if name != "n"}))
    groups = narrow.group_by("split", "source", *measure.keys, "unit")
    return engine.keep(groups.agg(n=narrow.count(), **measure.sums(narrow)))


def _cells(units: Table, measure: Measure, by: tuple[str, ...]) -> Table:
    counts = {name: units[name].sum() for name in ("n", "predicted", "null")}
    return units.group_by(*by, *measure.keys).agg(**counts, units=(units.predicted > 0).sum(), **measure.moments(units))


def _merged(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return rows and answers by split and source, whatever else the measure splits by."""
    merged: dict[tuple[str, str], dict[str, Any]] = {}
    for cell in cells:
        key = (cell["split"], cell["source"])
        into = merged.setdefault(key, {"split": key[0], "source": key[1], "n": 0, "predicted": 0})
        into["n"] += cell["n"]
        into["predicted"] += cell["predicted"]
    return list(merged.values())


def _add_heaviest(engine: Engine, joined: Table, cells: list[dict[str, Any]]) -> None:
    """Add to each cell its largest weight and how many answers carry it: they decide the metric."""
    answered = joined.filter(joined.split.notnull() & joined.answered.notnull())
    by_weight = answered.group_by("split", "source", weight=answered.weight.cast("float64")).agg(rows=ibis._.count())
    heaviest = by_weight.group_by("split", "source").agg(
        top_weight=by_weight.weight.max(), top_rows=by_weight["rows"].argmax(by_weight.weight)
    )
    found = {(row["split"], row["source"]): row for row in engine.rows(heaviest)}
    for cell in cells:
        cell.update(found.get((cell["split"], cell["source"]), {}))


def _open(engine: Engine, file: Path, columns: Columns, params: Evaluate) -> Table:
    """Return the columns ``answered`` (the id), and ``prediction`` or ``loss``."""
    if not file.is_file():
        raise PredictionsError(f"predictions file {file} does not exist", hint="run the predict stage first")
    try:
        with reading(f"predictions {file}", AGAIN):
            table = engine.read(file, text_columns=[columns.id])
    except PredictionsError:
        raise
    except Exception as error:  # the reader's own error, said as what it is to the user
        raise PredictionsError(str(error), hint=AGAIN) from error
    answers = _answer_names(columns, params)
    names = [columns.id, *(name for _, name in answers)]
    absent = [name for name in names if name not in table.columns]
    if absent:
        named = "; ".join(f"no column {name!r}{did_you_mean(name, table.columns)}" for name in absent)
        raise PredictionsError(
            f"{file}: {named}; it has {', '.join(map(repr, table.columns[:20]))}",
            hint=f"write one row per scored example with the columns {', '.join(names)}",
        )
    return table.select(answered=table[columns.id], **{ours: table[theirs] for ours, theirs in answers})


def _require_type(split: Table, predictions: Table, columns: Columns, params: Evaluate) -> None:
    """Refuse predictions that can never equal a label, such as text for numbers."""
    pairs = [(columns.id, columns.id, split[columns.id], predictions.answered)]
    if "loss" in predictions.columns:
        if kind(predictions.loss) not in {"integer", "floating"}:
            raise PredictionsError(
                f"{params.predictions}: {params.loss} is {predictions.loss.type()}, not a number",
                hint="write the loss of each example as a number",
            )
    else:
        answers = zip(_answer_names(columns, params), columns.answers, strict=True)
        pairs += [(theirs, label, split[label], predictions[ours]) for (ours, theirs), label in answers]
    for theirs, label, right, given in pairs:
        kinds = {kind(right), kind(given)}
        if len(kinds) > 1 and not (columns.labels and kinds == {"integer", "floating"}):  # empty cells make floats
            raise PredictionsError(
                f"{params.predictions}: {theirs} is {given.type()}, but {label} in the splits is {right.type()}",
                hint="write predictions in the type of the labels; pandas turns whole numbers with gaps into floats",
            )


def _problems(
    engine: Engine,
    joined: Table,
    predictions: Table,
    cells: list[dict[str, Any]],
    sizes: dict[Split, int],
    measure: Measure,
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
        empty = joined.filter(joined.answered.notnull() & measure.flawed(joined)).select(id=joined.answered)
        problems.append(f"{null:,} {measure.flaw}: {_ids(engine, empty, null)}")
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


def _ids(engine: Engine, rows: Table, total: int) -> str:
    return examples([row["id"] for row in engine.rows(rows.order_by("id").limit(MAX_EXAMPLES))], total)


def _heaviest(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the largest weight of several cells and how many answers carry it."""
    top = max((cell.get("top_weight") or 0.0 for cell in cells), default=0.0)
    return {"top_weight": top, "top_rows": sum(cell["top_rows"] for cell in cells if cell.get("top_weight") == top)}


def _tallies(
    engine: Engine,
    units: Table,
    cells: list[dict[str, Any]],
    trained_on: tuple[str, ...],
    params: Evaluate,
    measure: Measure,
) -> Tallies:
    by_source: dict[str, dict[str, Tally]] = {}
    for split in Split:
        mine = [cell for cell in cells if cell["split"] == split.value]
        for source in sorted({str(cell["source"]) for cell in mine if cell["predicted"]}):
            found = measure.tally([cell for cell in mine if cell["source"] == source])
            by_source.setdefault(split.value, {})[source] = found
    counted = [c for c in cells if c["split"] in ("dev", "test") or c["source"] in trained_on]
    if measure.sums_units:  # a group may have rows of several sources
        scored = units.split.isin(["dev", "test"]) | units.source.isin(list(trained_on) or [""])
        names = [c for c in units.columns if c not in ("split", "source", "unit", *measure.keys)]
        whole = units.filter(units.split.notnull() & scored).group_by("split", *measure.keys, "unit")
        again = engine.rows(_cells(whole.agg(**{name: ibis._[name].sum() for name in names}), measure, ("split",)))
        counted = [{**_heaviest([c for c in counted if c["split"] == cell["split"]]), **cell} for cell in again]
    by_split = {split.value: [c for c in counted if c["split"] == split.value and c["predicted"]] for split in Split}
    return Tallies(
        by_source=by_source,
        ladder={split: measure.tally(mine) for split, mine in by_split.items() if mine},
        trained_on=trained_on,
        not_trained_on=tuple(sorted({str(c["source"]) for c in cells if c["split"] == "train"} - set(trained_on))),
        groups={s: sum(int(c["units"]) for c in mine) for s, mine in by_split.items() if mine}
        if measure.sums_units
        else None,
        train_rows=sum(c["n"] for c in cells if c["split"] == "train" and c["source"] in trained_on)
        if params.train == "sample"
        else None,
    )
