"""Errors of parts of a split: by slice, or by any column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally

if TYPE_CHECKING:
    from pathlib import Path

    from ibis.expr.types import Table

    from mlstrat_plugin.records.words import Split
    from mlstrat_plugin.tables.engines.duckdb import Engine


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
