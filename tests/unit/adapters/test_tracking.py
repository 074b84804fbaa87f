"""A real MLflow database: everything is logged once, read back, and a person's own words stay."""

from __future__ import annotations

import json
import re
import shutil
import socket
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mlstrat_plugin as mlstrat
from mlstrat_plugin.adapters.addresses import resolve_uri
from mlstrat_plugin.adapters.tracking import COMPLETED, NOTE, Tracker
from mlstrat_plugin.cli.main import main
from mlstrat_plugin.errors import RecordError, RunError, TrackingError
from mlstrat_plugin.report.mlflow_view import VIEW_TAG, columns, unpacked
from mlstrat_plugin.runs.history import history as list_runs
from mlstrat_plugin.runs.tracked import where
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.report import report
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.stages.track import VIEWS_SINCE, track
from tests.conftest import migrated_database

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from mlstrat_plugin.params.project import Project as MlstratProject
    from tests.conftest import Project

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]  # MLflow's own deprecations


@pytest.fixture
def tracked(project: Project) -> Iterator[tuple[Project, MlstratProject, MlflowClient, str]]:
    from mlflow import MlflowClient

    shutil.copy(migrated_database(), project.root / "mlflow.db")
    params = project.load(track={"tracking_uri": "sqlite:///mlflow.db", "run": "models/run.json"})
    split(params)
    project.predict(lambda rows: rows["split"].isin(["dev", "test"]) & rows["id"].str.endswith(("3", "7")))
    diagnose(params)
    report(params)
    client = MlflowClient(f"sqlite:///{project.root}/mlflow.db")
    experiment = client.create_experiment("training", artifact_location=str(project.root / "artifacts"))
    run_id = client.create_run(experiment).info.run_id
    client.set_terminated(run_id)
    (params.root / "models").mkdir()
    (params.root / "models/run.json").write_text(json.dumps({"run_id": run_id}))
    yield project, params, client, run_id


def history(client: MlflowClient, run_id: str) -> dict[str, Any]:
    run = client.get_run(run_id)
    return {
        "metrics": {key: len(client.get_metric_history(run_id, key)) for key in run.data.metrics},
        "tags": dict(run.data.tags),
        "datasets": len(run.inputs.dataset_inputs),
        "runs": len(client.search_runs([run.info.experiment_id])),
    }


