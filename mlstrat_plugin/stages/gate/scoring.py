"""Predictions scored: the errors of the candidate's ladder, and the outcome of each dev and test row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.human_level import human_level
from mlstrat_plugin.records.words import HUMAN, Split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlstrat_plugin.core.diagnosis.diagnose import Rung
    from mlstrat_plugin.params.project import Project
    from mlstrat_plugin.params.scoring import Human
    from mlstrat_plugin.stages.gate.trial import Trial
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.scores.answers import Answered
    from mlstrat_plugin.tables.scores.measuring import Rows

OUTCOMES = "outcomes.parquet"
JUDGED = (Split.DEV, Split.TEST)


def score(trial: Trial, engine: Engine, whole: Path, dev: Path) -> Rows:
    """Score the candidate, and write the outcomes of its dev and test rows to ``whole``, those of dev to ``dev``.

    Raises
    ------
    PredictionsError
        The predictions do not fit the splits.
    """
    from mlstrat_plugin.tables.scores.answers import answers
    from mlstrat_plugin.tables.scores.measuring import Rows
    from mlstrat_plugin.tables.scores.tallying import tally

    project = trial.project
    params = project.params
    answered = answers(engine, project.splits, project.predictions, params.columns, params.evaluate, root=project.root)
    tallies = tally(engine, answered)
    save_outcomes(engine, answered, {whole: JUDGED, dev: (Split.DEV,)})
    ladder: dict[str, Rung] = {**tallies.ladder}
    if params.human is not None:
        ladder[HUMAN] = _human(project, params.human, engine)
    return Rows(
        engine=engine,
        metric=trial.metric,
        ladder=ladder,
        by_source=tallies.by_source,
        outcomes=whole,
        model_bytes=_size(trial.model),
        grouped=answered.grouped,
    )


def _human(project: Project, human: Human, engine: Engine) -> Rung:
    from mlstrat_plugin.tables.scores.raters import rate

    if human.table is None:
        return human_level(human)
    params = project.params
    roles: dict[str, str] = {name: source.role for name, source in params.sources.items()}
    return rate(engine, project.path(human.table), project.splits, params.columns, human, roles).level


def _size(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def save_outcomes(engine: Engine, answered: Answered, files: Mapping[Path, Sequence[Split]]) -> None:
    """Write how each row was answered, one file in a new folder for each named set of splits.

    Raises
    ------
    PredictionsError
        A row has no prediction, or one that cannot be scored.
    """
    from mlstrat_plugin.tables.scores.outcomes import write_outcomes

    for file in files:
        file.parent.mkdir()
    write_outcomes(engine, answered, files)
