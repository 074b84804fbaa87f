"""Tracking against a real server behind a proxy that makes faults: in the end one whole diagnosis on one run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from mlstrat_plugin.adapters.tracking import COMPLETED, DIGEST
from mlstrat_plugin.errors import RunError, TrackingError
from mlstrat_plugin.params.project import Project as MlstratProject
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.report import report
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.stages.track import track
from tests.conftest import Project
from tests.servers import Proxy, mlflow_server, postgresql, proxy

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]  # MLflow's own deprecations
MAX_TRIPS = 8
START_TRIPS = 2  # the probe and the run: what any use of a run costs
PATIENCE = 6.0
# Forks after the slow import, so that a tracking process can be made, and killed, in a moment.
FORKER = """
import os, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
import mlflow
from mlstrat_plugin.params.project import load_project
from mlstrat_plugin.stages.track import track
from mlstrat_plugin.errors import MlstratError
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            track(load_project(f"{line.strip()}/params.yaml", Path(line.strip())))
        except MlstratError as error:
            print(error.message, file=sys.stderr, flush=True)
            os._exit(3)
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True) if not line.startswith(" ") else None
"""


BOTH = pytest.mark.parametrize("server", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on SQLite, or on the store that a test names."""
    folder = tmp_path_factory.mktemp("server")
    if getattr(request, "param", "sqlite") == "sqlite":
        with mlflow_server(folder) as uri:
            yield uri
        return
    with postgresql() as store, mlflow_server(folder, store) as uri:
        yield uri


@pytest.fixture
def between(server: str) -> Iterator[Proxy]:
    with proxy(server) as found:
        yield found


