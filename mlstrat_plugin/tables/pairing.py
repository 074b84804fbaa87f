"""Two tables of predictions for the same rows: what the second got right that the first did not, and the other way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.core.pairing import PairedTally
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.engine import Engine, reading

if TYPE_CHECKING:
    from pathlib import Path

    from ibis.expr.types import Table

    from mlstrat_plugin.params.block import Columns
    from mlstrat_plugin.records.diagnosis import Diagnosis


@dataclass(frozen=True, kw_only=True)
class Answers:
    """One run's rows: where they are, and the diagnosis that was made of them."""

    name: str
    splits: Path
    predictions: Path
    columns: Columns
    diagnosis: Diagnosis


def pair(engine: Engine, first: Answers, second: Answers) -> tuple[dict[str, PairedTally], tuple[str, ...]]:
    """Pair the answers of two runs, split by split.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    first, second : Answers
        The two runs.

    Returns
    -------
    tuple
        One tally per split whose scored rows and labels are the same in both runs and are those of the diagnoses, and a
        sentence for each split that is not paired and why.
    """
    shared = {*first.diagnosis.errors} & {*second.diagnosis.errors}
    splits = [split for split in Split if split.value in shared]
    with reading("the rows of both runs", "run the pipeline again"):
        found = _seen(engine, _scored(engine, first, splits, "a"), _scored(engine, second, splits, "b"))
    paired, notes = {}, []
    for split in splits:
        seen = found.get(split.value, {"n": 0})
        reason = _mismatch(seen, split.value, first, second)
        if reason:
            notes.append(f"{split.value} is compared as two samples: {reason}")
        else:
            paired[split.value] = _tally(seen, grouped=second.columns.group is not None)
    return paired, tuple(notes)


def _scored(engine: Engine, run: Answers, splits: list[Split], mark: str) -> Table:
    """Return split, id, label, group and answer of the rows that the run's ladder counts."""
    rows = ibis.union(*(_rows(engine, run, split, mark) for split in splits))
    answers = engine.read(run.predictions, text_columns=[run.columns.id])
    given = answers.select(answered=answers[run.columns.id], **{f"answer_{mark}": answers.prediction})
    return rows.join(given, rows[f"id_{mark}"] == given.answered).drop("answered")


def _rows(engine: Engine, run: Answers, split: Split, mark: str) -> Table:
    rows = engine.read_parquet([run.splits / f"{split.file_stem}.parquet"])
    if split in (Split.TRAIN, Split.TRAIN_DEV):
        rows = rows.filter(rows.source.isin(list(run.diagnosis.trained_on) or [""]))
    key = rows[run.columns.id]
    group = key if run.columns.group is None else rows[run.columns.group].cast("string").fill_null(key.cast("string"))
    named = {"split": ibis.literal(split.value), "id": key, "label": rows[run.columns.label], "unit": group}
    return rows.select(**{f"{name}_{mark}": value for name, value in named.items()})


def _seen(engine: Engine, first: Table, second: Table) -> dict[str, dict[str, Any]]:
    """Count in one scan what the two have in common, by split and group and then by split."""
    both = first.outer_join(second, [first.id_a == second.id_b, first.split_a == second.split_b])
    wrong_a, wrong_b = (both.label_a != both.answer_a).cast("int64"), (both.label_b != both.answer_b).cast("int64")
    shared = both.id_a.notnull() & both.id_b.notnull()
    rows = both.select(
        split=both.split_a.fill_null(both.split_b),
        unit=both.unit_a,
        n=shared.cast("int64"),
        only_a=both.id_b.isnull().cast("int64"),
        only_b=both.id_a.isnull().cast("int64"),
        relabelled=(both.label_a != both.label_b).cast("int64").fill_null(0),
        wrong_a=wrong_a.fill_null(0),
        wrong_b=wrong_b.fill_null(0),
        broken=(shared & (wrong_b > wrong_a)).cast("int64").fill_null(0),
        fixed=(shared & (wrong_a > wrong_b)).cast("int64").fill_null(0),
    )
    names = [name for name in rows.columns if name not in ("split", "unit")]
    units = rows.group_by("split", "unit").agg(**{name: rows[name].sum() for name in names})
    d = units.broken - units.fixed
    moments = {"dd": (d * d).sum(), "dn": (d * units.n).sum(), "nn": (units.n * units.n).sum()}
    sums = {name: units[name].sum() for name in names}
    cells = units.group_by("split").agg(**sums, units=(units.n > 0).sum(), **moments)
    return {cell["split"]: cell for cell in engine.rows(cells)}


def _mismatch(seen: dict[str, Any], split: str, first: Answers, second: Answers) -> str:
    """Return why the rows of the two runs are not the same, or nothing."""
    if not seen["n"]:
        return "they share no row"
    if seen["only_a"] or seen["only_b"]:
        return f"{seen['only_a']:,} rows are scored in {first.name} only, {seen['only_b']:,} in {second.name} only"
    if seen["relabelled"]:
        return f"{seen['relabelled']:,} rows have another label"
    for run, wrong in ((first, seen["wrong_a"]), (second, seen["wrong_b"])):
        saved = run.diagnosis.errors[split]
        if (saved.n, saved.wrong) != (seen["n"], wrong):
            return f"the predictions of {run.name} are not those that its diagnosis was made of"
    return ""


def _tally(seen: dict[str, Any], *, grouped: bool) -> PairedTally:
    counts = {name: int(seen[name]) for name in ("broken", "fixed", "n")}
    if not grouped:
        return PairedTally(**counts)
    return PairedTally(**counts, groups=int(seen["units"]), **{name: int(seen[name]) for name in ("dd", "dn", "nn")})
