"""Real e-mail, comments and SMS: CSV in, text columns, duplicates, no group column, a team's own train.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("MLSTRAT_REAL_DATA", ROOT.parent / "shared/data")) / "spam_web_mobile.csv"
BIN = Path(sys.executable).parent
pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_file(), reason=f"no {DATA.name}; set MLSTRAT_REAL_DATA to its folder"),
]

TRAIN = """
import json, pathlib, sys
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
splits = {name: pd.read_parquet(f"data/splits/{name}.parquet") for name in ("train", "train_dev", "dev", "test")}
sources = json.loads(pathlib.Path("strategy.json").read_text())
train = splits["train"][splits["train"]["source"].isin(sources)]
model = make_pipeline(TfidfVectorizer(sublinear_tf=True, min_df=2), LogisticRegression(C=10, max_iter=500))
model.fit(train["text"].fillna(""), train["label"])
parts = []
for name, rows in splits.items():
    scored = rows[rows["source"].isin(sources)] if name.startswith("train") else rows
    parts.append(pd.DataFrame({"id": scored["id"], "prediction": model.predict(scored["text"].fillna(""))}))
pd.concat(parts).to_parquet("data/predictions.parquet", index=False)
"""
PARAMS = """
mlstrat:
  sources:
    web:
      path: web.csv
      role: auxiliary
    mobile:
      path: mobile.csv
      role: target
  columns:
    content:
      - text
  split:
    salt: spam
    dev: 0.3
    test: 0.3
    train_dev: 0.2
  human:
    error: 0.005
  track:
    tracking_uri: sqlite:///mlflow.db
    run: null
    experiment: spam
"""
DVC = """
stages:
  validate:
    cmd: python -m mlstrat_plugin validate
    deps: [ web.csv, mobile.csv, expectations/web.yaml, expectations/mobile.yaml ]
    params: [ mlstrat ]
    outs:
      - reports/validation.json: {cache: false}
  split:
    cmd: python -m mlstrat_plugin split
    deps: [ web.csv, mobile.csv, reports/validation.json ]
    params: [ mlstrat ]
    outs:
      - data/splits
      - reports/splits.json: {cache: false}
  train:
    cmd: python train.py
    deps: [ train.py, strategy.json, data/splits ]
    outs: [ data/predictions.parquet ]
  diagnose:
    cmd: python -m mlstrat_plugin diagnose
    deps: [ data/predictions.parquet, data/splits, reports/splits.json ]
    params: [ mlstrat ]
    outs:
      - reports/diagnosis.json: {cache: false}
      - reports/metrics.json: {cache: false}
      - reports/ladder.png: {cache: false}
      - reports/ladder.csv: {cache: false}
      - reports/error_analysis.csv: {cache: false}
  report:
    cmd: python -m mlstrat_plugin report
    deps: [ reports/diagnosis.json ]
    params: [ mlstrat ]
    outs:
      - reports/report.html: {cache: false}
  track:
    cmd: python -m mlstrat_plugin track
    deps: [ reports/diagnosis.json, reports/report.html, reports/ladder.png ]
    params: [ mlstrat ]
    outs:
      - reports/tracked_run.json: {cache: false}
"""
RULES = """
expectations:
  - type: expect_column_values_to_be_in_set
    kwargs: {column: label, value_set: [0, 1]}
    meta: {why: spam or not}
  - type: expect_column_values_to_not_be_null
    kwargs: {column: text}
    severity: warning
    meta: {why: nothing to learn from an empty message}
"""


def run(command: str, folder: Path) -> str:
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, shell=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_spam_filter_trained_on_web_only_is_a_mismatch(tmp_path: Path) -> None:
    rows = pd.read_csv(DATA)
    for name in ("web", "mobile"):
        rows[rows["source"] == name].to_csv(tmp_path / f"{name}.csv", index=False)
        (tmp_path / "expectations").mkdir(exist_ok=True)
        (tmp_path / f"expectations/{name}.yaml").write_text(RULES)
    for name, text in (("train.py", TRAIN), ("params.yaml", PARAMS), ("dvc.yaml", DVC), ("strategy.json", '["web"]')):
        (tmp_path / name).write_text(text)
    run("git init -q && dvc init -q && dvc repro", tmp_path)
    record = json.loads((tmp_path / "reports/diagnosis.json").read_text())
    gap = record["gaps"]["mismatch"]
    assert record["diagnosis"] == "mismatch"
    assert 0.1 < gap["value"] < 0.3
    assert gap["status"] == "material"
    parts = {
        name: pd.read_parquet(tmp_path / f"data/splits/{name}.parquet")
        for name in ("train", "train_dev", "dev", "test")
    }
    texts = [set(part["text"].dropna()) for part in parts.values()]
    assert sum(map(len, texts)) == len(set().union(*texts)), "a duplicate text straddles"
    report = json.loads((tmp_path / "reports/splits.json").read_text())
    assert sum(report["rows"].values()) + sum(held["rows"] for held in report["held_out"]) == len(rows)
    (tmp_path / "strategy.json").write_text('["web", "mobile"]')
    run("dvc repro", tmp_path)
    pooled = json.loads((tmp_path / "reports/diagnosis.json").read_text())
    assert pooled["gaps"]["mismatch"]["high"] < gap["low"]
    assert pooled["split_id"] == record["split_id"]
