"""A project with a registry of its own, in which models are trained, decided on and promoted."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from mlstrat_plugin.params.project import load_project
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.gate import gate, promote
from mlstrat_plugin.stages.report import report
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.stages.track import track
from tests.conftest import Project, digits, migrated_database

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from mlstrat_plugin.params.project import Project as MlstratProject
    from mlstrat_plugin.records.gate import Decision, Promotion

MODEL = "models/model.bin"
POLICY: dict[str, Any] = {
    "model": "digits",
    "optimize": {"split": "test"},
    "conditions": {"error/test": {"max": 0.9}},
    "looks": 5,
}
Wrong = Callable[[pd.DataFrame], "pd.Series[bool]"]


def ends(*digits_: str) -> Wrong:
    """Return who is answered wrongly: ids that end so."""
    return lambda rows: rows["id"].str.endswith(digits_)


BAD, GOOD, WORSE = ends("1", "2", "3", "4", "5"), ends("1"), ends("1", "2", "3", "4", "5", "6")


@dataclass
class World:
    """A project with its registry; each model is a file with its own weights, a run and a version."""

    project: Project
    client: MlflowClient
    block: dict[str, Any]
    name: str = "digits"

    def path(self, name: str) -> Path:
        return self.project.root / name

    def load(self, **gate_changes: Any) -> MlstratProject:
        """Write params.yaml with a changed policy and return the project."""
        return self.project.load(**{**self.block, "gate": {**self.block["gate"], **gate_changes}})

    def decide(self, **gate_changes: Any) -> Decision:
        return gate(self.load(**gate_changes))

    def promote(self, force: str = "", **gate_changes: Any) -> Promotion:
        return promote(self.load(**gate_changes), force=force)

    def crown(self) -> None:
        """Decide on the tracked model and promote it."""
        self.decide()
        self.promote()

    def run(self, stage: Callable[[Any], Any]) -> None:
        """Run another stage by the params as they are."""
        stage(load_project(self.path("params.yaml"), self.project.root))

    def split(self) -> None:
        self.load()
        self.run(split)

    def train(self, weights: str, wrong: Wrong, *, register: bool = True) -> str:
        """Train, predict, diagnose, report and track a model; return its run."""
        experiment = self.client.get_experiment_by_name("training")
        assert experiment is not None
        run_id = str(self.client.create_run(experiment.experiment_id, run_name=weights).info.run_id)
        self.path(MODEL).parent.mkdir(exist_ok=True)
        self.path(MODEL).write_text(weights)
        self.path("models/run.json").write_text(json.dumps({"run_id": run_id}))
        self.project.predict(wrong)
        for stage in (diagnose, report, track):
            self.run(stage)
        if register:
            self.register(run_id)
        return run_id

    def more_rows(self) -> None:
        """Bring more mobile rows and split again, so that the test set is another one."""
        self.project.write("mobile.parquet", digits(4400, "m"))
        self.split()

    def register(self, run_id: str) -> str:
        if not self.client.search_registered_models(f"name = '{self.name}'"):
            self.client.create_registered_model(self.name)
        return str(self.client.create_model_version(self.name, f"runs:/{run_id}/model", run_id=run_id).version)

    def champion(self) -> str:
        aliases = self.client.get_registered_model(self.name).aliases
        return str(aliases.get("champion", ""))

    def description(self, version: str) -> str:
        return str(self.client.get_model_version(self.name, version).description)

    def record(self, name: str) -> Any:
        """Return a report as it is on disk."""
        return json.loads(self.path(f"reports/{name}").read_text())


def new_world(project: Project) -> World:
    """Return a world with 4,000 mobile rows, split, and no model yet."""
    from mlflow import MlflowClient

    shutil.copy(migrated_database(), project.root / "mlflow.db")
    project.write("mobile.parquet", digits(4000, "m"))
    uri = f"sqlite:///{project.root}/mlflow.db"
    client = MlflowClient(uri)
    client.create_experiment("training", artifact_location=str(project.root / "artifacts"))
    tracking = {"tracking_uri": uri, "run": "models/run.json", "model": MODEL}
    world = World(project, client, {"track": tracking, "gate": POLICY})
    world.split()
    return world


def flat(text: str) -> str:
    """Return text without line breaks, and percent signs next to their number."""
    return re.sub(r"(\d) %", r"\1%", " ".join(text.split()))
