"""Train the model by the strategy of params.yaml, log it to its own MLflow run, leave the run id for mlstrat."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import numpy as np
import pandas as pd
import yaml
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from skops import io as skops_io

import mlstrat_plugin as mlstrat

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRAIN = Path("data/splits/train.parquet")
MODEL = Path("models/model.skops")
RUN = Path("models/run.json")
TRAINED_ON = {"web_only": ["web"], "pooled": ["web", "mobile"], "fine_tune": ["web", "mobile"]}
INK = 16.0
TRUSTED = [
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer"
]  # skops runs no code from a file, unlike pickle


def features(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return the pixels of each row, scaled to 0..1; shape (n, 64)."""
    return np.asarray(rows["pixels"].tolist(), dtype=np.float64) / INK


def fit(train: pd.DataFrame, params: dict[str, Any]) -> MLPClassifier:
    """Train by strategy: on web alone, on everything at once, or on web first and then on mobile."""
    settings = params["model"]
    network = MLPClassifier(
        hidden_layer_sizes=(settings["hidden_units"],),
        alpha=settings["weight_decay"],
        max_iter=settings["epochs"],
        n_iter_no_change=settings["epochs"],
        random_state=params["seed"],
    )
    sources = TRAINED_ON[params["strategy"]]
    first = (
        train[train["source"] == "web"] if params["strategy"] == "fine_tune" else train[train["source"].isin(sources)]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the stopping rule
        network.fit(features(first), first["label"])
    if params["strategy"] == "fine_tune":
        then = train[train["source"] == "mobile"]
        for _ in range(settings["fine_tune_epochs"]):
            network.partial_fit(features(then), then["label"])
    return network


def main() -> None:
    """Train, log the run with its model, and write ``models/``."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    train = pd.read_parquet(TRAIN)
    mlflow.set_tracking_uri(mlstrat.tracking_uri())
    mlflow.set_experiment(params["mlstrat"]["track"]["experiment"])
    with mlflow.start_run(run_name=params["train"]["strategy"]) as run:
        model = fit(train, params["train"])
        mlflow.log_params({"strategy": params["train"]["strategy"], **params["train"]["model"]})
        example = features(train.head(2))
        mlflow.sklearn.log_model(
            model,
            name="model",
            input_example=example,
            pip_requirements=["scikit-learn", "skops"],
            skops_trusted_types=TRUSTED,
        )
    MODEL.parent.mkdir(exist_ok=True)
    skops_io.dump(model, MODEL)
    RUN.write_text(json.dumps({"run_id": run.info.run_id}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
