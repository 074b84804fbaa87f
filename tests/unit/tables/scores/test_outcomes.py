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
    dropped = given.assign(prediction=[1, None, 1, 2]).iloc[:3]
    pd.concat([dropped, given.iloc[:1]]).astype({"prediction": "Int64"}).to_parquet(predictions)
    before = whole.read_bytes()
    with pytest.raises(PredictionsError) as caught:
        write_outcomes(engine, answered(), files)
    for part in (
        "1 rows of test have no prediction: 'test2'",
        "1 rows of dev have no answer that can be scored: 'dev2'",
        "1 rows of dev have several predictions: 'dev1'",
    ):
        assert part in caught.value.message
    assert whole.read_bytes() == before
