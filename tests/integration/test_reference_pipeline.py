"""The reference pipeline as a newcomer meets it: one repro, a second one that does nothing, stages that name their deps."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.integration, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
# Read only to put `split` after `validate`: a missing report makes split check the sources itself.
ORDER_ONLY = {("split", "reports/validation.json")}
# Read only once somebody has named a cause of mistakes.
NOT_YET = {("track", "reports/error_analysis.csv")}


def environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "DVC_NO_ANALYTICS": "1", "PYTHONPATH": ""}


def run(command: list[str] | str, folder: Path, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, shell=isinstance(command, str)
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean copy of the tracked files, reproduced once."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("dvc.yaml", "params.yaml", ".gitignore", ".dvcignore"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("pipelines", "expectations", "reviews"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    run(["git", "init", "-q"], folder)
    run(["dvc", "init", "-q"], folder)
    shutil.copytree(ROOT / ".dvc/plots", folder / ".dvc/plots")
    run(["dvc", "repro"], folder)
    return folder


def diagnosis(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "reports/diagnosis.json").read_text(encoding="utf-8")))


@pytest.mark.filterwarnings("ignore")  # MLflow's own deprecations
def test_web_only_is_a_mismatch_and_pooling_moves_it(repository: Path) -> None:
    first = diagnosis(repository)
    assert first["diagnosis"] == "mismatch"
    assert first["trained_on"] == ["web"]
    gaps = first["gaps"]
    assert isinstance(gaps, dict)
    tracked = json.loads((repository / "reports/tracked_run.json").read_text(encoding="utf-8"))
    assert tracked["run_id"] == json.loads((repository / "models/run.json").read_text(encoding="utf-8"))["run_id"]
    assert "workflowType=machine_learning" in run(["mlstrat", "show"], repository).stdout
    nothing = run(["dvc", "repro"], repository).stdout
    assert nothing.count("didn't change, skipping") == 9
    assert "Running stage" not in nothing
    shown = run(["dvc", "metrics", "show"], repository)
    assert "gaps.mismatch" in shown.stdout
    assert "failed" not in shown.stderr
    run(["git", "add", "-A"], repository)
    run(["git", "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "-qm", "web only"], repository)
    run(["dvc", "exp", "run", "-q", "-S", "train.strategy=pooled"], repository)
    second = diagnosis(repository)
    assert second["trained_on"] == ["mobile", "web"]
    moved = second["gaps"]
    assert isinstance(moved, dict)
    assert moved["mismatch"]["high"] < gaps["mismatch"]["low"]
    assert "mlstrat." not in run(["git", "diff", "--", "params.yaml"], repository).stdout
    difference = run(["dvc", "metrics", "diff"], repository).stdout
    assert "gaps.mismatch" in difference
    back = run(["dvc", "exp", "run", "-S", "train.strategy=web_only"], repository)
    assert "Stage 'train' is cached" in back.stdout
    again = json.loads((repository / "reports/tracked_run.json").read_text(encoding="utf-8"))
    assert again["run_id"] == tracked["run_id"]  # the run that trained this model, not the latest
    run(["git", "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "-qam", "web only again"], repository)
    commit = run(["mlstrat", "link"], repository).stdout.strip()
    assert len(commit) == 40
    check_temporary_experiment(repository, {"dvc.commit": commit, "run": tracked["run_id"]})


def check_temporary_experiment(repository: Path, linked: dict[str, str]) -> None:
    """What a temporary experiment logs is in the project's database, with its files, after its folder is gone."""
    from mlflow import MlflowClient

    run(["dvc", "exp", "run", "-q", "--temp", "-S", "train.strategy=fine_tune"], repository)
    client = MlflowClient(f"sqlite:///{repository}/mlflow.db")
    assert client.get_run(linked["run"]).data.tags["dvc.commit"] == linked["dvc.commit"]
    newest = client.search_runs(["1"], order_by=["attributes.start_time DESC"])[0]
    assert newest.info.run_name == "fine_tune"
    assert newest.data.tags["diagnosis"]
    assert newest.data.tags["mlstrat.completed"]
    assert json.loads(newest.data.tags["dvc.lock"])["models/model.skops"] == newest.data.tags["model_hash"]
    assert {"diagnosis/diagnosis.json", "diagnosis/ladder.png", "diagnosis/report.html"} == {
        item.path for item in client.list_artifacts(newest.info.run_id, "diagnosis")
    }
    assert not list((repository / ".dvc/tmp/exps").glob("tmp*/"))


@pytest.mark.parametrize("name", ["validate", "split", "predict", "diagnose", "report", "track", "gate"])
def test_a_stage_needs_what_it_names_and_nothing_else(repository: Path, tmp_path: Path, name: str) -> None:
    """With exactly its deps a stage makes its outs; without any one of them it fails or makes others."""
    stage = yaml.safe_load((repository / "dvc.yaml").read_text(encoding="utf-8"))["stages"][name]
    outs = [next(iter(o)) if isinstance(o, dict) else o for k in ("outs", "metrics", "plots") for o in stage.get(k, [])]

    def attempt(deps: list[str]) -> dict[str, bytes] | None:
        folder = tmp_path / f"try{len(list(tmp_path.iterdir()))}"
        for dep in [*deps, "params.yaml"]:
            (folder / dep).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repository / dep, folder / dep)
        if name in ("track", "gate"):  # the tracking database is no dep: it is the outside world
            shutil.copy(repository / "mlflow.db", folder / "mlflow.db")
        done = run(stage["cmd"], folder, check=False)
        return {out: (folder / out).read_bytes() for out in outs} if done.returncode == 0 else None

    whole = attempt(stage["deps"])
    assert whole is not None
    assert set(whole) == set(outs)
    for dep in stage["deps"]:
        if (name, dep) not in ORDER_ONLY | NOT_YET:
            assert attempt([d for d in stage["deps"] if d != dep]) != whole, f"{name} does not need {dep}"
