"""Which rows people look at: random, the same on every machine, and never all of dev.

A digest of the id orders the rows, so that the first k mistakes of any model are a random sample of its mistakes, and
a larger k only adds to them. A digest of the group decides which part of dev people may see at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from mlstrat_plugin.core.review.error_analysis import Drawn, SheetFacts
from mlstrat_plugin.errors import ReviewError, did_you_mean
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.digests import share_last
from mlstrat_plugin.tables.engines.duckdb import Engine, reading
from mlstrat_plugin.tables.review.slicing import FEATURE
from mlstrat_plugin.tables.scores.answers import AGAIN, answers
from mlstrat_plugin.tables.scores.outcomes import outcome_of_each
from mlstrat_plugin.tables.scores.slice_errors import errors_by

if TYPE_CHECKING:
    from collections.abc import Collection

    from ibis.expr.types import BooleanValue, StringValue, Table

    from mlstrat_plugin.params.project import Project

SHOWN = ("id", "source", "label", "prediction")


def answered(engine: Engine, project: Project, split: Split) -> Table:
    """Return one row per example of a split, with texts for people and digests for chance.

    The columns are id, source, label, prediction, unit (the group, else the id), value (1 for a wrong answer), eyeball
    (whether people may look at it), review and audit (digests that order the rows).

    Raises
    ------
    ReviewError
        The metric has no right and wrong answers.
    PredictionsError
        A file is missing or unreadable, or a row has no prediction, several, or one that cannot be scored.
    """
    params = project.params
    if not params.evaluate.spec.has_mistakes or params.columns.labels:
        raise ReviewError(
            f"{params.evaluate.metric}, or several labels per row, has no mistakes to look at",
            hint="reviews need one label column and one prediction for each row",
        )
    found = answers(engine, project.splits, project.predictions, params.columns, params.evaluate, (split,))
    with reading("splits and predictions", AGAIN):
        joined = outcome_of_each(engine, found, ("source", "label", "prediction", "unit"))
        joined = joined.mutate(id=joined.id.cast("string"), value=joined.value.cast("int64"))
    # Texts and digests are left to whoever asks for them: most questions are about the mistakes alone.
    return joined.select(
        "id",
        "source",
        "unit",
        "value",
        label=joined.label.cast("string"),
        prediction=joined.prediction.cast("string"),
        eyeball=_digest(joined.unit, project, "eyeball") <= share_last(params.reviewed().eyeball),
        review=_digest(joined.id, project, "review"),
        audit=_digest(joined.id, project, "audit"),
    )


def _digest(text: StringValue, project: Project, purpose: str) -> StringValue:
    return (ibis.literal(f"{project.params.split.salt}:{purpose}:") + text).hexdigest("md5")


def first_mistakes(engine: Engine, rows: Table, size: int) -> list[dict[str, Any]]:
    """Return a random sample of the mistakes that people may look at, in random order."""
    return engine.rows(rows.filter(_to_look_at(rows)).order_by("review", "id").limit(size).select(*SHOWN))


def first_of_stratum(engine: Engine, rows: Table, *, wrong: bool, size: int) -> list[dict[str, Any]]:
    """Return a random sample of wrong or of right rows, without the answer."""
    return engine.rows(
        rows.filter(rows.value == int(wrong)).order_by("audit", "id").limit(size).select("id", "source", "label")
    )


def states(engine: Engine, rows: Table, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return label, prediction and value of those of these rows that are still there, by id."""
    known = engine.texts(text=ids)
    kept = rows.semi_join(known, rows.id == known.text)
    return {row["id"]: row for row in engine.rows(kept.select(*SHOWN, "value"))}


