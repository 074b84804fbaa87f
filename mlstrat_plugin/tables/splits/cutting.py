"""Cut the sources into train, train-dev, dev and test: who goes where is a function of a digest, never of chance.

A row's key is its group (else its duplicate key, else its id); groups that share content have one key. The key's digest
decides: lowest to dev, highest to test, the rest to the training mix, from which a second digest takes train-dev.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import ibis

from mlstrat_plugin.errors import SplitError
from mlstrat_plugin.records.splits import UNIT, HeldOut
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.digests import ALL, DIGITS, share_last
from mlstrat_plugin.tables.splits.sources import OWN, ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ibis.expr.types import StringValue, Table

    from mlstrat_plugin.params.data import Columns
    from mlstrat_plugin.params.data import Split as SplitParams
    from mlstrat_plugin.tables.engines.duckdb import Engine

KEY = f"{OWN}key"
PLACE = f"{OWN}place"  # number of a row's split, or of why it is held out
HELD = {
    "held": "its group or content is in dev or test",
    "unused": "mlstrat.split.target_in_train leaves it out",
}
PLACES = (*(split.value for split in Split), *HELD)  # a place is stored as its number: rows are many, words are long


@dataclass(frozen=True)
class Cut:
    """The sources, cut: one expression per split, and what went nowhere."""

    parts: dict[Split, Table]
    held_out: tuple[HeldOut, ...]


def cut(engine: Engine, rows: Table, columns: Columns, params: SplitParams) -> Cut:
    """Decide for every row; nothing is written.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    rows : Table
        All sources together, with the columns ``source`` and the row's role.
    columns, params : params.Columns, params.Split
        Which columns carry a meaning, and the sizes.

    Raises
    ------
    SplitError
        A source has a column that mlstrat writes; the counts exceed the target rows, or a split would be empty.
    """
    _require_free_name(rows, columns)
    keyed = rows.mutate(**{KEY: _key(rows, columns)}) if _is_simple(columns) else _linked(engine, rows, columns)
    groups = _groups(engine, keyed, params)
    if columns.content and columns.group != UNIT and engine.count(groups.filter(groups.n > 1)):
        keyed = keyed.mutate(**{UNIT: keyed[KEY]})  # copies are one observation, whoever scores them
    placed = engine.keep(_placed(engine, groups, params))
    named = [column for column in keyed.columns if not column.startswith(OWN)]
    place = ibis.ifelse(ibis._[ROLE] == "target", ibis._.target_place, ibis._.auxiliary_place)
    chosen = engine.keep(keyed.join(placed, KEY).select(*named, **{PLACE: place}))
    # A join does not promise the order of its rows on every number of threads.
    order = ("source", columns.id)
    parts = {
        split: chosen.filter(chosen[PLACE] == PLACES.index(split.value)).select(*named).order_by(*order)
        for split in Split
    }
    untouched = keyed.anti_join(placed, KEY).select(*named)
    whole = untouched if params.target_in_train == "rest" else untouched.union(parts[Split.TRAIN]).order_by(*order)
    parts[Split.TRAIN] = whole
    return Cut(parts, tuple(_held_out(engine, chosen)))


def _require_free_name(rows: Table, columns: Columns) -> None:
    if columns.content and UNIT in rows.columns and columns.group != UNIT:
        raise SplitError(
            f"a source has a column {UNIT!r}, which mlstrat writes where mlstrat.columns.content is set",
            hint="rename that column",
        )


def require_rows(rows: dict[Split, int], n_groups_hint: str) -> None:
    """Refuse a cut with an empty split.

    Raises
    ------
    SplitError
        A split has no row.
    """
    empty = [split.value for split in Split if rows[split] == 0]
    if empty:
        raise SplitError(
            f"no row is left for {', '.join(empty)}: {n_groups_hint}",
            hint="lower the other sizes under mlstrat.split, or bring more groups",
        )


def _is_simple(columns: Columns) -> bool:
    return columns.group is None or not columns.content


def _text(rows: Table, column: str) -> StringValue:
    return rows[column].cast("string")


def content_key(rows: Table, columns: Columns) -> StringValue:
    """Return one text per distinct content; null where every content column is null."""
    parts = [_text(rows, column).fill_null("\x00") for column in columns.content]
    joined = ibis.literal("")
    for part in parts:
        joined = joined + part.length().cast("string") + ":" + part
    nothing = ibis.and_(*(rows[column].isnull() for column in columns.content))
    return ibis.ifelse(nothing, ibis.null("string"), joined.hexdigest("md5"))


def _key(rows: Table, columns: Columns) -> StringValue:
    """Return the group, else the duplicate key, else the id."""
    if columns.group is not None:
        return _text(rows, columns.group).fill_null(_text(rows, columns.id))
    if columns.content:
        return content_key(rows, columns).fill_null(_text(rows, columns.id))
    return _text(rows, columns.id)


def _linked(engine: Engine, rows: Table, columns: Columns) -> Table:
    """Give groups that share content, directly or by a chain, the smallest of their names as a common key."""
    group = _text(rows, str(columns.group)).fill_null(_text(rows, columns.id))
    own = rows.mutate(**{KEY: group, f"{OWN}content": content_key(rows, columns)})
    pairs = own.filter(own[f"{OWN}content"].notnull()).select(group=own[KEY], content=own[f"{OWN}content"]).distinct()
    shared = pairs.group_by("content").having(ibis._.group.nunique() > 1).agg(members=ibis._.count())
    links = engine.keep(pairs.semi_join(shared, "content").mutate(name=ibis._.group))
    while True:  # each round passes the smallest name one step on; a component of diameter d is done in d rounds
        by_content = links.group_by("content").agg(smallest=links.name.min())
        by_group = links.join(by_content, "content").group_by("group").agg(name=ibis._.smallest.min())
        moved = engine.keep(links.drop("name").join(by_group, "group"))
        changed = engine.count(links.anti_join(moved, ["group", "content", "name"]))
        links = moved
        if not changed:
            break
    names = engine.keep(links.select("group", "name").distinct())
    named = own.left_join(names, own[KEY] == names.group)
    return named.mutate(**{KEY: named.name.fill_null(named[KEY])}).select(*rows.columns, KEY)


def _groups(engine: Engine, keyed: Table, params: SplitParams) -> Table:
    """Return one stored row per key: rows by role and the two digests."""
    counted = keyed.group_by(KEY).agg(n=keyed.count(), target=(keyed[ROLE] == "target").sum())
    purposes = {"digest": "", "mix_digest": "train-dev:"}
    if isinstance(params.target_in_train, float):
        purposes["use_digest"] = "target-in-train:"
    digests = {name: _digest(counted, params.salt, purpose) for name, purpose in purposes.items()}
    return engine.keep(counted.mutate(auxiliary=counted.n - counted.target, **digests))


def _digest(table: Table, salt: str, purpose: str) -> StringValue:
    return (ibis.literal(f"{salt}:{purpose}") + table[KEY]).hexdigest("md5")


def _placed(engine: Engine, groups: Table, params: SplitParams) -> Table:
    """Return the keys whose rows do not simply go to train, with the place of their target and auxiliary rows."""
    total = engine.rows(groups.aggregate(rows=groups.target.sum(), groups=(groups.target > 0).sum()))[0]
    _require_target_rows(params, int(total["rows"]))
    of_target = groups.filter(groups.target > 0)
    dev_last = _last(engine, of_target, "digest", "target", params.dev)
    test_first = _first(engine, of_target, "digest", "target", params.test)
    if dev_last >= test_first:
        raise SplitError(
            f"dev ({params.dev:g}) and test ({params.test:g}) would share a group: {total['groups']:,} target groups "
            f"hold {total['rows']:,} rows",
            hint="lower mlstrat.split.dev or test, or bring more groups",
        )
    has_target = groups.target > 0
    is_dev, is_test = has_target & (groups.digest <= dev_last), has_target & (groups.digest >= test_first)
    in_mix = ~(is_dev | is_test)
    uses_target = _uses_target(groups, params)
    mix_rows = ibis.ifelse(in_mix, groups.auxiliary + ibis.ifelse(uses_target, groups.target, 0), 0)
    mix = groups.mutate(mix_rows=mix_rows).filter(ibis._.mix_rows > 0)
    is_train_dev = in_mix & (groups.mix_digest <= _last(engine, mix, "mix_digest", "mix_rows", params.train_dev))
    in_mix_place = ibis.ifelse(is_train_dev, _number(Split.TRAIN_DEV.value), _number(Split.TRAIN.value))
    target_place = ibis.cases(
        (is_dev, _number(Split.DEV.value)),
        (is_test, _number(Split.TEST.value)),
        (~uses_target, _number("unused")),
        else_=in_mix_place,
    )
    auxiliary_place = ibis.ifelse(in_mix, in_mix_place, _number("held"))
    placed = groups.select(KEY, target_place=target_place, auxiliary_place=auxiliary_place)
    train = _number(Split.TRAIN.value)
    plain = (placed.target_place == train) & (placed.auxiliary_place == train)
    return placed.filter(~plain)


def _number(place: str) -> ibis.expr.types.IntegerScalar:
    return ibis.literal(PLACES.index(place), type="int8")


def _uses_target(groups: Table, params: SplitParams) -> ibis.expr.types.BooleanValue:
    if params.target_in_train == "rest":
        return ibis.literal(True)  # noqa: FBT003 - an SQL literal
    if params.target_in_train == "none":
        return ibis.literal(False)  # noqa: FBT003 - an SQL literal
    return groups.use_digest <= share_last(float(params.target_in_train))


def _require_target_rows(params: SplitParams, target_rows: int) -> None:
    asked = sum(size if isinstance(size, int) else size * target_rows for size in (params.dev, params.test))
    if asked >= target_rows:
        raise SplitError(
            f"dev ({params.dev:g}) and test ({params.test:g}) ask for {asked:,.0f} of {target_rows:,} target rows; "
            "at least one has to be left",
            hint="lower mlstrat.split.dev or mlstrat.split.test in params.yaml",
        )


def _last(engine: Engine, groups: Table, digest: str, weight: str, size: int | float) -> str:
    """Return the highest digest that still belongs to the lowest share, or to the lowest ``size`` rows."""
    if isinstance(size, float):
        return share_last(size)
    before = groups[weight].sum().over(ibis.cumulative_window(order_by=groups[digest])) - groups[weight]
    inside = groups.mutate(before=before).filter(ibis._.before < size)
    return str(engine.rows(inside.aggregate(edge=inside[digest].max()))[0]["edge"])


def _first(engine: Engine, groups: Table, digest: str, weight: str, size: int | float) -> str:
    """Return the lowest digest that belongs to the highest share, or to the highest ``size`` rows."""
    if isinstance(size, float):
        return f"{ALL - int(Fraction(repr(size)) * ALL):0{DIGITS}x}"
    before = groups[weight].sum().over(ibis.cumulative_window(order_by=groups[digest].desc())) - groups[weight]
    inside = groups.mutate(before=before).filter(ibis._.before < size)
    return str(engine.rows(inside.aggregate(edge=inside[digest].min()))[0]["edge"])


def _held_out(engine: Engine, chosen: Table) -> Iterator[HeldOut]:
    held = chosen.filter(chosen[PLACE] >= len(Split)).group_by("source", PLACE).agg(n=ibis._.count())
    for row in engine.rows(held.order_by("source", PLACE)):
        yield HeldOut(source=row["source"], reason=HELD[PLACES[row[PLACE]]], rows=row["n"])
