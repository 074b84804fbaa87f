"""What the conditions of a policy ask for, measured on the rows of a model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.tallies import ErrorTally
from mlstrat_plugin.core.gate.decision import fewest_rows, upper_rank
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.words import GAPS, LADDER, Split
from mlstrat_plugin.tables.scores.slice_errors import slice_errors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlstrat_plugin.core.diagnosis.diagnose import Measurement
    from mlstrat_plugin.core.estimates.estimate import Quantity
    from mlstrat_plugin.core.estimates.tally import Tally
    from mlstrat_plugin.params.gate import Condition
    from mlstrat_plugin.tables.engines.duckdb import Engine

PART = re.compile(r"^error/([a-z-]+)\[(.+)\]$")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One measure: its amount, or why there is none; ``limit`` is what the amount must stay below."""

    amount: Quantity | None
    limit: float
    n: int | None = None
    method: str = "none"
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Where a model's rows and errors are: the ladder, the errors by split and source, the file of outcomes."""

    ladder: Mapping[str, Measurement]
    by_source: Mapping[str, Mapping[str, Tally]]
    outcomes: Path
    model_bytes: int
    grouped: bool


def measure(engine: Engine, rows: Rows, name: str, condition: Condition, confidence: float) -> Measured:
    """Measure what one condition asks for; whatever is not there is said and has no amount."""
    if name == "model_mb":
        return _exact(rows.model_bytes / 1e6, condition.max)
    if name == "latency_ms":
        return _latency(engine, rows, condition, confidence)
    if name.startswith("gap/"):
        return _gap(rows, name.removeprefix("gap/"), condition.max)
    part = PART.match(name)
    if part:
        return _part(engine, rows, part.group(1), part.group(2), condition.max)
    rung = name.removeprefix("error/")
    if rung not in rows.ladder:
        return Measured(amount=None, limit=condition.max, note=f"{rung} was not measured")
    return _error(rows.ladder[rung], condition.max)


def _exact(value: float, limit: float) -> Measured:
    from mlstrat_plugin.core.estimates.estimate import constant

    return Measured(amount=constant(value), limit=limit, method="exact")


def _error(tally: Measurement, limit: float) -> Measured:
    try:
        amount = tally.estimate()
    except EstimateError as error:
        return Measured(amount=None, limit=limit, note=error.message)
    return Measured(amount=amount, limit=limit, n=tally.n, method=str(amount.method))


def _gap(rows: Rows, name: str, limit: float) -> Measured:
    low, high = LADDER[GAPS.index(name)], LADDER[GAPS.index(name) + 1]
    absent = [rung for rung in (low, high) if rung not in rows.ladder]
    if absent:
        return Measured(amount=None, limit=limit, note=f"{' and '.join(absent)} was not measured")
    try:
        amount = rows.ladder[high].estimate() - rows.ladder[low].estimate()
    except EstimateError as error:
        return Measured(amount=None, limit=limit, note=error.message)
    return Measured(amount=amount, limit=limit, method="mover")


def _part(engine: Engine, rows: Rows, split: str, name: str, limit: float) -> Measured:
    """Measure a source of a split, or a slice of dev or test."""
    source = rows.by_source.get(split, {}).get(name)
    if source is not None:
        return _error(source, limit)
    if split not in (Split.DEV.value, Split.TEST.value):
        return Measured(amount=None, limit=limit, note=f"{split} has no source {name!r}; slices are of dev and test")
    slices = slice_errors(engine, rows.outcomes, Split(split), grouped=rows.grouped)
    if name not in slices:
        known = ", ".join(sorted(slices)[:5])
        return Measured(amount=None, limit=limit, note=f"{split} has no source or slice {name!r}; slices are {known}")
    return _error(slices[name], limit)


def _latency(engine: Engine, rows: Rows, condition: Condition, confidence: float) -> Measured:
    """Measure the share of dev rows that are too slow; below so many rows no sample can show a quantile."""
    quantile = float(condition.quantile or 0)
    share = 1 - quantile
    tally = slow_rows(engine, rows.outcomes, condition.max)
    if tally is None:
        return Measured(amount=None, limit=share, note="the predictions have no latency_ms for every row of dev")
    fewest = fewest_rows(quantile, 1 - confidence)
    if tally.n < fewest:
        return Measured(amount=None, limit=share, n=tally.n, note=f"{tally.n} rows of dev; {fewest} are the fewest")
    return Measured(
        amount=tally.estimate(),
        limit=share,
        n=tally.n,
        method="wilson",
        note=_readable(engine, rows, tally, condition, confidence),
    )


def _readable(engine: Engine, rows: Rows, tally: ErrorTally, condition: Condition, confidence: float) -> str:
    """Say the quantile's upper bound in milliseconds: the value of the row whose rank bounds it."""
    quantile = float(condition.quantile or 0)
    rank = upper_rank(quantile, tally.n, 1 - confidence)
    bound = readable_latency(engine, rows.outcomes, rank)
    said = f"share of rows at or above {condition.max:g} ms"
    return said if bound is None else f"{said}; {100 * quantile:g} % stay below {bound:.4g} ms, row {rank:,} by latency"


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
