"""Two tables of predictions for the same rows: what the second got right that the first did not, and the other way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.core.estimates.paired import PairedTally, WeightedPairs
from mlstrat_plugin.core.estimates.tallies import LossTally
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.engines.duckdb import Engine, reading

if TYPE_CHECKING:
    from pathlib import Path

    from ibis.expr.types import Table, Value

    from mlstrat_plugin.core.estimates.estimate import Estimate, Quantity
    from mlstrat_plugin.params.data import Columns
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


MAX_CLASSES = 64  # distinct weights that each get a pseudo-row; beyond, one pair at their root mean square


LOSS = "mean_loss"


@dataclass(frozen=True, kw_only=True)
class Change:
    """Challenger minus champion on the rows that both answered; ``why`` says why there is none."""

    amount: Quantity | None
    pairs: PairedTally | None
    n: int
    why: str = ""


def change_of(engine: Engine, champion: Path, challenger: Path, split: Split, metric: str, *, grouped: bool) -> Change:
    """Pair two tables of outcomes on one split.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    champion, challenger : Path
        Two files that ``write_outcomes`` made.
    split : Split
        dev or test.
    metric : str
        error_rate, weighted_error or mean_loss.
    grouped : bool
        Rows of one unit are not independent.
    """
    with reading("the outcomes of champion and challenger", "run `mlstrat gate` for both again"):
        first, second = (_of(engine, file, split, mark) for file, mark in ((champion, "a"), (challenger, "b")))
        both = engine.keep(first.outer_join(second, first.id_a == second.id_b))
        shared = both.id_a.notnull() & both.id_b.notnull()
        differs = (both.label_a != both.label_b) | (both.weight_a != both.weight_b) | (both.unit_a != both.unit_b)
        (seen,) = engine.rows(
            both.aggregate(
                n=shared.cast("int64").sum(),
                only_a=both.id_b.isnull().cast("int64").sum(),
                only_b=both.id_a.isnull().cast("int64").sum(),
                differs=differs.cast("int64").sum(),
            )
        )
        why = _unlike(seen, split)
        if why:
            return Change(amount=None, pairs=None, n=0, why=why)
        rows = both.select(unit=both.unit_b, w=both.weight_b, d=both.value_b - both.value_a)
        return _paired(engine, rows, metric, grouped=grouped)


def _unlike(seen: dict[str, Any], split: Split) -> str:
    if not seen["n"]:
        return f"champion and challenger share no row of {split.value}"
    if seen["only_a"] or seen["only_b"]:
        return (
            f"{split.value} has {seen['only_a']:,} rows that only the champion answered, "
            f"and {seen['only_b']:,} that only the challenger did"
        )
    if seen["differs"]:
        return f"{seen['differs']:,} rows of {split.value} have another label, weight or group than the champion's"
    return ""


def _of(engine: Engine, file: Path, split: Split, mark: str) -> Table:
    rows = engine.read_parquet([file])
    rows = rows.filter(rows.split == split.value)
    return rows.select(**{f"{name}_{mark}": rows[name] for name in ("id", "label", "unit", "weight", "value")})


def _paired(engine: Engine, rows: Table, metric: str, *, grouped: bool) -> Change:
    if metric == LOSS:
        tally = _losses(engine, rows.mutate(a=rows.d), grouped=grouped)
        return Change(amount=tally.estimate(), pairs=None, n=tally.n)
    broken, fixed = ((rows.d > 0).cast("int64"), (rows.d < 0).cast("int64"))
    rows = rows.mutate(broken=broken, fixed=fixed)
    (counts,) = engine.rows(rows.aggregate(n=rows.count(), broken=rows.broken.sum(), fixed=rows.fixed.sum()))
    plain = {name: int(counts[name]) for name in ("n", "broken", "fixed")}
    if metric == "weighted_error":
        return Change(amount=_weighted(engine, rows, grouped=grouped), pairs=PairedTally(**plain), n=plain["n"])
    if not grouped:
        pairs = PairedTally(**plain)
    else:
        units = rows.group_by("unit").agg(n=rows.count(), d=rows.broken.sum() - rows.fixed.sum())
        (sums,) = engine.rows(_second(units, units.d, units.n))
        names = {"dd": "aa", "dn": "ab", "nn": "bb"}
        pairs = PairedTally(**plain, groups=int(sums["units"]), **{k: int(sums[v]) for k, v in names.items()})
    return Change(amount=pairs.estimate(), pairs=pairs, n=plain["n"])


def _second(units: Table, a: Value, b: Value) -> Table:
    return units.aggregate(units=units.count(), aa=(a * a).sum(), ab=(a * b).sum(), bb=(b * b).sum())


def _weighted(engine: Engine, rows: Table, *, grouped: bool) -> Estimate:
    rows = rows.mutate(wd=rows.w * rows.d)
    units = rows.group_by("unit").agg(w=rows.w.sum(), wd=rows.wd.sum()) if grouped else rows
    squares = (units.wd * units.wd).sum()
    (sums,) = engine.rows(
        units.aggregate(
            weight=units.w.sum(), change=units.wd.sum(), discordant=squares, signed=(units.wd * units.w).sum(),
            squares=(units.w * units.w).sum(), units=units.count(),
        )
    )  # fmt: skip
    found = [float(row["w"]) for row in engine.rows(rows.select("w").distinct().limit(MAX_CLASSES + 1)) if row["w"] > 0]
    (moments,) = engine.rows(rows.aggregate(n=rows.count(), ww=(rows.w * rows.w).sum()))
    classes = found if len(found) <= MAX_CLASSES else [(float(moments["ww"]) / moments["n"]) ** 0.5]
    names = ("weight", "change", "discordant", "signed", "squares")
    return WeightedPairs(
        **{name: float(sums[name]) for name in names},
        classes=tuple(sorted(classes)),
        n=int(moments["n"]),
        groups=int(sums["units"]) if grouped else None,
    ).estimate()


def _losses(engine: Engine, rows: Table, *, grouped: bool) -> LossTally:
    units = rows.group_by("unit").agg(a=rows.a.sum(), b=rows.count().cast("float64"))
    if not grouped:
        units = rows.select(a=rows.a, b=ibis.literal(1.0))
    a, b = units.a, units.b
    products = {"aa": a * a, "aaa": a * a * a, "ab": a * b, "aab": a * a * b, "abb": a * b * b, "bb": b * b}
    products |= {"a": a, "bbb": b * b * b}
    (sums,) = engine.rows(
        units.aggregate(n=b.sum(), units=units.count(), **{name: value.sum() for name, value in products.items()})
    )
    counts = {"n": int(sums["n"]), "units": int(sums["units"])}
    powers: dict[str, Any] = {name: float(sums[name]) for name in products}
    return LossTally(**counts, **powers, grouped=grouped)
