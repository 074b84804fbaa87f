"""Slices of dev on which a model is worse: every value of every column, every pair, found on half of the groups."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.core.review.slices import MOST, MOST_TRIED, SAME, Candidate, is_worse, measured, promising
from mlstrat_plugin.tables.digests import share_last
from mlstrat_plugin.tables.scores.slice_errors import errors_by
from mlstrat_plugin.tables.values import kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ibis.expr.types import BooleanValue, StringValue, Table, Value

    from mlstrat_plugin.records.review import SliceFound
    from mlstrat_plugin.tables.engines.duckdb import Engine

FEATURE = "f_"  # before the name of each column that may have kinds, so that none is one of ours
MOST_COLUMNS = 20  # columns that are looked at; their pairs grow with the square
MOST_VALUES = 50  # values of a text column that has slices; one with more names rows, not kinds
FEW = 20  # whole numbers with no more values are kinds, such as labels
PARTS = 4  # other columns of numbers are cut at their quartiles


def worst_slices(
    engine: Engine, rows: Table, columns: Sequence[str], confidence: float, *, grouped: bool
) -> tuple[tuple[SliceFound, ...], list[str]]:
    """Return up to fifteen slices, most surplus mistakes first, and the columns that were looked at.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    rows : Table
        One row per example, with ``value`` (1 for a wrong answer), ``unit``, ``half`` (a digest of the unit), and the
        columns to look at, each with ``FEATURE`` before its name.
    columns : sequence of str
        Names of these columns; those without kinds (free text, arrays) are left out.
    confidence : float
        Of each slice on the half that finds it, and of all of them together on the half that confirms.
    grouped : bool
        Rows of one unit are not independent.
    """
    cut, used = _cut(engine, rows, columns)
    first, second = (engine.keep(cut.filter(half)) for half in (_first(cut), ~_first(cut)))
    (whole,) = engine.rows(first.aggregate(n=first.count(), wrong=first.value.sum()))
    if not used or not whole["wrong"]:
        return (), used
    candidates = [found for names in _groups(used) for found in _candidates(engine, first, names)]
    kept = _distinct(engine, first, promising(candidates, whole["wrong"] / whole["n"], confidence), confidence)
    tallies = [(slice_, also, _inside_and_rest(engine, second, slice_, grouped=grouped)) for slice_, also in kept]
    present = [(slice_, also, parts) for slice_, also, parts in tallies if len(parts) == 2]
    return tuple(
        measured(slice_, parts[True], parts[False], confidence, len(present), tuple(also))
        for slice_, also, parts in present
    ), used


def _first(rows: Table) -> BooleanValue:
    return rows.half <= share_last(0.5)


def _cut(engine: Engine, rows: Table, columns: Sequence[str]) -> tuple[Table, list[str]]:
    """Return the rows with the kind of each column as text, and the columns that have kinds."""
    kinds: dict[str, StringValue] = {}
    for name in columns:
        value = _kind(engine, rows[FEATURE + name], rows) if len(kinds) < MOST_COLUMNS else None
        if value is not None:
            kinds[name] = value
    cut = rows.select("value", "unit", "half", **{FEATURE + name: value for name, value in kinds.items()})
    return engine.keep(cut), list(kinds)


def _kind(engine: Engine, column: Value, rows: Table) -> StringValue | None:
    """Return a column as a few texts; None if it has none or too many."""
    what = kind(column)
    if what not in ("string", "boolean", "integer", "floating"):
        return None
    (seen,) = engine.rows(rows.aggregate(values=column.nunique()))
    values = seen["values"]
    if values < 2:
        return None
    if what == "floating" or (what == "integer" and values > FEW):
        return _quartile(engine, column.cast("float64"), rows)
    return column.cast("string").fill_null("(empty)") if values <= MOST_VALUES else None


def _quartile(engine: Engine, column: Value, rows: Table) -> StringValue:
    (edges,) = engine.rows(rows.aggregate(**{f"q{i}": column.quantile(i / PARTS) for i in range(1, PARTS)}))
    found = sorted({float(edge) for edge in edges.values() if edge is not None})
    names = [f"up to {found[0]:g}", *(f"{low:g} to {high:g}" for low, high in pairwise(found))] if found else []
    steps = [(column <= edge, name) for edge, name in zip(found, names, strict=True)]
    last = f"above {found[-1]:g}" if found else "(empty)"
    return ibis.cases((column.isnull() | column.isnan(), "(empty)"), *steps, else_=last)


def _groups(names: Sequence[str]) -> Iterable[tuple[str, ...]]:
    yield from ((name,) for name in names)
    yield from combinations(names, 2)


def _candidates(engine: Engine, rows: Table, names: tuple[str, ...]) -> list[Candidate]:
    keys = [FEATURE + name for name in names]
    counted = rows.group_by(*keys).agg(n=rows.count(), wrong=rows.value.sum())
    return [
        Candidate(where=tuple((name, row[FEATURE + name]) for name in names), n=row["n"], wrong=int(row["wrong"]))
        for row in engine.rows(counted.order_by(*keys))
    ]


def _member(rows: Table, slice_: Candidate) -> BooleanValue:
    return ibis.and_(*(rows[FEATURE + column] == value for column, value in slice_.where))


def _distinct(
    engine: Engine, rows: Table, found: Sequence[Candidate], confidence: float
) -> list[tuple[Candidate, list[str]]]:
    """Return the slices that are worse even among rows of no slice before them.

    One that has nearly the mistakes of one before is named beside it; one that is only worse by overlapping is not.
    """
    kept: list[tuple[Candidate, list[str]]] = []
    for slice_ in found[:MOST_TRIED]:
        if len(kept) == MOST:
            break
        seen = _beside(engine, rows, slice_, [other for other, _ in kept])
        same = next((i for i, (other, _) in enumerate(kept) if _jaccard(slice_, other, seen[f"both_{i}"]) > SAME), None)
        if same is not None:
            kept[same][1].append(slice_.name)
        elif is_worse(seen["wrong"], seen["n"], seen["all_wrong"] / max(1, seen["all_n"]), confidence):
            kept.append((slice_, []))
    return kept


def _beside(engine: Engine, rows: Table, slice_: Candidate, kept: Sequence[Candidate]) -> dict[str, int]:
    """Return rows and mistakes of a slice, and of all, that no kept slice holds; and the mistakes shared with each."""
    mine, others = _member(rows, slice_), [_member(rows, other) for other in kept]
    free = ~ibis.or_(*others) if others else rows.value.notnull()
    counts = {
        "n": mine & free,
        "wrong": mine & free & (rows.value == 1),
        "all_n": free,
        "all_wrong": free & (rows.value == 1),
        **{f"both_{i}": mine & other & (rows.value == 1) for i, other in enumerate(others)},
    }
    (seen,) = engine.rows(rows.aggregate(**{name: where.cast("int64").sum() for name, where in counts.items()}))
    return {name: int(count or 0) for name, count in seen.items()}


def _jaccard(first: Candidate, second: Candidate, both: int) -> float:
    return both / (first.wrong + second.wrong - both)


def _inside_and_rest(engine: Engine, rows: Table, slice_: Candidate, *, grouped: bool) -> dict[Any, Any]:
    return errors_by(engine, rows.mutate(inside=_member(rows, slice_)), "inside", grouped=grouped)
