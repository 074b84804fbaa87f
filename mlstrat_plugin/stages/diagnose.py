"""The stage ``diagnose``: splits and predictions to the diagnosis, its report and its picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlstrat_plugin.adapters.files import replacing
from mlstrat_plugin.core.diagnosis import Measurement, diagnose_ladder
from mlstrat_plugin.core.findings import Circumstances, People
from mlstrat_plugin.core.human_level import Declared, human_level
from mlstrat_plugin.core.several import SliceTally, TaskTally
from mlstrat_plugin.core.tallies import RatioTally
from mlstrat_plugin.records import HUMAN, Diagnosis, Split, Splits
from mlstrat_plugin.saving import read_record, to_json

if TYPE_CHECKING:
    from mlstrat_plugin.params import Params
    from mlstrat_plugin.tables.rating import Ratings
    from mlstrat_plugin.tables.tallying import Tallies

REPORT = Path("reports/diagnosis.json")
PAGE = Path("reports/report.html")
PICTURE = Path("reports/ladder.png")
TABLE = Path("reports/ladder.csv")
METRICS = Path("reports/metrics.json")
SPLITS = Path("reports/splits.json")


def diagnose(params: Params) -> Diagnosis:
    """Score the predictions and write diagnosis.json, metrics.json, report.html, ladder.png and ladder.csv.

    All files are moved into place together.

    Raises
    ------
    RecordError
        ``reports/splits.json`` is missing or damaged.
    PredictionsError
        The predictions do not fit the splits.
    """
    from mlstrat_plugin.report.charts import ladder_png
    from mlstrat_plugin.report.render import ladder_csv, metrics_json, report_html
    from mlstrat_plugin.tables.engine import Engine
    from mlstrat_plugin.tables.metrics import scorer_of
    from mlstrat_plugin.tables.rating import rate
    from mlstrat_plugin.tables.tallying import tally

    splits, folder = read_record(Splits, SPLITS, stage="split"), Path(params.split.folder)
    roles: dict[str, str] = {name: source.role for name, source in params.sources.items()}
    ratings = None
    with Engine(params.engine, ordered=False) as engine:
        tallies = tally(engine, folder, params.columns, params.evaluate, scorer_of(params.evaluate))
        if params.human is not None and params.human.table is not None:
            ratings = rate(engine, folder, params.columns, params.human, roles)
    if params.gate is not None and params.gate.test == "sealed":
        tallies = tallies.without(Split.TEST)  # its error stays unseen until a model passes the gate
    ladder: dict[str, Measurement] = {**tallies.ladder}
    if params.human is not None:
        ladder[HUMAN] = ratings.level if ratings is not None else human_level(params.human)
    record = diagnose_ladder(
        ladder,
        params.settings(),
        by_source=tallies.by_source,
        roles=roles,
        human_by_role=ratings.by_role if ratings is not None else None,
        circumstances=_circumstances(tallies, ratings, params.diagnose.confidence),
        tasks={task: _task_ladder(tallies, params, task) for task in params.columns.labels},
        split_id=splits.split_id,
        test_id=splits.test_id,
    )
    contents = {
        REPORT: to_json(record).encode(),
        PAGE: report_html(record).encode(),
        PICTURE: ladder_png(record),
        TABLE: ladder_csv(record).encode(),
        METRICS: metrics_json(record).encode(),
    }
    with replacing(*contents) as parts:
        for part, content in zip(parts, contents.values(), strict=True):
            part.write_bytes(content)
    return record


def _circumstances(tallies: Tallies, ratings: Ratings | None, confidence: float) -> Circumstances:
    return Circumstances(
        trained_on=tallies.trained_on,
        not_trained_on=tallies.not_trained_on,
        groups=tallies.groups,
        train_rows=tallies.train_rows,
        heaviest={
            split: (rung.top_weight, rung.top_rows)
            for split, rung in tallies.ladder.items()
            if isinstance(rung, RatioTally) and rung.kind == "weights"
        },
        slices={split: frozenset(rung.parts) for split, rung in tallies.ladder.items() if isinstance(rung, SliceTally)},
        people=_people(ratings, confidence),
    )


def _task_ladder(tallies: Tallies, params: Params, task: str) -> dict[str, Measurement]:
    """Return the ladder of one task; its human level is its own, or the one declared for all."""
    human = params.human
    ladder: dict[str, Measurement] = {
        split: rung.task(task) for split, rung in tallies.ladder.items() if isinstance(rung, TaskTally)
    }
    if human is not None:
        ladder[HUMAN] = Declared(human.tasks[task]) if human.tasks is not None else human_level(human)
    return ladder


def _people(ratings: Ratings | None, confidence: float) -> People | None:
    if ratings is None:
        return None
    level = ratings.level
    return People(chosen=level.chosen, alike=level.alike(confidence), raters=ratings.raters, silent=ratings.silent)
