"""The checks that no setting turns off: on the sources, and on the splits that were written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.errors import MAX_EXAMPLES, examples, shown
from mlstrat_plugin.records.splits import RuleResult, SourceFacts
from mlstrat_plugin.tables.splits.cutting import content_key
from mlstrat_plugin.tables.splits.sources import OpenSource, answer, together
from mlstrat_plugin.tables.values import missing

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table

    from mlstrat_plugin.params.data import Columns
    from mlstrat_plugin.tables.engines.duckdb import Engine

EVERY = "every source"


def check_sources(
    engine: Engine, opened: list[OpenSource], columns: Columns
) -> tuple[dict[str, SourceFacts], list[RuleResult]]:
    """Check all sources in one scan; offending rows are looked up only where there are any.

    Returns
    -------
    tuple
        Facts by source, and one result per rule and source.
    """
    rows = together(opened)
    seen = _scan(engine, rows, opened, columns)
    facts = {
        source.name: SourceFacts(
            role=source.role, rows=seen[f"n_{i}"], bytes=source.bytes, groups=seen.get(f"groups_{i}")
        )
        for i, source in enumerate(opened)
    }
    results = []
    for i, source in enumerate(opened):
        mine = rows.filter(rows.source == source.name)
        results += [
            _result("ids are present", source.name, seen[f"no_id_{i}"], "a row without an id cannot be scored"),
            _result(
                "labels are present",
                source.name,
                seen[f"no_label_{i}"],
                "a row without an answer cannot be counted right or wrong",
                engine.rows(mine.filter(_unlabelled(mine, columns)).select(id=mine[columns.id]).limit(MAX_EXAMPLES))
                if seen[f"no_label_{i}"]
                else [],
            ),
        ]
    results.append(_unique_ids(engine, rows, columns, surplus=seen["n"] - seen["missing"] - seen["ids"]))
    if columns.content:
        results.append(_one_label_per_content(engine, rows, columns))
    return facts, results


def _scan(engine: Engine, rows: Table, opened: list[OpenSource], columns: Columns) -> dict[str, Any]:
    totals = {"n": rows.count(), "ids": rows[columns.id].nunique(), "missing": rows[columns.id].isnull().sum()}
    for i, source in enumerate(opened):
        mine = rows.source == source.name
        totals[f"n_{i}"] = mine.sum()
        totals[f"no_id_{i}"] = (mine & rows[columns.id].isnull()).sum()
        totals[f"no_label_{i}"] = (mine & _unlabelled(rows, columns)).sum()
        if columns.group is not None:
            totals[f"groups_{i}"] = rows[columns.group].nunique(where=mine)
    return engine.rows(rows.aggregate(**totals))[0]


def _unlabelled(rows: Table, columns: Columns) -> BooleanValue:
    """Return where there is no right answer, for no task."""
    return ibis.and_(*(missing(rows[column]) for column in columns.answers))


def _unique_ids(engine: Engine, rows: Table, columns: Columns, *, surplus: int) -> RuleResult:
    found: list[dict[str, Any]] = []
    if surplus:
        twice = rows.filter(rows[columns.id].notnull()).group_by(id=rows[columns.id]).agg(n=ibis._.count())
        found = engine.rows(twice.filter(twice.n > 1).order_by("id").limit(MAX_EXAMPLES))
    return _result("ids are unique", EVERY, surplus, "an id names one example over all sources", found)


def _one_label_per_content(engine: Engine, rows: Table, columns: Columns) -> RuleResult:
    """Report same content with different labels: somebody labelled one of them wrongly."""
    keyed = rows.select(key=content_key(rows, columns), label=answer(rows, columns), id=rows[columns.id].cast("string"))
    keyed = keyed.filter(keyed.key.notnull())
    torn = keyed.group_by("key").agg(labels=keyed.label.nunique(), id=keyed.id.min(), n=keyed.count())
    torn = engine.keep(torn.filter(torn.labels > 1))
    return _result(
        "one label per content",
        EVERY,
        engine.count(torn),
        "equal examples with different labels: at least one label is wrong",
        engine.rows(torn.order_by("id").select("id").limit(MAX_EXAMPLES)),
        severity="warning",
    )


def _result(
    rule: str, source: str, broken: int, why: str, found: list[dict[str, Any]] | None = None, severity: str = "critical"
) -> RuleResult:
    ids = tuple(shown(row["id"]) for row in found or [])
    return RuleResult(
        rule=rule,
        source=source,
        outcome="failed" if broken else "passed",
        severity=severity,
        why=why,
        detail=f"{broken:,} rows" if broken else "",
        examples=ids,
    )


def check_splits(engine: Engine, written: dict[str, Table], columns: Columns, targets: list[str]) -> list[str]:
    """Look for leaks in the files that were written.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    written : dict of str to Table
        The four splits, read back.
    columns : params.Columns
        Which columns must not straddle.
    targets : list of str
        Names of the target sources.

    Returns
    -------
    list of str
        A sentence per broken rule; empty means that all hold.
    """
    problems = []
    for split in ("dev", "test"):
        foreign = engine.count(written[split].filter(~written[split].source.isin(targets)))
        if foreign:
            problems.append(f"{split} holds {foreign:,} rows that are not from a target source")
    if columns.group:
        problems += _straddling(engine, {s: t.select(key=t[columns.group]) for s, t in written.items()}, "group")
    if columns.content:
        contents = {split: table.select(key=content_key(table, columns)) for split, table in written.items()}
        problems += _straddling(engine, contents, "content")
    return problems


def rows_per_group(engine: Engine, part: Table, columns: Columns) -> float:
    """Return how many rows of a split move together on average; 1 without groups and copies."""
    unit = columns.unit_in(part.columns)
    if unit is None:
        return 1.0
    seen = engine.rows(part.aggregate(n=part.count(), groups=part[unit].nunique()))[0]
    return max(1.0, float(seen["n"]) / seen["groups"]) if seen["groups"] else 1.0


def _straddling(engine: Engine, keys: dict[str, Table], kind: str) -> list[str]:
    problems = []
    small = {held: keys[held].filter(keys[held].key.notnull()).distinct() for held in ("dev", "test")}
    either = small["dev"].union(small["test"], distinct=True)
    for held, keep_out, other in (
        ("dev", small["dev"], "test"),
        ("dev or test", either, "train"),
        ("dev or test", either, "train-dev"),
    ):
        leaked = keys[other].semi_join(keep_out, "key").distinct().limit(MAX_EXAMPLES)
        found = [row["key"] for row in engine.rows(leaked)]
        if found:
            problems.append(f"{kind} in both {held} and {other}: {examples(found)}")
    return problems
