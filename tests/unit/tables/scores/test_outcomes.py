from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mlstrat_plugin.errors import PredictionsError
from mlstrat_plugin.params.data import Columns
from mlstrat_plugin.params.scoring import Evaluate
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.engines.duckdb import Engine
from mlstrat_plugin.tables.scores.answers import Answered, answers
from mlstrat_plugin.tables.scores.outcomes import write_outcomes


def test_what_is_written(engine: Engine, tmp_path: Path) -> None:
    splits, predictions = tmp_path / "splits", tmp_path / "predictions.parquet"
    splits.mkdir()
    for split in ("dev", "test"):
        table = pd.DataFrame({"id": [f"{split}1", f"{split}2"], "label": [1, 2], "source": "mobile", "w": [1.0, 5.0]})
        table.to_parquet(splits / f"{split}.parquet")
    given = pd.DataFrame(
        {"id": ["dev1", "dev2", "test1", "test2"], "prediction": [1, 1, 1, 2], "latency_ms": [1, 2, 3, 4]}
    )
    given.to_parquet(predictions)

    def answered() -> Answered:
        judged = (Split.DEV, Split.TEST)
        return answers(engine, splits, predictions, Columns(weight="w"), Evaluate(), judged)

    whole, dev = tmp_path / "all.parquet", tmp_path / "dev.parquet"
    files = {whole: (Split.DEV, Split.TEST), dev: (Split.DEV,)}
    write_outcomes(engine, answered(), files)
    assert pd.read_parquet(whole)[["id", "label", "unit", "weight", "value", "latency_ms"]].to_numpy().tolist() == [
        ["dev1", "1", "dev1", 1.0, 0.0, 1.0],
        ["dev2", "2", "dev2", 5.0, 1.0, 2.0],
        ["test1", "1", "test1", 1.0, 0.0, 3.0],
        ["test2", "2", "test2", 5.0, 0.0, 4.0],
    ]
    assert set(pd.read_parquet(dev)["split"]) == {"dev"}
    given.iloc[:3].to_parquet(predictions)
    with pytest.raises(PredictionsError, match="1 rows of dev, test have no answer"):
        write_outcomes(engine, answered(), files)