def examples(engine: Engine, project: Project, split: Split, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the columns that people are shown of these rows of a split, by id.

    Raises
    ------
    ReviewError
        A configured column is not in the split.
    """
    review, columns = project.params.reviewed(), project.params.columns
    shown = dict.fromkeys(
        name for name in (review.image, review.audio, review.text, *review.features) if name is not None
    )
    with reading(f"the {split.value} split", "run `mlstrat split` again"):
        rows = engine.read_parquet([project.split_file(split)])
        absent = [name for name in shown if name not in rows.columns]
        if absent:
            named = "; ".join(f"no column {name!r}{did_you_mean(name, rows.columns)}" for name in absent)
            raise ReviewError(f"{split.value}: {named}", hint="fix mlstrat.review in params.yaml")
        known = engine.texts(text=ids)
        key = rows[columns.id].cast("string")
        found = engine.rows(rows.semi_join(known, key == known.text).select(*shown, mlstrat_id=key))
    return {row.pop("mlstrat_id"): row for row in found}


def all_labels(engine: Engine, project: Project) -> tuple[str, ...]:
    """Return every label of the splits, as text."""
    label = project.params.columns.label
    with reading("the splits", "run `mlstrat split` again"):
        rows = ibis.union(*(engine.read_parquet([project.split_file(split)]).select(label) for split in Split))
        distinct = rows.select(label=rows[label].cast("string")).distinct().order_by("label")
        return tuple(str(row["label"]) for row in engine.rows(distinct))


def with_features(engine: Engine, project: Project) -> tuple[Table, list[str]]:
    """Return dev for ``worst_slices``, and the names of the columns that may have kinds."""
    columns, review = project.params.columns, project.params.reviewed()
    rows = engine.read_parquet([project.split_file(Split.DEV)])
    single = {columns.id, columns.group, columns.weight, review.image, review.audio, review.text}
    names = [name for name in rows.columns if name not in single and name not in columns.content]
    given = answered(engine, project, Split.DEV)
    given = given.select(mlstrat_id=given.id, mlstrat_value=given.value, mlstrat_unit=given.unit)
    both = rows.join(given, rows[columns.id].cast("string") == given.mlstrat_id)
    half = _digest(both.mlstrat_unit, project, "half")
    features = {f"{FEATURE}{name}": both[name] for name in names}
    return engine.keep(both.select(value=both.mlstrat_value, unit=both.mlstrat_unit, half=half, **features)), names


def scored(engine: Engine, project: Project, split: Split) -> tuple[list[dict[str, Any]], list[str]]:
    """Return id, label and scores of each row, and the columns of scores; none where a label has no column."""
    key = project.params.columns.id
    with reading("predictions", AGAIN):
        scores = engine.read(project.predictions, text_columns=[key])
        names = [f"score_{label}" for label in all_labels(engine, project)]
        if not set(names) <= set(scores.columns):
            return [], []
        scores = scores.select(scored=scores[key].cast("string"), **{name: scores[name] for name in names})
        rows = answered(engine, project, split).select("id", "label")
        found = rows.join(scores, rows.id == scores.scored).order_by("id").select("id", "label", *names)
        return engine.rows(found), names


def sheet_facts(engine: Engine, rows: Table, ids: Collection[str], *, grouped: bool) -> SheetFacts:
    """Return what dev says about the rows of a sheet of mistakes."""
    parts = errors_by(engine, rows, "eyeball", grouped=grouped)
    found = states(engine, rows, ids)
    return SheetFacts(
        parts={name: parts.get(value) for name, value in (("eyeball", True), ("blackbox", False))},
        drawn=_without_gap(engine, rows, _to_look_at(rows), "review", ids),
        now_right=sum(row["value"] == 0 for row in found.values()),
        gone=len(set(ids)) - len(found),
    )


def stratum_facts(engine: Engine, rows: Table, ids: Collection[str], *, wrong: bool) -> tuple[int, Drawn]:
    """Return the size of a stratum, and which of these rows are a random sample of it."""
    inside = rows.value == int(wrong)
    return engine.count(rows.filter(inside)), _without_gap(engine, rows, inside, "audit", ids)


def _to_look_at(rows: Table) -> BooleanValue:
    return (rows.value == 1) & rows.eyeball


def _without_gap(engine: Engine, rows: Table, inside: BooleanValue, digest: str, ids: Collection[str]) -> Drawn:
    """Return the group of each row that comes before the first one in random order that is not among the ids.

    These are a random sample of all rows inside; what comes later was drawn from the mistakes of an earlier model.
    """
    known, inner = engine.texts(text=ids), rows.filter(inside)
    absent = inner.anti_join(known, inner.id == known.text)
    (edge,) = engine.rows(absent.aggregate(edge=absent[digest].min()))
    present = inner.semi_join(known, inner.id == known.text)
    if edge["edge"] is not None:
        present = present.filter(present[digest] < edge["edge"])
    return {row["id"]: row["unit"] for row in engine.rows(present.order_by(digest, "id").select("id", "unit"))}
