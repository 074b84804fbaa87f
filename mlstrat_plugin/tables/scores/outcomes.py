"""How a model answered each row of dev and test: the table that travels with its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.errors import PredictionsError
from mlstrat_plugin.tables.scores.answers import AGAIN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlstrat_plugin.records.words import Split
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.scores.answers import Answered


def write_outcomes(engine: Engine, answered: Answered, files: Mapping[Path, Sequence[Split]]) -> None:
    """Write one Parquet file of rows for each named set of splits.

    The columns are id, split, unit, weight, slice, latency_ms, label and value (1 for a wrong answer, the loss, or the
    distance between label and prediction); ids and labels are texts.

    Parameters
    ----------
    engine : Engine
        Runs the scans.
    answered : Answered
        The rows and their answers.
    files : mapping of Path to sequence of Split
        What to write.

    Raises
    ------
    PredictionsError
        A row of these splits has no prediction, or one that cannot be scored.
    """
    for file, wanted in files.items():
        names = [split.value for split in wanted]
        both = answered.rows.left_join(answered.predictions, answered.rows.id == answered.predictions.answered)
        rows = answered.outcomes(both.filter(both.split.isin(names)))
        texts = {name: rows[name].cast("string") for name in ("id", "label")}
        kept = engine.keep(rows.mutate(**texts, weight=rows.weight.cast("float64")))
        empty = engine.count(kept.filter(kept.value.isnull() | kept.value.isnan() | kept.value.isinf()))
        if empty:
            raise PredictionsError(
                f"{empty:,} rows of {', '.join(names)} have no answer that can be scored", hint=AGAIN
            )
        ordered = ("id", "split", "unit", "weight", "slice", "latency_ms", "label", "value")
        engine.write_parquet(kept.select(*ordered).order_by("split", "id"), file)
