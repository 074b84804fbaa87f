"""Errors of parts of a split: by slice, or by any column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.tables.scores.sums import loss_moments, loss_tally, second_moments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ibis.expr.types import Table

    from mlstrat_plugin.core.estimates.losses import LossTally
    from mlstrat_plugin.core.estimates.tally import Tally
    from mlstrat_plugin.records.metrics import Metric
    from mlstrat_plugin.records.words import Split
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.scores.sums import Values


def slice_errors(engine: Engine, file: Path, split: Split, metric: Metric, *, grouped: bool) -> Mapping[str, Tally]:
    """Return the error of each slice of a split, from a file that ``write_outcomes`` made.

    A slice has its share of wrong rows; where rows are neither right nor wrong, its mean loss or distance.
    """
    rows = engine.read_parquet([file])
    by = errors_by if metric.has_mistakes else _losses_by
    return by(engine, rows.filter(rows.split == split.value), "slice", grouped=grouped)


def errors_by(engine: Engine, rows: Table, key: str, *, grouped: bool) -> dict[Any, ErrorTally | RatioTally]:
    """Return the wrong rows by a column; ``rows`` has that column, ``unit``, and ``value`` (1 for a wrong answer)."""
    cells = _cells(engine, rows, key, lambda units: second_moments(units.a, units.b))
    return {cell[key]: _errors(cell, grouped=grouped) for cell in cells}


def _errors(cell: dict[str, Any], *, grouped: bool) -> ErrorTally | RatioTally:
    n = int(cell["n"])
    if not grouped:
        return ErrorTally(wrong=int(cell["a"]), n=n)
    sums: dict[str, Any] = {name: float(cell[name]) for name in ("a", "aa", "ab", "bb")}
    return RatioTally(n=n, units=int(cell["units"]), b=float(n), row_bb=float(n), grouped=True, **sums)


def _losses_by(engine: Engine, rows: Table, key: str, *, grouped: bool) -> dict[Any, LossTally]:
    cells = _cells(engine, rows, key, lambda units: loss_moments(units.a, units.b, grouped=grouped))
    return {cell[key]: loss_tally(cell, int(cell["n"]), grouped=grouped) for cell in cells}


def _cells(engine: Engine, rows: Table, key: str, moments: Callable[[Table], Values]) -> list[dict[str, Any]]:
    """Return rows, units and moments of values and rows over units, by a column."""
    units = rows.group_by(key, "unit").agg(a=rows.value.sum(), b=rows.count().cast("float64"))
    return engine.rows(units.group_by(key).agg(n=units.b.sum(), units=units.count(), **moments(units)))
