from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mlstrat_plugin.hooks.run_context import RunContext

pytestmark = pytest.mark.usefixtures("here")
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "DVC_"))}


def git(*words: str) -> None:
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words], check=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git and DVC repository with a split report, all committed."""
    git("init", "-q")
    for name, text in {
        ".dvc/config": "",
        "reports/splits.json": json.dumps({"schema_version": 1, "split_id": "0123456789ab"}, indent=2),
        "params.yaml": "mlstrat: {}\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git("add", ".")
    git("commit", "-qm", "one")
    return tmp_path


def test_nothing_is_said_outside_of_dvc() -> None:
    assert not RunContext().in_context()


def test_tags_in_a_stage_of_an_experiment(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("DVC_STAGE", "train"), ("DVC_EXP_NAME", "pooled"), ("DVC_EXP_BASELINE_REV", "abc")):
        monkeypatch.setenv(name, value)
    (repository / "sub").mkdir()
    monkeypatch.chdir(repository / "sub")
    assert RunContext().in_context()
    assert RunContext().tags() == {
        "dvc.stage": "train",
        "dvc.exp_name": "pooled",
        "dvc.baseline_rev": "abc",
        "split_id": "0123456789ab",
        "git.dirty": "false",
    }


def test_a_changed_file_is_dirty(repository: Path) -> None:
    (repository / "params.yaml").write_text("changed")
    assert RunContext().tags()["git.dirty"] == "true"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"split_id": 5}', '{"split_id": "<script>"}', "\x00" * 50])
def test_a_damaged_report_costs_its_tag_alone(repository: Path, text: str) -> None:
    (repository / "reports/splits.json").write_text(text)
    assert RunContext().tags() == {"git.dirty": "true"}


@pytest.mark.parametrize(
    "block",
    [
        "  folders:\n    reports: reports/mobile\n",
        "  folders:  # two models\n    # Where.\n    reviews: r\n\n    reports: 'reports/mobile'  # of one\n",
        "  folders: {reviews: r, reports: reports/mobile}\n",
        '  folders: {reports: "reports/mobile", reviews: r}\n',
    ],
)
def test_the_folder_of_reports_is_the_configured_one(repository: Path, block: str) -> None:
    (repository / "params.yaml").write_text(f"mlstrat:\n  engine:\n    name: duckdb\n{block}  columns:\n    id: id\n")
    assert yaml.safe_load((repository / "params.yaml").read_text())["mlstrat"]["folders"]["reports"] == "reports/mobile"
    (repository / "reports/splits.json").rename(repository / "splits.json")
    assert "split_id" not in RunContext().tags()
    (repository / "reports/mobile").mkdir()
    (repository / "splits.json").rename(repository / "reports/mobile/splits.json")
    assert RunContext().tags()["split_id"] == "0123456789ab"


@pytest.mark.parametrize("text", ["mlstrat:\n  folders:\n    reviews: r\n  x:\n    reports: no\n", "", "\x00"])
def test_without_a_configured_folder_it_is_the_usual_one(repository: Path, text: str) -> None:
    (repository / "params.yaml").write_text(text)
    assert RunContext().tags()["split_id"] == "0123456789ab"


def test_without_git_the_rest_is_said(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert RunContext().tags() == {"split_id": "0123456789ab"}


def test_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert not RunContext().in_context()
    assert RunContext().tags() == {}


def test_the_import_takes_the_standard_library_alone() -> None:
    script = (
        "import sys; before = set(sys.modules)\n"
        "import mlstrat_plugin.hooks.run_context\n"
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=CLEAN)
    assert said.stdout.strip() == "['mlstrat_plugin']"


@pytest.mark.integration
def test_mlflow_tags_its_runs_even_where_all_is_broken(repository: Path) -> None:
    (repository / "params.yaml").write_text(": {broken")
    (repository / "dvc.lock").write_text("\x00\x01")
    (repository / "dvc.yaml").write_text("stages: [")
    script = (
        "import mlflow, json\n"
        "mlflow.set_tracking_uri('sqlite:///mlflow.db')\n"
        "with mlflow.start_run() as run: pass\n"
        "print(json.dumps(mlflow.get_run(run.info.run_id).data.tags))"
    )
    environment = {**CLEAN, "DVC_STAGE": "train", "MLFLOW_DISABLE_TELEMETRY": "true"}
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment, cwd=repository
    )
    tags = json.loads(said.stdout.splitlines()[-1])
    assert (tags["dvc.stage"], tags["split_id"], tags["git.dirty"]) == ("train", "0123456789ab", "true")
