"""Score every split: one row per example, for the sources the model was trained on and for all of dev and test."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml
from skops import io as skops_io

from pipelines.train import MODEL, TRAINED_ON, TRUSTED, features

SPLITS = Path("data/splits")
PREDICTIONS = Path("data/predictions.parquet")


def main() -> None:
    """Write ``data/predictions.parquet`` with the columns id, prediction, and a score for each label."""
    strategy = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["train"]["strategy"]
    model = skops_io.load(MODEL, trusted=TRUSTED)
    parts = []
    for name in ("train", "train_dev", "dev", "test"):
        rows = pd.read_parquet(SPLITS / f"{name}.parquet")
        if name.startswith("train"):
            rows = rows[rows["source"].isin(TRAINED_ON[strategy])]
        scores = model.predict_proba(features(rows))
        answers = model.classes_[scores.argmax(axis=1)].astype(rows["label"].dtype)
        by_label = {f"score_{label}": scores[:, i].round(6) for i, label in enumerate(model.classes_)}
        parts.append(pd.DataFrame({"id": rows["id"], "prediction": answers, **by_label}))
    pd.concat(parts).to_parquet(PREDICTIONS, index=False)


if __name__ == "__main__":
    main()
