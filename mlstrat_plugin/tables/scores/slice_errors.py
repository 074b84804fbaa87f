"""Errors of parts of a split, by any column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.tables.scores.sums import second_moments

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from mlstrat_plugin.tables.engines.duckdb import Engine


def errors_by(engine: Engine, rows: Table, key: str, *, grouped: bool) -> dict[Any, ErrorTally | RatioTally]:
    """Return the wrong rows by a column; ``rows`` has that column, ``unit``, and ``value`` (1 for a wrong answer)."""
    units = rows.group_by(key, "unit").agg(a=rows.value.sum(), b=rows.count().cast("float64"))
    cells = units.group_by(key).agg(n=units.b.sum(), units=units.count(), **second_moments(units.a, units.b))
    return {cell[key]: _errors(cell, grouped=grouped) for cell in engine.rows(cells)}


def _errors(cell: dict[str, Any], *, grouped: bool) -> ErrorTally | RatioTally:
    n = int(cell["n"])
    if not grouped:
        return ErrorTally(wrong=int(cell["a"]), n=n)
    sums: dict[str, Any] = {name: float(cell[name]) for name in ("a", "aa", "ab", "bb")}
    return RatioTally(n=n, units=int(cell["units"]), b=float(n), row_bb=float(n), grouped=True, **sums)
