"""Which run a diagnosis belongs to, and what of a person's and of training's own words stays on it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.adapters.lockfile import LOCK, content_hash, recorded_hashes
from mlstrat_plugin.adapters.tracking import COMPLETED, DIGEST, MODEL_HASH
from mlstrat_plugin.adapters.tracking.notes import MAX_DESCRIPTION, merged_description
from mlstrat_plugin.cli.main import main
from mlstrat_plugin.errors import MlstratError, RecordError, RunError, TrackingError
from mlstrat_plugin.runs.tracked import link
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.report import report
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.stages.track import track
from tests.conftest import Project, migrated_database

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from mlstrat_plugin.params.project import Project as MlstratProject

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]  # MLflow's own deprecations
MODEL = "models/model.bin"
RUN = "models/run.json"


@pytest.fixture
def tracked(project: Project) -> Iterator[tuple[Project, MlstratProject, MlflowClient, str]]:
    """A project with a model and its finished run."""
    from mlflow import MlflowClient

    shutil.copy(migrated_database(), project.root / "mlflow.db")
    block = {"tracking_uri": "sqlite:///mlflow.db", "run": RUN, "model": MODEL}
    params = project.load(track=block)
    split(params)
    project.predict(lambda rows: rows["split"].isin(["dev", "test"]) & rows["id"].str.endswith(("3", "7")))
    diagnose(params)
    report(params)
    client = MlflowClient(f"sqlite:///{project.root}/mlflow.db")
    client.create_experiment("training", artifact_location=str(project.root / "artifacts"))
    yield project, params, client, train(project.root, client, b"first")


def train(root: Path, client: MlflowClient, weights: bytes) -> str:
    """Write a model and the id of its new run."""
    experiment = client.get_experiment_by_name("training")
    assert experiment is not None
    run_id = str(client.create_run(experiment.experiment_id).info.run_id)
    client.set_terminated(run_id)
    (root / "models").mkdir(exist_ok=True)
    (root / MODEL).write_bytes(weights)
    (root / RUN).write_text(json.dumps({"run_id": run_id}))
    return run_id


def test_a_restored_model_finds_its_run_by_content(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    """DVC puts an earlier model back beside the run file of the latest training."""
    _, params, client, first = tracked
    assert track(params).run_id == first
    second = train(params.root, client, b"second")
    assert track(params).run_id == second
    (params.root / MODEL).write_bytes(b"first")
    assert track(params).run_id == first
    assert client.get_run(second).data.tags[MODEL_HASH] != client.get_run(first).data.tags[MODEL_HASH]
    (params.root / RUN).write_text(json.dumps({"run_id": "0" * 32}))  # a run file of another server
    assert track(params).run_id == first


def test_a_model_that_no_run_knows_is_refused(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    _, params, _, first = tracked
    track(params)
    saved = params.places.tracked_run.read_bytes()
    (params.root / MODEL).write_bytes(b"made by hand")
    with pytest.raises(RunError, match="of other splits or another model") as caught:
        track(params)
    assert caught.value.exit_code == 2
    assert params.places.tracked_run.read_bytes() == saved
    assert track(params, first).run_id == first  # a person who names the run is believed


def test_own_runs_are_found_by_content_when_settings_change(
    tracked: tuple[Project, MlstratProject, MlflowClient, str],
) -> None:
    project, _, client, _ = tracked
    block = {"tracking_uri": "sqlite:///mlflow.db", "run": None, "model": MODEL}
    first = track(project.load(track=block))
    stricter = project.load(track=block, diagnose={"material_gap": 0.05})
    diagnose(stricter)
    report(stricter)
    assert track(stricter).run_id == first.run_id
    assert len(client.search_runs([first.experiment_id])) == 1
    experiment = client.get_experiment(first.experiment_id)
    assert experiment.name == "mlstrat"
    assert Path(experiment.artifact_location).parent == project.root / "mlruns"


def test_without_its_model_nothing_is_tracked(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    (tracked[0].root / MODEL).unlink()
    with pytest.raises(RecordError, match=r"cannot read \S*models/model\.bin"):
        track(tracked[1])


def test_hashes_of_the_lock_file_are_a_tag(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    _, params, client, run_id = tracked
    (params.root / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n  train:\n    cmd: train\n    outs:\n    - path: models/mödel (1).bin\n"
        "      md5: 0123456789abcdef0123456789abcdef\n  diagnose:\n    cmd: d\n    outs:\n"
        "    - path: reports/diagnosis.json\n      md5: 00000000000000000000000000000000\n"
    )
    track(params)
    tag = client.get_run(run_id).data.tags["dvc.lock"]
    assert json.loads(tag) == {"models/mödel (1).bin": "0123456789abcdef0123456789abcdef"}
    outs = "".join(f"    - path: data/{i:04d}.parquet\n      md5: '{i:032d}'\n" for i in range(500))
    (params.root / "dvc.lock").write_text(f"stages:\n  many:\n    outs:\n{outs}")
    track(params)
    tag = client.get_run(run_id).data.tags["dvc.lock"]
    assert len(tag) <= 8000
    assert json.loads(tag)["data/0000.parquet"] == "0" * 32


@pytest.mark.parametrize("text", ["[]", "stages: 3", "a: [", "stages: {a: {outs: [3]}}"])
def test_damaged_lock_files(tmp_path: Path, text: str) -> None:
    lock = tmp_path / LOCK
    lock.write_text(text)
    if "outs" in text:
        assert recorded_hashes(lock) == {}
        return
    with pytest.raises(MlstratError, match=r"dvc\.lock"):
        recorded_hashes(lock)


def test_the_hash_is_the_one_that_dvc_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dvc.repo import Repo

    (tmp_path / "model/deep er").mkdir(parents=True)
    for name in ("b", "a.bin", "deep er/ü", "deep er.txt"):
        (tmp_path / "model" / name).write_bytes(name.encode() * 1000)
    (tmp_path / "one").write_bytes(b"1" * 3_000_000)
    with Repo.init(str(tmp_path), no_scm=True) as repo:
        recorded = {
            out.def_path: out.hash_info.value
            for out in (repo.add([str(tmp_path / "model"), str(tmp_path / "one")])[i].outs[0] for i in (0, 1))
        }
    assert {name: content_hash(name, tmp_path) for name in ("model", "one")} == recorded
    (tmp_path / LOCK).write_text(f"schema: '2.0'\nstages:\n  a:\n    outs:\n    - path: one\n      md5: {'7' * 32}\n")
    assert content_hash("one", tmp_path) == recorded["one"]
    monkeypatch.setenv("DVC_STAGE", "track")
    assert content_hash("one", tmp_path) == "7" * 32  # inside a stage DVC has just made it


def test_values_of_the_training_code_do_not_hide_ours(
    tracked: tuple[Project, MlstratProject, MlflowClient, str],
) -> None:
    """MLflow shows the value with the highest step, then the latest time, then the larger one."""
    _, params, client, run_id = tracked
    client.log_metric(run_id, "error/dev", 0.999, step=50)
    client.log_metric(run_id, "gap/bias", 0.999, timestamp=9_000_000_000_000)
    track(params)
    metrics = client.get_run(run_id).data.metrics
    assert metrics["error/dev"] < 0.5
    assert metrics["gap/bias"] < 0.5
    assert [point.value for point in client.get_metric_history(run_id, "error/dev")].count(0.999) == 1


def test_a_corrected_value_wins_within_one_millisecond(
    tracked: tuple[Project, MlstratProject, MlflowClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, params, client, run_id = tracked
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    track(params)
    high = client.get_run(run_id).data.metrics["error/dev"]
    project.predict(lambda rows: rows["id"].str.endswith("3"))
    diagnose(params)
    report(params)
    track(params)
    assert client.get_run(run_id).data.metrics["error/dev"] < high
    tags = client.get_run(run_id).data.tags
    assert tags[COMPLETED] == tags[DIGEST]


def test_a_store_that_keeps_something_else_is_an_error(
    tracked: tuple[Project, MlstratProject, MlflowClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    real = MlflowClient.log_batch

    def lossy(self: Any, run_id: str, metrics: Any = (), **rest: Any) -> None:
        real(self, run_id, metrics=[m for m in metrics if m.key != "error/test"], **rest)

    monkeypatch.setattr(MlflowClient, "log_batch", lossy)
    with pytest.raises(TrackingError, match=r"did not keep what was logged .*: metric error/test"):
        track(tracked[1])
    assert not tracked[1].places.tracked_run.exists()


def test_versions_start_with_the_verdict_and_keep_a_persons_words(
    tracked: tuple[Project, MlstratProject, MlflowClient, str],
) -> None:
    project, params, client, run_id = tracked
    client.create_registered_model("digits")
    version = client.create_model_version("digits", f"runs:/{run_id}/model", run_id=run_id, description="By Monday.")
    track(params)
    first = client.get_model_version("digits", version.version).description
    assert first.startswith("Data mismatch dominates: ")
    assert first.endswith("By Monday.")
    track(params)
    assert client.get_model_version("digits", version.version).description == first
    project.predict(lambda rows: rows["id"].str.endswith("3"))
    diagnose(params)
    report(params)
    track(params)
    second = client.get_model_version("digits", version.version).description
    assert not second.startswith("mismatch")
    assert second.count("By Monday.") == 1


def test_the_logged_model_carries_errors_with_their_datasets(
    tracked: tuple[Project, MlstratProject, MlflowClient, str],
) -> None:
    from mlflow.entities import LoggedModelOutput

    _, params, client, run_id = tracked
    experiment = client.get_run(run_id).info.experiment_id
    model = client.create_logged_model(experiment, name="model", source_run_id=run_id)
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 0)])
    track(params)
    found = {metric.key: metric for metric in client.get_logged_model(model.model_id).metrics}
    assert found["error/test"].dataset_name == "test[mobile]"
    assert found["error/test"].dataset_digest == client.get_run(run_id).data.tags["test_id"]
    assert found["gap/bias"].dataset_name is None


@given(st.text(max_size=200), st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_descriptions_lose_nothing(own: str, first: str, second: str) -> None:
    once = merged_description(own, first)
    assert once is not None
    twice = merged_description(once, second)
    assert twice is not None
    assert twice.startswith(second)
    assert own.strip() in twice
    assert merged_description(twice, second) == twice
    edited = once.replace(first, first + "!", 1)
    kept = merged_description(edited, second)
    assert kept is not None
    assert first + "!" in kept


def test_a_description_that_would_be_cut_is_left_alone() -> None:
    assert merged_description("x" * MAX_DESCRIPTION, "verdict") is None


def test_artifacts_in_a_temporary_experiment_are_refused(
    tracked: tuple[Project, MlstratProject, MlflowClient, str],
) -> None:
    _, params, client, _ = tracked
    temporary = params.root / ".dvc/tmp/exps/tmp1/mlruns"
    experiment = client.create_experiment("born in a temporary folder", artifact_location=str(temporary))
    run_id = client.create_run(experiment).info.run_id
    with pytest.raises(RunError, match="would be lost"):
        track(params, run_id)
    assert not client.get_run(run_id).data.metrics


def test_a_database_that_is_not_there_is_not_made(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    project = tracked[0]
    with pytest.raises(RunError, match=r"the database .*other\.db does not exist"):
        track(project.load(track={"tracking_uri": "sqlite:///other.db", "run": RUN}))
    assert not (project.root / "other.db").exists()


@pytest.mark.usefixtures("here")
def test_stdout_holds_the_record_only(
    tracked: tuple[Project, MlstratProject, MlflowClient, str], capsys: pytest.CaptureFixture[str]
) -> None:
    project = tracked[0]
    project.load(track={"tracking_uri": "sqlite:///mlflow.db", "run": None})
    with pytest.raises(SystemExit) as stop:
        main(["track", "--json"])
    assert stop.value.code == 0
    assert json.loads(capsys.readouterr().out)["run_id"]


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_is_added_once_it_exists(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    _, params, client, run_id = tracked
    with pytest.raises(RecordError, match="tracked_run"):
        link(params)
    track(params)
    with pytest.raises(RecordError, match="git says"):
        link(params)
    git(params.root, "init", "-q")
    with pytest.raises(RecordError, match=r"reports/tracked_run\.json is not committed"):
        link(params)
    git(params.root, "add", "reports")
    git(params.root, "commit", "-qm", "results")
    commit = git(params.root, "rev-parse", "HEAD")
    git(params.root, "commit", "-qm", "something else", "--allow-empty")
    assert link(params) == commit
    assert client.get_run(run_id).data.tags["dvc.commit"] == commit
    track(params)
    assert client.get_run(run_id).data.tags["dvc.commit"] == commit
    params.places.tracked_run.write_text("{}")
    with pytest.raises(RecordError):
        link(params)
