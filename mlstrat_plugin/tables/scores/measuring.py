"""What the conditions of a policy look at, measured on the rows of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.estimate import constant
from mlstrat_plugin.core.estimates.intervals import FEWEST_GROUPS
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.gate.judging import Measured, fewest_rows, upper_rank
from mlstrat_plugin.errors import EstimateError, did_you_mean, examples, shown
from mlstrat_plugin.params.conditions import GapCondition, LatencyCondition, SizeCondition
from mlstrat_plugin.records.words import HUMAN, Split

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mlstrat_plugin.core.diagnosis.diagnose import Rung
    from mlstrat_plugin.core.estimates.tally import Tally
    from mlstrat_plugin.params.conditions import Condition, ErrorCondition
    from mlstrat_plugin.tables.engines.duckdb import Engine

NO_LATENCY = "the predictions have no latency_ms for at least one dev row"


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A model's errors and rows: ladder, errors by source, errors of a split's slices, the file of outcomes."""

    engine: Engine
    ladder: Mapping[str, Rung]
    by_source: Mapping[str, Mapping[str, Tally]]
    slices: Callable[[Split], Mapping[str, Tally]]
    outcomes: Path
    model_bytes: int
    grouped: bool


def measure(rows: Rows, condition: Condition, confidence: float) -> Measured:
    """Measure what one condition looks at; whatever is not there is said and has no amount.

    Parameters
    ----------
    rows : Rows
        Where to look.
    condition : Condition
        What to look at.
    confidence : float
        One-sided confidence, which decides how many rows a quantile of the latency needs.
    """
    if isinstance(condition, SizeCondition):
        return Measured(amount=constant(rows.model_bytes / 1e6), method="exact")
    if isinstance(condition, LatencyCondition):
        return _latency(rows, condition, 1 - confidence)
    if isinstance(condition, GapCondition):
        return _gap(rows, condition)
    return _part(rows, condition) if condition.part else _error(rows.ladder.get(condition.split), condition.split)


def _error(tally: Rung | None, name: str) -> Measured:
    if tally is None:
        return Measured(amount=None, code="not_measured", note=f"there is no {name} error")
    try:
        amount = tally.estimate()
    except EstimateError as error:
        return Measured(amount=None, code="not_measured", note=error.message)
    if name != HUMAN and amount.groups is not None and amount.groups < FEWEST_GROUPS:
        return Measured(amount=None, n=tally.n, code="too_few_groups", note=few_groups(name, amount.groups))
    return Measured(amount=amount, n=tally.n, method=str(amount.method))


def few_groups(name: str, groups: float) -> str:
    """Return why an error of so few groups is not judged."""
    return f"{name} has {groups:.1f} effective groups of rows; an interval needs at least {FEWEST_GROUPS}"


def _gap(rows: Rows, condition: GapCondition) -> Measured:
    high, low = (_error(rows.ladder.get(rung), rung) for rung in (condition.high, condition.low))
    if high.amount is None or low.amount is None:
        return high if high.amount is None else low
    return Measured(amount=high.amount - low.amount, method="mover")


def _part(rows: Rows, condition: ErrorCondition) -> Measured:
    """Measure a source or a slice of a split."""
    split, part = condition.split, condition.part
    source = rows.by_source.get(split, {}).get(part)
    if source is not None:
        return _error(source, split)
    slices = rows.slices(split)
    if part in slices:
        return _error(slices[part], split)
    known = [*sorted(rows.by_source.get(split, {})), *sorted(slices)]
    note = (
        f"{split} has no source or slice {shown(part)}{did_you_mean(part, known)}; it has {examples(known) or 'none'}"
    )
    return Measured(amount=None, code="unknown_slice", note=note)


def _latency(rows: Rows, condition: LatencyCondition, alpha: float) -> Measured:
    """Measure the share of dev rows that are too slow; below so many rows no sample can show a quantile."""
    tally = slow_rows(rows.engine, rows.outcomes, condition.milliseconds)
    if tally is None:
        return Measured(amount=None, code="no_latency", note=NO_LATENCY)
    fewest = fewest_rows(condition.quantile, alpha)
    if tally.n < fewest:
        note = f"dev has {tally.n} rows; at least {fewest} are needed"
        return Measured(amount=None, n=tally.n, code="too_few_rows", note=note)
    note = _readable(rows, condition.quantile, upper_rank(condition.quantile, tally.n, alpha))
    return Measured(amount=tally.estimate(), n=tally.n, method="wilson", note=note)


def _readable(rows: Rows, quantile: float, rank: int) -> str:
    """Say the quantile's upper bound in milliseconds: the value of the row whose rank bounds it."""
    bound = readable_latency(rows.engine, rows.outcomes, rank)
    return "" if bound is None else f"{100 * quantile:g}% of rows take at most {bound:.4g} ms (row {rank:,} by latency)"


def slow_rows(engine: Engine, file: Path, limit: float) -> ErrorTally | None:
    """Return how many dev rows took at least so many milliseconds; None if a row has no latency."""
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
    """Return the latency of the dev row at this rank, from 1 for the fastest; None beyond the last."""
    rows = engine.read_parquet([file])
    rows = rows.filter(rows.split == Split.DEV.value).order_by("latency_ms")
    found = engine.rows(rows.select("latency_ms").limit(1, offset=rank - 1))
    return float(found[0]["latency_ms"]) if found else None
