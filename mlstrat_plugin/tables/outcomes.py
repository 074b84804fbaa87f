"""How a model answered each row of dev and test: the table that travels with its run, and two of them paired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.core.pairing import PairedTally, WeightedPairs
from mlstrat_plugin.core.tallies import ErrorTally, LossTally, RatioTally
from mlstrat_plugin.errors import PredictionsError
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.engine import Engine, reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ibis.expr.types import Table, Value

    from mlstrat_plugin.core.estimate import Estimate, Quantity
    from mlstrat_plugin.params.block import Columns

MAX_CLASSES = 64  # distinct weights that each get a pseudo-row; beyond, one pair at their root mean square
LOSS = "mean_loss"


@dataclass(frozen=True, kw_only=True)
class Change:
    """Challenger minus champion on the rows that both answered; ``why`` says why there is none."""

    amount: Quantity | None
    pairs: PairedTally | None
    n: int
    why: str = ""


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
        why = _mismatch(seen, split)
        if why:
            return Change(amount=None, pairs=None, n=0, why=why)
        rows = both.select(unit=both.unit_b, w=both.weight_b, d=both.value_b - both.value_a)
        return _paired(engine, rows, metric, grouped=grouped)


def _of(engine: Engine, file: Path, split: Split, mark: str) -> Table:
    rows = engine.read_parquet([file])
    rows = rows.filter(rows.split == split.value)
    return rows.select(**{f"{name}_{mark}": rows[name] for name in ("id", "label", "unit", "weight", "value")})


def _mismatch(seen: dict[str, Any], split: Split) -> str:
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


def slice_errors(engine: Engine, file: Path, split: Split, *, grouped: bool) -> dict[str, ErrorTally | RatioTally]:
    """Return the wrong rows of each slice of a split, from a file that ``write_outcomes`` made."""
    rows = engine.read_parquet([file])
    return errors_by(engine, rows.filter(rows.split == split.value), "slice", grouped=grouped)


def errors_by(engine: Engine, rows: Table, key: str, *, grouped: bool) -> dict[Any, ErrorTally | RatioTally]:
    """Return the wrong rows by a column; ``rows`` has that column, ``unit``, and ``value`` (1 for a wrong answer)."""
    units = rows.group_by(key, "unit").agg(a=rows.value.sum(), b=rows.count().cast("float64"))
    found: dict[Any, ErrorTally | RatioTally] = {}
    for cell in engine.rows(
        units.group_by(key).agg(
            n=units.b.sum(), units=units.count(), a=units.a.sum(), aa=(units.a * units.a).sum(),
            ab=(units.a * units.b).sum(), bb=(units.b * units.b).sum(),
        )
    ):  # fmt: skip
        n, wrong = int(cell["n"]), float(cell["a"])
        sums: dict[str, Any] = {name: float(cell[name]) for name in ("a", "aa", "ab", "bb")}
        found[cell[key]] = (
            RatioTally(n=n, units=int(cell["units"]), b=float(n), row_bb=float(n), grouped=True, **sums)
            if grouped
            else ErrorTally(wrong=int(wrong), n=n)
        )
    return found


def slow_rows(engine: Engine, file: Path, limit: float) -> ErrorTally | None:
    """Return how many dev rows took at least so many milliseconds; nothing where a row has no latency."""
    rows = engine.read_parquet([file])
    rows = rows.filter(rows.split == Split.DEV.value)
    latency = rows.latency_ms
    unknown = latency.isnull() | latency.isnan()
    (seen,) = engine.rows(
        rows.aggregate(
            n=rows.count(),
            unknown=unknown.cast("int64").sum(),
            slow=(latency >= limit).cast("int64").sum(),
        )
    )
    return None if not seen["n"] or seen["unknown"] else ErrorTally(wrong=int(seen["slow"]), n=int(seen["n"]))


def readable_latency(engine: Engine, file: Path, rank: int) -> float | None:
    """Return the latency of the dev row at this rank, from 1 for the fastest; nothing beyond the last."""
    rows = engine.read_parquet([file])
    rows = rows.filter(rows.split == Split.DEV.value).order_by("latency_ms")
    found = engine.rows(rows.select("latency_ms").limit(1, offset=rank - 1))
    return float(found[0]["latency_ms"]) if found else None
