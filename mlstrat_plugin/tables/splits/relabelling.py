"""Replace labels as people asked for, on dev and test alike, and say what was replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis

from mlstrat_plugin.errors import MAX_EXAMPLES, ReviewError, did_you_mean, listed, shown
from mlstrat_plugin.records.review import LabelChange
from mlstrat_plugin.records.words import Split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ibis.expr.types import Table

    from mlstrat_plugin.params.data import Columns
    from mlstrat_plugin.records.review import Fix
    from mlstrat_plugin.tables.engines.duckdb import Engine

JUDGED = (Split.DEV, Split.TEST)
OWN = "mlstrat_fix"


@dataclass(frozen=True)
class Relabelled:
    """The splits with the right labels, what changed, and how many fixes were left to train and train-dev."""

    parts: dict[Split, Table]
    changes: tuple[LabelChange, ...] = ()
    left: int = 0


def relabel(
    engine: Engine,
    rows: Table,
    parts: Mapping[Split, Table],
    fixes: Sequence[Fix],
    columns: Columns,
    *,
    name: str,
    train: bool,
) -> Relabelled:
    """Replace the labels that people asked for.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    rows : Table
        All sources together.
    parts : mapping of Split to Table
        The four splits.
    fixes : sequence of Fix
        One per id.
    columns : Columns
        Names of id and label.
    name : str
        The sheet of the fixes, for messages.
    train : bool
        Train and train-dev are fixed as well.

    Raises
    ------
    ReviewError
        A fix names no row, a label that no row has, or a label before that is not the row's; or rows have several
        labels. All problems are named.
    """
    if not fixes:
        return Relabelled(dict(parts))
    if columns.labels:
        raise ReviewError("rows with several labels cannot be fixed by one", hint=f"empty {name}")
    by_id = {fix.id: fix for fix in fixes}
    asked = engine.texts(fixed_id=by_id, **{OWN: [fix.label for fix in by_id.values()]})
    _require_fit(engine, rows, asked, by_id, columns, name)
    wanted = tuple(Split) if train else JUDGED
    changes = [change for split in Split for change in _changes(engine, parts[split], split, asked, by_id, columns)]
    fixed = {split: _fixed(parts[split], asked, columns) for split in wanted}
    named = {split.value for split in wanted}
    done = tuple(change for change in changes if change.split in named)
    return Relabelled({**parts, **fixed}, done, len(changes) - len(done))


def _named(table: Table, asked: Table, columns: Columns) -> Table:
    key = table[columns.id].cast("string")
    picked = table.select(key=key, source=table.source, label=table[columns.label].cast("string"))
    return picked.semi_join(asked, picked.key == asked.fixed_id)


def _require_fit(
    engine: Engine, rows: Table, asked: Table, by_id: Mapping[str, Fix], columns: Columns, name: str
) -> None:
    present = {row["key"]: row["label"] for row in engine.rows(_named(rows, asked, columns))}
    label = rows[columns.label].cast("string")
    labels = [str(row["label"]) for row in engine.rows(rows.select(label=label).distinct().order_by("label"))]
    problems = []
    for fix in by_id.values():
        if fix.id not in present:
            problems.append(f"{shown(fix.id)} is not a row of the sources")
        elif fix.label not in labels:
            problems.append(
                f"{shown(fix.id)}: no row has the label {shown(fix.label)}{did_you_mean(fix.label, labels)}"
            )
        elif present[fix.id] not in (fix.before, fix.label):
            problems.append(
                f"{shown(fix.id)}: label_before is {shown(fix.before)}, but its label is {shown(present[fix.id])}"
            )
    if problems:
        raise ReviewError(
            f"{name}: {listed(problems, MAX_EXAMPLES)}",
            hint="fix the named rows, or delete them",
        )


def _changes(
    engine: Engine, part: Table, split: Split, asked: Table, by_id: Mapping[str, Fix], columns: Columns
) -> list[LabelChange]:
    """Return the rows of a split whose label is not yet the right one."""
    found = engine.rows(_named(part, asked, columns).order_by("key"))
    return [
        LabelChange(
            id=row["key"], split=split.value, source=row["source"], before=row["label"], label=by_id[row["key"]].label
        )
        for row in found
        if row["label"] != by_id[row["key"]].label
    ]


def _fixed(part: Table, asked: Table, columns: Columns) -> Table:
    """Return a split in which the named rows have another label; its rows keep their order."""
    both = part.left_join(asked, part[columns.id].cast("string") == asked.fixed_id)
    label = ibis.coalesce(both[OWN].cast(part[columns.label].type()), both[columns.label])
    return both.mutate(**{columns.label: label}).select(*part.columns)
