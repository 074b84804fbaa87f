"""Predictions scored: the errors of the candidate's ladder, and the outcome of each dev and test row."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mlstrat_plugin.records.words import Split

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

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
    from mlstrat_plugin.tables.scores.ladder import measure_ladder
    from mlstrat_plugin.tables.scores.measuring import Rows
    from mlstrat_plugin.tables.scores.tallying import tally_slices

    ladder = measure_ladder(trial.project, engine)
    save_outcomes(engine, ladder.answered, {whole: JUDGED, dev: (Split.DEV,)})
    return Rows(
        engine=engine,
        ladder=ladder.rungs,
        by_source=ladder.tallies.by_source,
        slices=partial(tally_slices, engine, ladder.answered),
        outcomes=whole,
        model_bytes=_size(trial.model),
        grouped=ladder.answered.grouped,
    )


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
