"""The stage ``diagnose``: splits and predictions to the diagnosis and its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.adapters.files import replacing
from mlstrat_plugin.adapters.reviews import AUDIT, MISTAKES, checked_labels, looked_at
from mlstrat_plugin.core.diagnosis.diagnose import Rung, diagnose_ladder
from mlstrat_plugin.core.estimates.human_level import Declared, human_level
from mlstrat_plugin.core.findings.seen import Circumstances, People, Reviewed
from mlstrat_plugin.core.review.error_analysis import analyse, check_labels, nothing_yet
from mlstrat_plugin.errors import RecordError
from mlstrat_plugin.records.saving import read_record, to_json
from mlstrat_plugin.records.splits import Splits
from mlstrat_plugin.records.stages import IN_GIT, StageSpec
from mlstrat_plugin.records.words import HUMAN, Split

if TYPE_CHECKING:
    from mlstrat_plugin.params.block import Params
    from mlstrat_plugin.params.project import Project
    from mlstrat_plugin.records.diagnosis import Diagnosis
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.scores.raters import Ratings
    from mlstrat_plugin.tables.scores.tallying import Tallies


def spec(project: Project) -> StageSpec:
    """Return what the stage reads and writes; a block that is not there is not read."""
    params, places, human = project.params, project.places, project.params.human
    return StageSpec(
        name="diagnose",
        deps=(
            project.predictions,
            *map(project.split_file, Split),
            *([] if human is None or human.table is None else [project.path(human.table)]),
            places.splits,
            *([] if params.review is None else [places.mistakes, places.audit]),
        ),
        params=(
            "engine",
            "sources",
            "folders",
            "columns",
            "split.folder",
            "split.salt",
            *([] if human is None else ["human"]),
            "evaluate",
            "diagnose",
            *([] if params.review is None else ["review.rows", "review.eyeball"]),
            *([] if params.gate is None else ["gate.test"]),
        ),
        outs={places.diagnosis: IN_GIT, places.picture: IN_GIT, places.causes: IN_GIT},
        metrics={places.metrics: IN_GIT},
        plots={
            places.ladder: {**IN_GIT, "template": "ladder", "x": "order", "y": "error", "title": "The ladder of errors"}
        },
    )


def diagnose(project: Project) -> Diagnosis:
    """Score the predictions and write diagnosis.json, metrics.json, the ladder and error_analysis.csv.

    All files are moved into place together.

    Raises
    ------
    RecordError
        ``splits.json`` is missing or damaged, or does not count the contents that the params name.
    PredictionsError
        The predictions do not fit the splits.
    ReviewError
        A file that people fill in cannot be read.
    """
    from mlstrat_plugin.report.charts import ladder_png
    from mlstrat_plugin.report.render import ladder_csv, metrics_json
    from mlstrat_plugin.report.review_page import causes_csv
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.scores.ladder import measure_ladder

    params, places = project.params, project.places
    splits = read_record(Splits, places.splits, stage="split")
    if params.columns.content and not splits.contents:
        raise RecordError(
            f"{places.splits} does not say which rows are copies, by mlstrat.columns.content",
            hint="run `mlstrat split` again: intervals count contents",
        )
    with Engine(params.engine, ordered=False) as engine:
        ladder = measure_ladder(project, engine)
        reviewed = review(engine, project, splits) if params.review is not None else Reviewed()
    if params.sealed:
        ladder = ladder.without_test()  # its error stays unseen until a model passes the gate
    tallies, ratings = ladder.tallies, ladder.ratings
    record = diagnose_ladder(
        ladder.rungs,
        params.settings(),
        by_source=tallies.by_source,
        by_role=tallies.by_role,
        roles=params.roles,
        human_by_role=ratings.by_role if ratings is not None else None,
        circumstances=_circumstances(tallies, ratings, params.diagnose.confidence, splits),
        tasks={task: _task_ladder(tallies, params, task) for task in params.columns.labels},
        split_id=splits.split_id,
        test_id=splits.test_id,
        reviewed=reviewed,
    )
    contents = {
        places.diagnosis: to_json(record).encode(),
        places.picture: ladder_png(record),
        places.ladder: ladder_csv(record).encode(),
        places.metrics: metrics_json(record).encode(),
        places.causes: causes_csv(record).encode(),
    }
    with replacing(*contents) as parts:
        for part, content in zip(parts, contents.values(), strict=True):
            part.write_bytes(content)
    return record


def review(engine: Engine, project: Project, splits: Splits) -> Reviewed:
    """Count what people said about mistakes and labels; files without a row cost no scan."""
    from mlstrat_plugin.tables.review.sampling import answered, sheet_facts, states, stratum_facts
    from mlstrat_plugin.tables.scores.answers import are_grouped

    params, places = project.params, project.places
    settings = params.settings()
    mistakes, labels = MISTAKES.at(places.mistakes).read(), AUDIT.at(places.audit).read()
    judged = (Split.DEV,) if params.sealed else (Split.DEV, Split.TEST)
    changed = {change.id: change.before for change in splits.label_changes}
    if not (mistakes.rows or labels.rows or changed):
        return Reviewed(analysis=nothing_yet())
    grouped = are_grouped(engine, project.splits, params.columns)
    tables = {split: answered(engine, project, split) for split in judged}
    analysis, wanted = None, 0
    if mistakes.rows:
        facts = sheet_facts(engine, tables[Split.DEV], mistakes.rows, grouped=grouped)
        analysis = analyse(looked_at(mistakes), facts, settings, grouped=grouped, relabelled=changed)
        wanted = min(params.reviewed().rows, facts.to_look_at)
    audits = {}
    for split in judged if labels.rows else ():
        strata = {wrong: stratum_facts(engine, tables[split], labels.rows, wrong=wrong) for wrong in (True, False)}
        audits[split.value] = check_labels(
            checked_labels(labels), strata, settings.confidence, grouped=grouped, relabelled=changed
        )
    found = {split: states(engine, table, changed) for split, table in tables.items()}
    return Reviewed(
        analysis=analysis or nothing_yet(),
        wanted=wanted,
        audits=audits,
        changes=splits.label_changes,
        fixed_right={
            split.value: sum(row["prediction"] == changed[row_id] for row_id, row in rows.items())
            for split, rows in found.items()
        },
    )


def _circumstances(tallies: Tallies, ratings: Ratings | None, confidence: float, splits: Splits) -> Circumstances:
    remarks = {split: rung.remarks() for split, rung in tallies.ladder.items()}
    return Circumstances(
        trained_on=tallies.trained_on,
        not_trained_on=tallies.not_trained_on,
        groups=tallies.groups,
        copies={name: (splits.rows[name], distinct) for name, distinct in splits.contents.items() if name in remarks},
        train_rows=tallies.train_rows,
        heaviest={split: said.heaviest for split, said in remarks.items() if said.heaviest is not None},
        slices={split: said.slices for split, said in remarks.items() if said.slices is not None},
        people=_people(ratings, confidence),
    )


def _task_ladder(tallies: Tallies, params: Params, task: str) -> dict[str, Rung]:
    """Return the ladder of one task; its human level is its own, or the one declared for all."""
    human = params.human
    ladder: dict[str, Rung] = {split: rung.by_task()[task] for split, rung in tallies.ladder.items()}
    if human is not None:
        ladder[HUMAN] = Declared(human.tasks[task]) if human.tasks is not None else human_level(human)
    return ladder


def _people(ratings: Ratings | None, confidence: float) -> People | None:
    if ratings is None:
        return None
    level = ratings.level
    return People(
        chosen=level.chosen,
        alike=level.alike(confidence),
        raters=ratings.raters,
        silent=ratings.silent,
        agreed=ratings.agreed,
    )
