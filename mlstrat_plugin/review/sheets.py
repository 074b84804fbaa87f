"""The sheets that people fill in: rows drawn for them at random, and what they type, kept."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.adapters.files import change, write_text
from mlstrat_plugin.adapters.reviews import AUDIT, FIXES, MISTAKES, Layout, SheetText
from mlstrat_plugin.errors import ReviewError
from mlstrat_plugin.records.review import DoubtfulLabel, Sampling, Suggestions
from mlstrat_plugin.records.words import Split

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlstrat_plugin.core.review.error_analysis import SheetFacts
    from mlstrat_plugin.params.people import Review
    from mlstrat_plugin.params.project import Project
    from mlstrat_plugin.records.places import Places
    from mlstrat_plugin.records.words import Settings
    from mlstrat_plugin.tables.engines.duckdb import Engine, Table

BESIDE = {".gitattributes": "*.csv merge=union\n", ".gitignore": ".*.lock\n.*.part\n"}
WHY_NOT = {
    Split.TEST: "whoever looks at its mistakes tunes the model to them, and then the test error is worth nothing",
    Split.TRAIN: "the model was fitted to train: its mistakes there say little about what the product meets",
    Split.TRAIN_DEV: "the sheet is about what the product serves, and train-dev holds the training mix",
}


def sample(project: Project, split: Split = Split.DEV, rows: int | None = None) -> Sampling:
    """Fill ``reviews/dev_errors.csv`` up to so many mistakes of the present model on dev.

    Rows stay where they are, with whatever a person typed. Their prediction becomes the present one; where it equals
    the label, the model gets the row right by now.

    Parameters
    ----------
    project : Project
        Where splits and predictions are, and which part of dev people may look at.
    split : Split
        Only dev is allowed.
    rows : int, optional
        Mistakes to have in the sheet; ``mlstrat.review.rows`` by default.

    Raises
    ------
    ReviewError
        Another split than dev; the metric has no mistakes; the sheet cannot be read.
    PredictionsError
        Splits or predictions are missing or incomplete.
    WriteError
        The disk does not take the sheet.
    """
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.review.sampling import answered, first_mistakes, states

    params, mistakes = project.params, MISTAKES.at(project.places.mistakes)
    size = rows or params.reviewed().rows
    if split is not Split.DEV:
        raise ReviewError(f"{split.value} is not looked at: {WHY_NOT[split]}", hint="leave out --split")
    prepare(project.places)
    before = mistakes.read().rows
    with Engine(params.engine, ordered=False) as engine:
        table = answered(engine, project, split)
        drawn = first_mistakes(engine, table, size)
        known = states(engine, table, before)

    def edit(sheet: SheetText) -> SheetText:
        rows = sheet.rows  # somebody may have changed the sheet meanwhile
        kept = [{"id": i, "prediction": row["prediction"]} for i, row in known.items() if i in rows]
        return sheet.with_rows([*kept, *(row for row in drawn if row["id"] not in rows)])

    sheet = edited(mistakes, edit)
    notes = (f"only {len(drawn):,} mistakes are in the part of dev that people look at",) if len(drawn) < size else ()
    return Sampling(
        file=_shown(project, mistakes),
        added=len(sheet.rows) - len(before),
        rows=len(sheet.rows),
        now_right=sum(row["value"] == 0 for row in known.values()),
        gone=len(before) - len(known),
        notes=notes,
    )


def audit(project: Project, rows: int | None = None, right: int | None = None) -> Sampling:
    """Fill ``reviews/label_audit.csv`` up to so many wrong and right rows of dev and of test, drawn alike.

    Neither the answer of the model nor whether it is right is written down: whoever judges a label sees the example
    and the label alone. Where a split has fewer wrong rows than asked, right ones take their place, so that the size of
    the sheet says nothing about the error.

    Parameters
    ----------
    project : Project
        Where splits and predictions are.
    rows, right : int, optional
        Wrong and right rows of each split; ``mlstrat.review.rows`` by default, and as many right ones.

    Raises
    ------
    ReviewError, PredictionsError, WriteError
        As for ``sample``.
    """
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.review.sampling import answered

    params, sheet_of_labels = project.params, AUDIT.at(project.places.audit)
    size = rows or params.reviewed().rows
    prepare(project.places)
    drawn: list[dict[str, Any]] = []
    with Engine(params.engine, ordered=False) as engine:
        for split in (Split.DEV, Split.TEST):
            drawn += _stratified(engine, answered(engine, project, split), split, size, right or size)
    before = sheet_of_labels.read().rows

    def edit(sheet: SheetText) -> SheetText:
        rows = sheet.rows
        return sheet.with_rows(row for row in drawn if row["id"] not in rows)

    sheet = edited(sheet_of_labels, edit)
    return Sampling(file=_shown(project, sheet_of_labels), added=len(sheet.rows) - len(before), rows=len(sheet.rows))


def _stratified(engine: Engine, table: Table, split: Split, wrong: int, right: int) -> list[dict[str, Any]]:
    from mlstrat_plugin.tables.review.sampling import first_of_stratum

    found = first_of_stratum(engine, table, wrong=True, size=wrong)
    found += first_of_stratum(engine, table, wrong=False, size=right + wrong - len(found))
    # In an order of its own: by the digest that drew them, the rarer kind of rows would stand alone at the end.
    found.sort(key=lambda row: sha256(f"order:{row['id']}".encode()).digest())
    return [{**row, "split": split.value} for row in found]


@dataclass(frozen=True)
class OpenSheet:
    """A sheet and all that a page shows beside it.

    ``fixes`` is the sheet of corrected labels; ``examples`` are the columns to show by id, of the rows that are still
    in their split; ``labels`` all labels; ``facts`` what dev says about a sheet of mistakes; ``root`` the project's
    folder.
    """

    layout: Layout
    fixes: Layout
    examples: dict[str, dict[str, Any]]
    labels: tuple[str, ...]
    facts: SheetFacts | None
    review: Review
    settings: Settings
    grouped: bool
    root: Path


def open_sheet(project: Project, *, audited: bool) -> OpenSheet:
    """Return the sheet of mistakes, or the label audit, with the examples that its rows are about.

    Raises
    ------
    ReviewError
        The sheet is not there, has no row, or cannot be read; a column to show is not in the splits.
    PredictionsError
        Splits or predictions are missing.
    """
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.review.sampling import all_labels, answered, examples, sheet_facts
    from mlstrat_plugin.tables.scores.answers import are_grouped

    params, places = project.params, project.places
    review = params.reviewed()
    layout = AUDIT.at(places.audit) if audited else MISTAKES.at(places.mistakes)
    sheet = layout.read()
    if not sheet.rows:
        option = " --audit" if audited else ""
        raise ReviewError(f"{_shown(project, layout)} has no row", hint=f"`mlstrat review sample{option}` draws some")
    with Engine(params.engine, ordered=False) as engine:
        grouped = are_grouped(engine, project.splits, params.columns)
        found: dict[str, dict[str, Any]] = {}
        for split in (Split.DEV, Split.TEST) if audited else (Split.DEV,):
            found |= examples(engine, project, split, sheet.rows)
        facts = None
        if not audited:
            facts = sheet_facts(engine, answered(engine, project, Split.DEV), sheet.rows, grouped=grouped)
        labels = all_labels(engine, project)
    return OpenSheet(
        layout, FIXES.at(places.fixes), found, labels, facts, review, params.settings(), grouped, project.root
    )


def prepare(places: Places) -> list[Path]:
    """Make the folder of the sheets with three empty ones, and tell git how to merge them; return what was made.

    Raises
    ------
    WriteError
        The disk does not take a file.
    """
    made = []
    for layout in (MISTAKES.at(places.mistakes), AUDIT.at(places.audit), FIXES.at(places.fixes)):
        if not layout.file.exists():
            edited(layout, lambda sheet: sheet)
            made.append(layout.file)
    for name, text in BESIDE.items():
        file = places.mistakes.parent / name
        if not file.exists():
            write_text(file, text)
            made.append(file)
    return made


def _shown(project: Project, layout: Layout) -> str:
    """Return a sheet's path as people know it, relative to the project."""
    return layout.file.relative_to(project.root).as_posix()


