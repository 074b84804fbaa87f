"""The evaluator inside the real ``mlflow.models.evaluate``: silent unless asked for, and then whole."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mlstrat_plugin as mlstrat
from mlstrat_plugin.errors import EstimateError, PredictionsError
from mlstrat_plugin.hooks.evaluator import Evaluator
from tests.conftest import migrated_database

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore"),  # MLflow's own deprecations
]
WRONG = {"train": 10, "train-dev": 12, "dev": 180, "test": 190}


def table(**changes: Any) -> pd.DataFrame:
    """Return 1,000 rows per split, of which the named number is wrong."""
    parts = [
        pd.DataFrame(
            {"x": range(1000), "split": split, "label": "cat", "guess": ["dog"] * wrong + ["cat"] * (1000 - wrong)}
        )
        for split, wrong in WRONG.items()
    ]
    return pd.concat(parts, ignore_index=True).assign(**changes)


@pytest.fixture
def evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a call of MLflow's evaluate on a static table, and the run's data after it."""
    import mlflow

    shutil.copy(migrated_database(), tmp_path / "mlflow.db")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    # The default experiment keeps artifacts in the folder in which the database was first made.
    experiment = mlflow.create_experiment("evaluations", artifact_location=str(tmp_path / "artifacts"))

    def call(rows: pd.DataFrame, **options: Any) -> Any:
        with mlflow.start_run(experiment_id=experiment) as run:
            mlflow.models.evaluate(data=rows, targets="label", predictions="guess", **options)
        return mlflow.MlflowClient().get_run(run.info.run_id)

    yield call
    mlflow.set_tracking_uri(None)


def test_a_table_with_splits_is_diagnosed(evaluate: Any) -> None:
    config = {"split_column": "split", "human": 0.01, "settings": {"material_gap": 0.02}}
    run = evaluate(table(), model_type="anything", evaluators="mlstrat", evaluator_config=config)
    expected = mlstrat.diagnose(
        human=0.01,
        train=(10, 1000),
        train_dev=(12, 1000),
        dev=(180, 1000),
        test=(190, 1000),
        settings=mlstrat.Settings(material_gap=0.02),
    )
    assert run.data.tags["diagnosis"] == expected.diagnosis == "mismatch"
    assert run.data.metrics["error/test"] == 0.19
    assert run.data.metrics["gap/mismatch"] == pytest.approx(expected.gaps["mismatch"].value, abs=1e-6)


def test_it_is_silent_in_other_peoples_evaluations(evaluate: Any) -> None:
    run = evaluate(table().drop(columns=["split"]), model_type="classifier")
    assert "accuracy_score" in run.data.metrics
    assert not [key for key in {**run.data.metrics, **run.data.tags} if "diagnosis" in key or key.startswith("gap/")]
    assert not Evaluator.can_evaluate(model_type="classifier", evaluator_config=None)


@pytest.mark.parametrize(
    ("changes", "config", "message"),
    [
        ({}, {"split_column": "splits"}, r"no column 'splits' \(did you mean 'split'\?\)"),
        (
            {},
            {"split_column": "split", "humans": 0.1},
            r"'humans' is not a key of mlstrat's \(did you mean 'human'\?\)",
        ),
        ({"split": "valid"}, {"split_column": "split"}, r"'valid' is not a split \(train, train-dev, dev, test\)"),
        ({"guess": None}, {"split_column": "split"}, "4,000 predictions or labels are null"),
        ({"split": "dev"}, {"split_column": "split"}, "two"),
    ],
)
def test_bad_input_logs_nothing(evaluate: Any, changes: dict[str, Any], config: dict[str, Any], message: str) -> None:
    import mlflow

    with pytest.raises((EstimateError, PredictionsError), match=message):
        evaluate(table(**changes), model_type="anything", evaluators="mlstrat", evaluator_config=config)
    (run,) = mlflow.MlflowClient().search_runs(["1"])
    assert not run.data.metrics
    assert "diagnosis" not in run.data.tags


def test_a_model_predicts_without_seeing_the_splits(evaluate: Any) -> None:
    from mlstrat_plugin.hooks.evaluator import ladder_of

    class Model:
        def predict(self, features: pd.DataFrame) -> list[str]:
            assert list(features) == ["x"]
            return ["dog" if x < 100 else "cat" for x in features["x"]]

    class Rows:
        features_data = table()[["x", "split"]].replace({"train-dev": "train_dev"})
        labels_data = table()["label"]
        predictions_data = None

    ladder = ladder_of(Rows, {"split_column": "split", "human": (3, 300)}, Model())
    assert {name: (rung.wrong, rung.n) for name, rung in ladder.items()} == {  # type: ignore[union-attr]
        "human": (3, 300),
        "train": (100, 1000),
        "train-dev": (100, 1000),
        "dev": (100, 1000),
        "test": (100, 1000),
    }
