"""Score people as a model is scored: a table of their labels against the given or the others' answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.core.estimates.human_level import RaterGroups
from mlstrat_plugin.core.estimates.rated import RatedTally
from mlstrat_plugin.errors import MAX_EXAMPLES, HumanError, did_you_mean, examples, listed
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.engines.duckdb import Engine, reading
from mlstrat_plugin.tables.values import kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ibis.expr.types import Table, Value

    from mlstrat_plugin.params.data import Columns
    from mlstrat_plugin.params.scoring import Human

EVERYBODY = "everybody"  # the one group of a table without a group column
NEEDED = ("id", "rater", "label")
FEWEST_VOTES = 3  # from which on a row has a majority


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """People's answers, scored.

    ``level`` is the ladder's human rung over all rated rows, ``by_role`` the same on each distribution that was rated.
    ``raters`` counts the raters by group; ``silent`` are raters without an answer that can be scored. ``agreed`` are
    the rows with three answers or more and how many of them have the majority's label as their own, where answers were
    scored against the given labels.
    """

    level: RaterGroups
    by_role: dict[str, RaterGroups]
    raters: dict[str, int]
    silent: tuple[str, ...]
    agreed: tuple[int, int] | None = None


def rate(
    engine: Engine, table: Path, folder: Path, columns: Columns, human: Human, roles: Mapping[str, str]
) -> Ratings:
    """Score a table of labels by rater.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    table : Path
        The raters' table.
    folder : Path
        Folder of the four split files, which hold the given labels.
    columns : params.Columns
        Names of id and label in the splits.
    human : params.Human
        The table, what it is scored against, and which group counts.
    roles : mapping of str to str
        ``target`` or ``auxiliary`` by source.

    Raises
    ------
    HumanError
        The table is missing or unreadable, lacks a column, has ids that are in no split, a rater twice for one row,
        labels of another type than the splits', or nobody whose answers can be scored. All problems are named.

    Notes
    -----
    Consensus leaves out the rater's own vote: with it three raters who are wrong in 10 % of cases look like 9.0 %,
    without it like 11.0 %. Where the others' votes are tied the answer is wrong with the share of the tied labels that
    it is not. A row that only one person rated has no consensus and is left out.
    """
    answers = _open(engine, table)
    files = [folder / split.file_name for split in Split]
    with reading("the splits", "run `mlstrat split` again"):
        rows = engine.read_parquet(files)
        own, together = rows[columns.id].cast("string"), columns.unit_in(rows.columns)
        unit = own if together is None else rows[together].cast("string").fill_null(own)
        truth = rows.select(known=rows[columns.id], truth=rows[columns.label], source=rows.source, unit=unit)
    with reading(f"the raters' table ({human.table})", "write it again with the columns id, rater, label"):
        _require_types(answers, truth, human)
        given = answers.filter(answers.label.notnull())
        _require_sound(engine, answers, given, truth, human)
        joined = given.join(truth, given.id == truth.known)
        scored = joined.mutate(error=(joined.label != joined.truth).cast("float64"))
        agreed = None if human.truth == "consensus" else _agreement(engine, joined)
        if human.truth == "consensus":
            scored = _against_the_others(engine, joined)
        role = ibis.cases(*((scored.source == name, role) for name, role in roles.items()), else_=ibis.null("string"))
        scored = engine.keep(scored.select("group", "rater", "unit", "error", role=role))
        overall = _tallies(engine, scored, ("group",))
        of_role = _tallies(engine, scored, ("role", "group"))
        heard = {row["rater"] for row in engine.rows(scored.select("rater").distinct())}
        everyone = {row["rater"] for row in engine.rows(answers.select("rater").distinct())}
    if not overall:
        raise HumanError(
            f"{human.table}: no row has two raters, so there is no consensus of others",
            hint="let more people label the same rows, or set mlstrat.human.truth: given",
        )
    return Ratings(
        level=RaterGroups(groups={group: tally for (group,), tally in overall.items()}, proxy=human.proxy),
        by_role={
            role: RaterGroups(groups={g: tally for (r, g), tally in of_role.items() if r == role}, proxy=human.proxy)
            for role in sorted({role for role, _ in of_role if role is not None})
        },
        raters={group: tally.raters for (group,), tally in overall.items()},
        silent=tuple(sorted(everyone - heard)),
        agreed=agreed,
    )


def _tallies(engine: Engine, scored: Table, by: tuple[str, ...]) -> dict[tuple[Any, ...], RatedTally]:
    """Return the tally of each group of raters, perhaps by role: sums over answers, over raters and over rows."""
    error = scored.error
    cells = scored.group_by(*by).agg(n=scored.count(), a=error.sum(), aa=(error * error).sum())
    found = {tuple(row[name] for name in by): dict(row) for row in engine.rows(cells.order_by(*by))}
    for axis, prefix in (("rater", "rater"), ("unit", "row")):
        each = scored.group_by(*by, axis).agg(a=error.sum(), b=scored.count().cast("float64"))
        sums = {f"{prefix}_{name}": value.sum() for name, value in _products(each).items()}
        for row in engine.rows(each.group_by(*by).agg(**{f"{prefix}s": each.count()}, **sums)):
            found[tuple(row[name] for name in by)].update(row)
    return {key: RatedTally(**{name: cell[name] for name in cell if name not in by}) for key, cell in found.items()}


def _products(each: Table) -> dict[str, Value]:
    return {"aa": each.a * each.a, "ab": each.a * each.b, "bb": each.b * each.b}


def _open(engine: Engine, file: Path) -> Table:
    if not file.is_file():
        raise HumanError(f"the raters' table {file} does not exist", hint="make it, or correct mlstrat.human.table")
    with reading(f"the raters' table {file}", "write it as Parquet or as UTF-8 CSV with a header line"):
        table = engine.read(file, text_columns=["id", "rater", "group"])
    absent = [name for name in NEEDED if name not in table.columns]
    if absent:
        named = "; ".join(f"no column {name!r}{did_you_mean(name, table.columns)}" for name in absent)
        raise HumanError(
            f"{file}: {named}; it has {', '.join(map(repr, table.columns[:20]))}",
            hint="write one row per answer with the columns id, rater, label and, for groups of people, group",
        )
    group = table.group.cast("string").fill_null(EVERYBODY) if "group" in table.columns else ibis.literal(EVERYBODY)
    return table.select("id", "label", rater=table.rater.cast("string"), group=group)


def _require_types(answers: Table, truth: Table, human: Human) -> None:
    for name, ours, theirs in (("id", truth.known, answers.id), ("label", truth.truth, answers.label)):
        if kind(ours) != kind(theirs):
            raise HumanError(
                f"{human.table}: {name} is {theirs.type()}, but {ours.type()} in the splits",
                hint="write it in the type of the splits; pandas turns whole numbers with gaps into floats",
            )


def _require_sound(engine: Engine, answers: Table, given: Table, truth: Table, human: Human) -> None:
    problems = []
    nameless = engine.count(answers.filter(answers.rater.isnull() | answers.id.isnull()))
    if nameless:
        problems.append(f"{nameless:,} answers without a rater or an id")
    strangers = given.anti_join(truth, given.id == truth.known).select("id").distinct()
    unknown = engine.count(strangers)
    if unknown:
        found = [row["id"] for row in engine.rows(strangers.order_by("id").limit(MAX_EXAMPLES))]
        problems.append(f"{unknown:,} ids that are in no split: {examples(found, unknown)}")
    repeated = given.group_by("id", "rater").agg(n=ibis._.count())
    repeated = repeated.filter(repeated.n > 1)
    twice = engine.count(repeated)
    if twice:
        found = [
            f"{r['rater']} on {r['id']}" for r in engine.rows(repeated.order_by("id", "rater").limit(MAX_EXAMPLES))
        ]
        problems.append(f"{twice:,} times one rater answered one row twice: {examples(found, twice)}")
    torn = given.group_by("rater").agg(n=given.group.nunique())
    torn = torn.filter(torn.n > 1)
    if engine.count(torn):
        found = [row["rater"] for row in engine.rows(torn.order_by("rater").limit(MAX_EXAMPLES))]
        problems.append(f"raters in two groups: {examples(found, engine.count(torn))}")
    if not engine.count(given):
        problems.append("no answer at all: every label is empty")
    if problems:
        raise HumanError(f"{human.table}: {listed(problems)}", hint="fix the table; nothing was scored")


def _against_the_others(engine: Engine, joined: Table) -> Table:
    """Return each answer's error against the majority of the other raters of its row."""
    votes = joined.group_by(rated="id", choice="label").agg(votes=ibis._.count())
    pairs = joined.join(votes, joined.id == votes.rated)
    own = pairs.choice == pairs.label
    others = pairs.mutate(own=own.cast("int64"), others=pairs.votes - own.cast("int64"))
    most = others.group_by("id", "rater").agg(most=others.others.max())
    top = others.join(most, ["id", "rater"]).filter(lambda t: (t.others == t.most) & (t.most > 0))
    return engine.keep(
        top.group_by("id", "rater", "source", "unit", "group").agg(
            error=1 - top.own.sum() / top.count().cast("float64")
        )
    )


def _agreement(engine: Engine, joined: Table) -> tuple[int, int]:
    """Return the rows with three answers or more, and how many of them have the majority's label as their own."""
    votes = joined.group_by("id", "label").agg(votes=ibis._.count(), is_truth=(joined.label == joined.truth).max())
    of_row = votes.group_by("id").agg(
        answers=votes.votes.sum(), most=votes.votes.max(), true=votes.votes.max(where=votes.is_truth)
    )
    of_row = of_row.filter(of_row.answers >= FEWEST_VOTES)
    (seen,) = engine.rows(of_row.aggregate(rows=of_row.count(), agreed=(of_row.true == of_row.most).sum()))
    return int(seen["rows"]), int(seen["agreed"] or 0)
