"""Scratch projects, isolated from the machine's settings."""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, settings

from mlstrat_plugin.params.block import Params, load_params
from mlstrat_plugin.params.project import Project as MlstratProject

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("ci")


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder to work in: whatever a project has is found by the project's own folder."""
    folder, before = tmp_path_factory.mktemp("elsewhere"), Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(autouse=True)
def _isolated(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run with no setting of the machine in sight, and leave nothing in the working folder."""
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "DVC_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    yield
    left = sorted(file.name for file in elsewhere.iterdir())
    for name in left:
        shutil.rmtree(elsewhere / name) if (elsewhere / name).is_dir() else (elsewhere / name).unlink()
    assert not left, "this belongs into a project's folder"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The scratch folder as the working folder, for what a person calls in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def digits(n: int, prefix: str, *, per_group: int = 1) -> pd.DataFrame:
    """Return a table of n examples with ids, groups, labels and a content column."""
    return pd.DataFrame(
        {
            "id": [f"{prefix}{i:05d}" for i in range(n)],
            "user": [f"{prefix}u{i // per_group:05d}" for i in range(n)],
            "label": [i % 3 for i in range(n)],
            "text": [f"{prefix} text {i}" for i in range(n)],
        }
    )


@dataclass
class Project:
    """A scratch project: two sources, suites, params."""

    root: Path
    block: dict[str, Any]

    def write(self, name: str, table: pd.DataFrame) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False) if name.endswith(".csv") else table.to_parquet(path, index=False)
        return path

    def params(self, **changes: Any) -> Params:
        block = {**self.block, **changes}
        (self.root / "params.yaml").write_text(yaml.safe_dump({"mlstrat": block}, sort_keys=False))
        return load_params(self.root / "params.yaml")

    def load(self, **changes: Any) -> MlstratProject:
        """Return the project with its params, some blocks of them changed."""
        return MlstratProject(self.params(**changes), self.root)

    def table(self, name: str) -> pd.DataFrame:
        """Return a Parquet file of the project."""
        return pd.read_parquet(self.root / name)

    def rows(self, split: str) -> pd.DataFrame:
        """Return the rows of one split, by the name of its file."""
        return self.table(f"data/splits/{split}.parquet")

    def suite(self, source: str, rules: Any) -> None:
        folder = self.root / "expectations"
        folder.mkdir(exist_ok=True)
        (folder / f"{source}.yaml").write_text(yaml.safe_dump({"expectations": rules}))

    def predict(self, wrong: Callable[[pd.DataFrame], pd.Series]) -> pd.DataFrame:
        """Write predictions for all splits; ``wrong`` says which rows are answered wrongly."""
        parts = []
        for name in ("train", "train_dev", "dev", "test"):
            rows = self.rows(name)
            answers = rows["label"].where(~wrong(rows.assign(split=name)), (rows["label"] + 1) % 3)
            parts.append(pd.DataFrame({"id": rows["id"], "prediction": answers.astype(rows["label"].dtype)}))
        table = pd.concat(parts, ignore_index=True)
        self.write("data/predictions.parquet", table)
        return table


@cache
def migrated_database() -> Path:
    """Return an MLflow database with all its tables, made once a process; tests copy it, as making one takes seconds."""
    from mlflow import MlflowClient

    file = Path(mkdtemp()) / "template.db"
    atexit.register(shutil.rmtree, file.parent, ignore_errors=True)
    MlflowClient(f"sqlite:///{file}").search_experiments()
    return file


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with 400 web and 600 mobile rows, no group and no content column."""
    made = Project(
        tmp_path,
        {
            "sources": {
                "web": {"path": "web.parquet", "role": "auxiliary"},
                "mobile": {"path": "mobile.parquet", "role": "target"},
            },
            "split": {"dev": 0.25, "test": 0.25, "train_dev": 0.2},
            "human": {"error": 0.01},
        },
    )
    made.write("web.parquet", digits(400, "w"))
    made.write("mobile.parquet", digits(600, "m"))
    count = [{"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}}]
    made.suite("web", count)
    made.suite("mobile", count)
    return made