def edited(layout: Layout, edit: Callable[[SheetText], SheetText]) -> SheetText:
    """Change a sheet on the disk, with nobody else in between, and return it.

    Raises
    ------
    ReviewError
        It cannot be read as it stands; it is left as it is.
    WriteError
        The disk does not take it.
    """
    done: list[SheetText] = []

    def changed(data: bytes) -> bytes:
        done[:] = [edit(layout.parse(data))]
        return done[0].text().encode("utf-8")

    change(layout.file, changed)
    return done[0]


def suggest(project: Project, rows: int = 20) -> Suggestions:
    """Say where to look: slices of dev that are worse, and labels of dev and test that the scores speak against.

    Parameters
    ----------
    project : Project
        Where splits and predictions are.
    rows : int
        Labels to name, on each of dev and test. What the model answered instead is not said: the label is for a person
        to judge.

    Raises
    ------
    ReviewError
        The metric has no mistakes, or the score columns are not probabilities.
    PredictionsError
        Splits or predictions are missing or incomplete.
    """
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.review.sampling import with_features
    from mlstrat_plugin.tables.review.slicing import worst_slices
    from mlstrat_plugin.tables.scores.answers import are_grouped

    params = project.params
    params.reviewed()
    with Engine(params.engine, ordered=False) as engine:
        table, names = with_features(engine, project)
        grouped = are_grouped(engine, project.splits, params.columns)
        slices, used = worst_slices(engine, table, names, params.diagnose.confidence, grouped=grouped)
        labels, note = _doubtful(engine, project, rows)
    looked = f"slices of {', '.join(used)}" if used else "no column of dev has kinds to make slices of"
    return Suggestions(slices=slices, labels=labels, notes=(looked, *([note] if note else [])))


def _doubtful(engine: Engine, project: Project, rows: int) -> tuple[tuple[DoubtfulLabel, ...], str]:
    """Return the least likely labels of dev and of test, or why there are none."""
    from mlstrat_plugin.adapters.cleanlab import label_qualities
    from mlstrat_plugin.tables.review.sampling import scored

    found: list[DoubtfulLabel] = []
    for split in (Split.DEV, Split.TEST):
        table, names = scored(engine, project, split)
        if not names:
            return (), "no labels are ranked: the predictions have no column score_<label> for each label"
        places = {name.removeprefix("score_"): place for place, name in enumerate(names)}
        qualities = label_qualities(
            [places[row["label"]] for row in table], [[row[name] for name in names] for row in table]
        )
        if qualities is None:
            return (), "no labels are ranked: `pip install 'mlstrat-plugin[labels]'` brings cleanlab"
        ranked = sorted(zip(qualities, table, strict=True), key=lambda pair: (pair[0], pair[1]["id"]))
        found += [
            DoubtfulLabel(id=row["id"], split=split.value, label=row["label"], quality=quality)
            for quality, row in ranked[:rows]
        ]
    return tuple(found), ""