@pytest.fixture
def client(server: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(server)


@pytest.fixture
def ready(project: Project, between: Proxy) -> MlstratProject:
    return prepared(project, between.uri, run=None, experiment=project.root.name)


def prepared(project: Project, uri: str, **track_block: Any) -> MlstratProject:
    ready = project.load(track={"tracking_uri": uri, "patience_seconds": PATIENCE, **track_block})
    split(ready)
    project.predict(lambda rows: rows["split"].isin(["dev", "test"]) & rows["id"].str.endswith(("3", "7")))
    diagnose(ready)
    report(ready)
    return ready


def renamed(ready: MlstratProject, experiment: str) -> MlstratProject:
    """Return the project with another experiment."""
    track_block = ready.params.track.model_copy(update={"experiment": experiment})
    return MlstratProject(ready.params.model_copy(update={"track": track_block}), ready.root)


def named_run(project: Project, client: Any, name: str) -> str:
    """Make an experiment with a finished training run and let the run file name it."""
    experiment = client.create_experiment(name)
    run_id = str(client.create_run(experiment).info.run_id)
    client.set_terminated(run_id)
    (project.root / "models").mkdir(exist_ok=True)
    (project.root / "models/run.json").write_text(json.dumps({"run_id": run_id}))
    return run_id


def runs_of(client: Any, experiment: str) -> list[Any]:
    found = client.get_experiment_by_name(experiment)
    return list(client.search_runs([found.experiment_id])) if found else []


def assert_one_whole_run(ready: MlstratProject, client: Any, experiment: str) -> None:
    (run,) = runs_of(client, experiment)
    tags = run.data.tags
    assert tags[COMPLETED] == tags[DIGEST]
    assert tags["diagnosis"] == "mismatch"
    assert len(run.data.metrics) == 10
    assert len(run.inputs.dataset_inputs) == 4
    names = {item.path for item in client.list_artifacts(run.info.run_id, "diagnosis")}
    assert names == {"diagnosis/diagnosis.json", "diagnosis/ladder.png", "diagnosis/report.html"}
    saved = ready.places.tracked_run.read_text()
    assert json.loads(saved)["run_id"] == run.info.run_id


@pytest.mark.parametrize("kind", ["drop", "503", "lose"])
def test_a_server_that_fails_from_any_request_on(ready: MlstratProject, between: Proxy, client: Any, kind: str) -> None:
    experiment = str(ready.params.track.experiment)
    track(renamed(ready, f"{experiment} whole"))
    for number in range(1, len(between.seen)):
        name = f"{experiment} {kind} {number}"
        changed = renamed(ready, name)
        between.reset(lambda n, path, number=number: kind if n >= number else "pass")  # type: ignore[misc]
        started = time.monotonic()
        with suppress(TrackingError):  # what fails late, such as the view, costs only itself
            track(changed)
        assert time.monotonic() - started < 2 * PATIENCE
        between.reset()
        track(changed)
        assert_one_whole_run(ready, client, name)


def test_one_lost_answer_at_any_request_is_survived(ready: MlstratProject, between: Proxy, client: Any) -> None:
    """MLflow's client sends a request again whose answer it lost; what it asked for may then be there twice."""
    experiment = str(ready.params.track.experiment)
    track(ready)
    for number in range(1, len(between.seen)):
        name = f"{experiment} {number}"
        changed = renamed(ready, name)
        between.reset(lambda n, path, number=number: "lose" if n == number else "pass")  # type: ignore[misc]
        try:
            track(changed)
        except TrackingError:
            between.reset()
            track(changed)
        assert_one_whole_run(ready, client, name)


def test_read_timeouts_cost_no_more_than_the_patience(ready: MlstratProject, between: Proxy, client: Any) -> None:
    between.reset(lambda n, path: "hang" if "log-batch" in path else "pass")
    started = time.monotonic()
    with pytest.raises(TrackingError):
        track(ready)
    assert time.monotonic() - started < 2 * PATIENCE
    assert not ready.places.tracked_run.exists()
    between.reset()
    track(ready)
    assert_one_whole_run(ready, client, str(ready.params.track.experiment))


@pytest.fixture
def forker() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", FORKER], stdin=-1, stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()


def asked(forker: subprocess.Popen[str], text: str) -> int:
    assert forker.stdin is not None
    assert forker.stdout is not None
    forker.stdin.write(text)
    forker.stdin.flush()
    return int(forker.stdout.readline())


@BOTH
def test_killed_between_any_two_requests(
    project: Project, ready: MlstratProject, between: Proxy, client: Any, forker: subprocess.Popen[str]
) -> None:
    experiment = str(ready.params.track.experiment)
    track(ready)
    for number in range(1, len(between.seen)):
        name = f"{experiment} {number}"
        changed = project.load(**{**project.block, "track": {**ready.params.track.model_dump(), "experiment": name}})
        reached = threading.Event()

        def hold(n: int, path: str, number: int = number, reached: threading.Event = reached) -> str:
            if n == number:
                reached.set()
                return "hang"
            return "pass"

        between.reset(hold)
        child = asked(forker, f"{project.root}\n")
        assert reached.wait(20)
        os.kill(child, signal.SIGKILL)
        assert forker.stdout is not None
        assert int(forker.stdout.readline()) == signal.SIGKILL
        between.reset()
        track(changed)
        assert_one_whole_run(ready, client, name)


@BOTH
def test_processes_at_once_make_one_run(
    ready: MlstratProject, between: Proxy, client: Any, forker: subprocess.Popen[str]
) -> None:
    children = [asked(forker, f" {ready.root}\n") for _ in range(6)]
    assert len(set(children)) == 6
    deadline = time.monotonic() + 40
    while len([r for r in between.seen if "runs/log-batch" in r]) < 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(8)
    track(ready)
    assert_one_whole_run(ready, client, str(ready.params.track.experiment))


def test_round_trips(project: Project, between: Proxy, client: Any) -> None:
    run_id = named_run(project, client, f"{project.root.name} trips")
    ready = prepared(project, between.uri, run="models/run.json", model="models/run.json")
    track(ready)  # the first in an experiment also installs the view
    for name in ("first", "second"):
        experiment = client.get_run(run_id).info.experiment_id
        run_id = client.create_run(experiment, run_name=name).info.run_id
        (project.root / "models/run.json").write_text(json.dumps({"run_id": run_id}))
        between.reset()
        track(ready)
        assert len(between.seen) - START_TRIPS <= MAX_TRIPS, between.seen
    between.reset()
    track(ready)
    assert len(between.seen) - START_TRIPS <= 2, between.seen


def test_a_server_without_permission_says_so(project: Project, between: Proxy, client: Any) -> None:
    run_id = named_run(project, client, f"{project.root.name} refused")
    ready = prepared(project, between.uri, run="models/run.json")
    between.reset(lambda n, path: "403" if n >= 3 else "pass")
    with pytest.raises(TrackingError, match="403") as caught:
        track(ready)
    assert "EDIT" in caught.value.hint
    assert not ready.places.tracked_run.exists()
    run = client.get_run(run_id)
    assert not run.data.metrics
    assert "diagnosis" not in run.data.tags


@pytest.mark.parametrize("name", ["a/b", 'it\'s "quoted"', "\N{ROCKET} launch", "100 % + ünïcode", "tag = 'x' OR 1"])
def test_experiment_names(project: Project, between: Proxy, client: Any, name: str) -> None:
    name = f"{project.root.name} {name}"
    ready = prepared(project, between.uri, run=None, experiment=name)
    track(ready)
    track(ready)
    assert_one_whole_run(ready, client, name)


def test_a_run_of_another_experiment(project: Project, between: Proxy, client: Any) -> None:
    run_id = named_run(project, client, f"{project.root.name} theirs")
    ready = prepared(project, between.uri, run="models/run.json", experiment="ours")
    with pytest.raises(RunError, match=r"is of the experiment .*theirs.*mlstrat\.track\.experiment is 'ours'"):
        track(ready)
    assert not client.get_run(run_id).data.metrics
