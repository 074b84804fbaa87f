"""A model that answers today's rows: what it is given, what is written, and which answers are errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyarrow.parquet import read_schema

from mlstrat_plugin.errors import GateError
from mlstrat_plugin.params.data import Columns
from mlstrat_plugin.params.data import Engine as EngineParams
from mlstrat_plugin.tables.engines.duckdb import Engine
from mlstrat_plugin.tables.scores.rescoring import rescore


def splits(folder: Path, labels: list[Any]) -> list[Path]:
    """Write the same labels as dev and as test, with an array of pixels in each row."""
    files = [folder / f"{name}.parquet" for name in ("dev", "test")]
    for file in files:
        table = pd.DataFrame({"id": [f"{file.stem}{i}" for i in range(len(labels))][::-1], "label": labels})
        table.assign(pixels=[[i, i + 1] for i in range(len(labels))], w=0.5).to_parquet(file, index=False)
    return files


def scored(
    folder: Path, labels: list[Any], predict: Callable[[Any], Any], inputs: Callable[[Any], Any] | None = None
) -> pd.DataFrame:
    with Engine(EngineParams(), ordered=False) as engine:
        rescore(engine, splits(folder, labels), Columns(), inputs, predict, folder / "champion.parquet")
    return pd.read_parquet(folder / "champion.parquet").sort_values("id").reset_index(drop=True)


def test_a_model_gets_all_columns_but_id_and_label(tmp_path: Path) -> None:
    seen = []

    def predict(frame: pd.DataFrame) -> np.ndarray:
        seen.append(frame)
        return np.asarray(frame["pixels"].tolist())[:, 0]

    table = scored(tmp_path, [0, 1, 2], predict)
    (frame,) = seen
    assert list(frame.columns) == ["pixels", "w"]
    assert len(frame) == 6
    assert table.to_dict("list") == {
        "id": ["dev0", "dev1", "dev2", "test0", "test1", "test2"],
        "prediction": [2, 1, 0, 2, 1, 0],
    }


def test_the_projects_function_makes_the_input_of_whole_rows(tmp_path: Path) -> None:
    table = scored(tmp_path, ["a", "b"], lambda labels: labels, inputs=lambda rows: rows["label"])
    assert table["prediction"].tolist() == ["b", "a", "b", "a"]


@pytest.mark.parametrize(
    "shape",
    [
        np.asarray,
        lambda answers: pd.Series(answers, index=[9, 8, 7, 6]),
        lambda answers: pd.DataFrame({"answer": answers}),
        lambda answers: np.asarray(answers, dtype=float),
        list,
    ],
)
def test_answers_may_come_as_an_array_a_series_a_table_or_a_list(
    tmp_path: Path, shape: Callable[[list[int]], Any]
) -> None:
    assert scored(tmp_path, [4, 5], lambda frame: shape([1, 2, 3, 4]))["prediction"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([1, 2, 3], r"gave answers of shape \(3,\) for 4 rows"),
        ([[0.1, 0.9]] * 4, r"gave answers of shape \(4, 2\) for 4 rows"),
        ([1, "2", None, 4.5], "gave answers of more than one type"),
    ],
)
def test_answers_that_do_not_fit_are_errors(tmp_path: Path, answers: list[Any], message: str) -> None:
    with pytest.raises(GateError, match=f"the champion's model {message}") as caught:
        scored(tmp_path, [1, 2], lambda frame: answers)
    assert "mlstrat.gate.inputs" in caught.value.hint
    assert not (tmp_path / "champion.parquet").exists()


@pytest.mark.parametrize(
    ("labels", "answers", "kind"),
    [
        ([1, 2], [1.0, 2.0, 1.0, 2.0], "int64"),
        ([1, 2], [1.5, 2.0, 1.0, 2.0], "double"),
        ([1, 2], [1.0, float("nan"), 1.0, 2.0], "double"),
        ([1, 2], ["1", "2", "1", "2"], "string"),
        ([1.0, 2.0], [1, 2, 3, 4], "double"),
    ],
)
def test_whole_numbers_take_the_type_of_the_labels(
    tmp_path: Path, labels: list[Any], answers: list[Any], kind: str
) -> None:
    scored(tmp_path, labels, lambda frame: answers)
    assert str(read_schema(tmp_path / "champion.parquet").field("prediction").type) == kind