def test_the_run_carries_everything_once(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    _, params, client, run_id = tracked
    record = track(params)
    assert record.run_id == run_id
    run = client.get_run(run_id)
    assert run.data.tags["diagnosis"] == "mismatch"
    assert run.data.metrics["error/dev"] == pytest.approx(0.2, abs=0.1)
    assert run.data.metrics["gap/dominant"] == run.data.metrics["gap/mismatch"]
    assert round(run.data.metrics["gap/mismatch"], 6) == run.data.metrics["gap/mismatch"]
    assert run.data.tags[NOTE].split("\n")[1].startswith("**Data mismatch dominates: ")
    assert f"get-artifact?path=diagnosis/ladder.png&run_uuid={run_id}" in run.data.tags[NOTE]
    names = {item.path for item in client.list_artifacts(run_id, "diagnosis")}
    assert names == {"diagnosis/diagnosis.json", "diagnosis/ladder.png", "diagnosis/report.html"}
    contexts = {tag.value for item in run.inputs.dataset_inputs for tag in item.tags}
    assert contexts == {"train", "train-dev", "dev", "test"}
    before = history(client, run_id)
    first = params.places.tracked_run.read_bytes()
    track(params)
    assert history(client, run_id) == before
    assert params.places.tracked_run.read_bytes() == first
    assert set(before["metrics"].values()) == {1}
    assert run_id in where(params)
    assert "workflowType=machine_learning" in where(params)


def test_a_persons_note_stays(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    project, params, client, run_id = tracked
    client.set_tag(run_id, NOTE, "My own words.")
    track(params)
    assert client.get_run(run_id).data.tags[NOTE].endswith("My own words.")
    project.predict(lambda rows: rows["id"].str.endswith("3"))
    diagnose(params)
    report(params)
    track(params)
    note = client.get_run(run_id).data.tags[NOTE]
    assert note.count("My own words.") == 1
    assert note.count("<!-- mlstrat -->") == 1
    long_note = "x" * 7990
    client.set_tag(run_id, NOTE, long_note)
    client.delete_tag(run_id, COMPLETED)
    track(params)
    assert client.get_run(run_id).data.tags[NOTE] == long_note


def test_an_interrupted_tracking_is_completed(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    _, params, client, run_id = tracked
    track(params)
    client.delete_tag(run_id, COMPLETED)
    client.delete_tag(run_id, "diagnosis")
    track(params)
    tags = client.get_run(run_id).data.tags
    assert tags["diagnosis"] == "mismatch"
    assert COMPLETED in tags
    assert history(client, run_id)["datasets"] == 4


def test_an_edited_tag_is_put_right(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    _, params, client, run_id = tracked
    track(params)
    client.set_tag(run_id, "diagnosis", "ok")
    track(params)
    assert client.get_run(run_id).data.tags["diagnosis"] == "mismatch"


def test_deleted_and_unknown_runs(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    _, params, client, run_id = tracked
    client.delete_run(run_id)
    with pytest.raises(RunError, match="deleted") as caught:
        track(params)
    assert "mlflow runs restore" in caught.value.hint
    assert caught.value.exit_code == 2
    (params.root / "models/run.json").write_text('{"run_id": "0123456789abcdef0123456789abcdef"}')
    with pytest.raises(RunError, match="is not on"):
        track(params)
    assert not params.places.tracked_run.exists()


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"run_id": 3}'])
def test_damaged_run_files(tracked: tuple[Project, MlstratProject, MlflowClient, str], text: str) -> None:
    (tracked[0].root / "models/run.json").write_text(text)
    with pytest.raises(RecordError, match=r"run\.json"):
        track(tracked[1])


def test_without_a_training_run_one_is_made_once(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    project, _, client, _ = tracked
    params = project.load(track={"tracking_uri": "sqlite:///mlflow.db", "run": None, "experiment": "own"})
    first, second = track(params), track(params)
    assert first == second
    assert len(client.search_runs([first.experiment_id])) == 1


def test_a_server_that_is_down_costs_seconds(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    project = tracked[0]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(TrackingError, match="no tracking on") as caught:
        track(project.load(track={"tracking_uri": f"http://127.0.0.1:{port}"}))
    assert time.monotonic() - started < 15
    assert caught.value.exit_code == 3
    assert tracked[1].places.diagnosis.exists()
    assert not tracked[1].places.tracked_run.exists()


def test_a_server_that_never_answers_costs_seconds(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(TrackingError):
            track(tracked[0].load(track={"tracking_uri": uri}))
        assert time.monotonic() - started < 15


def test_relative_uris_lie_in_the_dvc_project(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    assert resolve_uri(None) == f"sqlite:///{here}/mlflow.db"
    monkeypatch.setenv("DVC_ROOT", str(here / "project"))
    assert resolve_uri("sqlite:///mlflow.db") == f"sqlite:///{here}/project/mlflow.db"
    assert resolve_uri("file:./mlruns") == f"file:{here}/project/mlruns"
    assert resolve_uri("mlruns") == f"{here}/project/mlruns"
    assert resolve_uri("http://127.0.0.1:5000") == "http://127.0.0.1:5000"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert resolve_uri(None) == "http://127.0.0.1:1"


def experiment_tags(client: MlflowClient, run_id: str) -> dict[str, str]:
    return dict(client.get_experiment(client.get_run(run_id).info.experiment_id).tags)


@pytest.mark.skipif(
    tuple(int(part) for part in version("mlflow").split(".")[:2]) < VIEWS_SINCE, reason="this MLflow has no saved views"
)
def test_the_view_is_installed_once_and_linked(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    _, params, client, run_id = tracked
    track(params)
    first = experiment_tags(client, run_id)
    assert unpacked(json.loads(first[VIEW_TAG])["state"])["selectedColumns"] == list(columns())
    assert "viewStateShareKey=mlstrat-diagnosis&workflowType=machine_learning" in first["mlflow.note.content"]
    track(params)
    assert experiment_tags(client, run_id) == first


def test_the_experiments_own_note_stays(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    _, params, client, run_id = tracked
    experiment = client.get_run(run_id).info.experiment_id
    client.set_experiment_tag(experiment, "mlflow.note.content", "our own words")
    client.set_experiment_tag(experiment, "mlflow.sharedViewState.theirs", "their view")
    track(params)
    tags = experiment_tags(client, run_id)
    assert tags["mlflow.note.content"].endswith("our own words")
    assert tags["mlflow.sharedViewState.theirs"] == "their view"


def test_a_view_that_cannot_be_saved_fails_nothing(
    tracked: tuple[Project, MlstratProject, MlflowClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, params, client, run_id = tracked

    def refuse(*_: Any) -> None:
        raise TrackingError("403", hint="")

    monkeypatch.setattr(Tracker, "tag_experiment", refuse)
    assert track(params).run_id == run_id
    assert VIEW_TAG not in experiment_tags(client, run_id)


def test_an_older_server_goes_without_the_view(
    tracked: tuple[Project, MlstratProject, MlflowClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, params, client, run_id = tracked
    monkeypatch.setattr(Tracker, "server_version", lambda _: (3, 14))
    track(params)
    assert VIEW_TAG not in experiment_tags(client, run_id)


def test_any_run_can_be_named(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    _, params, client, run_id = tracked
    other = client.create_run(client.get_run(run_id).info.experiment_id).info.run_id
    assert track(params, other).run_id == other
    assert client.get_run(other).data.tags["diagnosis"] == "mismatch"
    assert "diagnosis" not in client.get_run(run_id).data.tags
    with pytest.raises(RunError, match="of the command line is not on"):
        track(params, "0" * 32)


def test_a_diagnosis_from_memory(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    import mlflow

    project, _, client, run_id = tracked
    result = mlstrat.diagnose(human=0.01, train=(100, 10_000), dev=(900, 10_000))
    uri = f"sqlite:///{project.root}/mlflow.db"
    mlstrat.log_diagnosis(result, run_id, uri)
    before = history(client, run_id)
    mlstrat.log_diagnosis(result, run_id, uri)
    assert history(client, run_id) == before
    assert client.get_run(run_id).data.metrics["error/dev"] == pytest.approx(0.09)
    assert {item.path for item in client.list_artifacts(run_id, "diagnosis")} == {
        "diagnosis/diagnosis.json",
        "diagnosis/ladder.png",
        "diagnosis/report.html",
    }
    mlflow.set_tracking_uri(uri)
    with pytest.raises(mlstrat.MlstratError, match="no run is given and none is active"):
        mlstrat.log_diagnosis(result)
    with mlflow.start_run(experiment_id=client.get_run(run_id).info.experiment_id) as run:
        mlstrat.log_diagnosis(result)
    assert client.get_run(run.info.run_id).data.tags["diagnosis"] == result.diagnosis


def test_a_run_of_foreign_code_is_diagnosed(tracked: tuple[Project, MlstratProject, MlflowClient, str]) -> None:
    project, _, client, run_id = tracked
    client.log_metric(run_id, "train_error", 0.01)
    client.log_metric(run_id, "val_acc", 0.8)
    client.log_param(run_id, "n_train", 10_000)
    uri = f"sqlite:///{project.root}/mlflow.db"
    errors, rows = {"human": 0.01, "train": "train_error", "dev": "1 - val_acc"}, {"train": "n_train", "dev": 2500}
    with pytest.raises(mlstrat.MlstratError, match="no metric 'val_accuracy'"):
        mlstrat.diagnose_run(run_id, errors={**errors, "dev": "1 - val_accuracy"}, rows=rows, tracking_uri=uri)
    assert "diagnosis" not in client.get_run(run_id).data.tags
    result = mlstrat.diagnose_run(run_id, errors=errors, rows=rows, tracking_uri=uri)
    assert result.diagnosis == "variance+mismatch"
    data = client.get_run(run_id).data
    assert data.tags["diagnosis"] == "variance+mismatch"
    assert data.metrics["gap/variance-or-mismatch"] == pytest.approx(0.19)
    assert data.metrics["val_acc"] == 0.8


@pytest.mark.usefixtures("here")
def test_history_lists_diagnosed_runs_and_the_champion(
    tracked: tuple[Project, MlstratProject, MlflowClient, str], capsys: pytest.CaptureFixture[str]
) -> None:
    project, params, client, run_id = tracked
    assert list_runs(params).runs == ()
    experiment = client.get_run(run_id).info.experiment_id
    client.create_run(experiment, run_name="without a diagnosis")
    track(params)
    better = client.create_run(experiment, run_name="better", start_time=4_000_000_000_000).info.run_id
    mlstrat.log_diagnosis(
        mlstrat.diagnose(train=(10, 1000), dev=(12, 1000)), better, f"sqlite:///{project.root}/mlflow.db"
    )
    client.create_registered_model("digits")
    version = client.create_model_version("digits", f"runs:/{better}/model", run_id=better)
    client.set_registered_model_alias("digits", "champion", version.version)
    found = list_runs(params).runs
    assert [(run.run_id, run.champion) for run in found] == [(better, True), (run_id, False)]
    assert found[0].dominant == "variance+mismatch"
    assert found[1].dominant == "mismatch"
    assert re.fullmatch(r"mismatch [\d.]+ \[[\d.]+, [\d.]+\]", found[1].interval)
    assert found[1].dev == pytest.approx(client.get_run(run_id).data.metrics["error/dev"])
    assert len(list_runs(params, limit=1).runs) == 1
    with pytest.raises(SystemExit) as stop:
        main(["history"])
    assert stop.value.code == 0
    assert "champion" in capsys.readouterr().out
    client.set_tag(run_id, "mlstrat.gaps", '{"bias": [1, NaN, 2], "variance": 3, "mismatch": [0.1, 0.0, "<b>"]}')
    assert list_runs(params).runs[1].gaps == {}
    client.set_tag(better, "mlflow.runName", "<script>")
    with pytest.raises(SystemExit):
        main(["history", "--html", "history.html"])
    page = (project.root / "history.html").read_text()
    assert "<script>" not in page
    marked = [re.search(r"&lt;script&gt;.*?<td>yes</td>", row) for row in page.replace("\n", "").split("</tr>")]
    assert len([row for row in marked if row]) == 1  # the champion, and its name is escaped
    assert page.count("data:image/svg+xml") == 2
