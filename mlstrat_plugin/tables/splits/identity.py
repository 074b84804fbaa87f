"""What is in the splits that were written: rows by source and label, and the names of the whole and of test."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5
from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.records.splits import ANY
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.splits.cutting import content_key
from mlstrat_plugin.tables.splits.sources import answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ibis.expr.types import Table

    from mlstrat_plugin.params.data import Columns
    from mlstrat_plugin.tables.engines.duckdb import Engine

LABEL = "__label"  # the label, or the labels of all tasks, while splits are counted
PAIR = "__pair"  # id and label as one text
MOST_LABELS = 1_000  # beyond it labels are numbers rather than classes, and a list of them is as long as the table


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What the splits hold.

    ``rows`` by split; ``distinct`` contents by split where duplicates are configured; ``counts`` is split -> source ->
    label -> rows, with ``ANY`` as the one label where there are more than ``MOST_LABELS``; ``labels`` are the distinct
    labels; ``split_id`` and ``test_id`` are 12 hexadecimal digits that name the set of (id, split, label), whatever the
    order of rows and the layout of files.
    """

    rows: dict[str, int]
    distinct: dict[str, int]
    counts: dict[str, dict[str, dict[str, int]]]
    labels: int
    split_id: str
    test_id: str


def contents(engine: Engine, written: Mapping[str, Table], columns: Columns) -> Contents:
    """Count and fingerprint the splits.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    written : mapping of str to Table
        The four splits by name.
    columns : params.Columns
        Names of id, label and content.
    """
    tables = {name: table.mutate(**{LABEL: answer(table, columns)}) for name, table in written.items()}
    distinct = ibis.union(*(table.select(LABEL) for table in tables.values())).distinct()
    labels = engine.count(distinct)
    cells = {name: _cells(engine, table, columns.id, listed=labels <= MOST_LABELS) for name, table in tables.items()}
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for name, found in cells.items():
        for cell in sorted(found, key=lambda c: (c["source"], str(c[LABEL]))):
            counts.setdefault(name, {}).setdefault(cell["source"], {})[str(cell[LABEL])] = cell["n"]
    return Contents(
        rows={name: sum(cell["n"] for cell in found) for name, found in cells.items()},
        distinct=_distinct(engine, written, columns) if columns.content else {},
        counts=counts,
        labels=labels,
        split_id=_identity(cells, tuple(cells)),
        test_id=_identity(cells, (Split.TEST.value,)),
    )


def _distinct(engine: Engine, written: Mapping[str, Table], columns: Columns) -> dict[str, int]:
    """Return the distinct contents of each split; a row without any is its own."""
    keys = {
        name: table.select(key=content_key(table, columns).fill_null(table[columns.id].cast("string")))
        for name, table in written.items()
    }
    return {name: engine.count(key.distinct()) for name, key in keys.items()}


def _cells(engine: Engine, table: Table, key: str, *, listed: bool) -> list[dict[str, Any]]:
    """Return rows and a digest by source and label; without a list by source alone, the label in the digest."""
    if listed:
        return engine.fingerprints(table, of=key, by=("source", LABEL))
    pair = table[key].cast("string") + "\t" + table[LABEL].cast("string")
    found = engine.fingerprints(table.mutate(**{PAIR: pair}), of=PAIR, by=("source",))
    return [{**cell, LABEL: ANY} for cell in found]


def _identity(cells: Mapping[str, list[dict[str, Any]]], splits: tuple[str, ...]) -> str:
    merged: dict[tuple[str, str], tuple[int, int]] = {}
    for name in splits:
        for cell in cells[name]:
            n, digest = merged.get((name, str(cell[LABEL])), (0, 0))
            merged[name, str(cell[LABEL])] = (n + cell["n"], digest ^ cell["digest"])
    lines = sorted(f"{name}\t{value!r}\t{n}\t{digest:x}" for (name, value), (n, digest) in merged.items())
    return md5("\n".join(lines).encode("utf-8")).hexdigest()[:12]  # noqa: S324 - identity, not security
