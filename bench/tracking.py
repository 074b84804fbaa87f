"""Count and time what `track` asks of a real MLflow server on loopback, beside one `log_metric` call per number."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from tests.servers import mlflow_server, proxy

REPEATS, NUMBERS, PATIENCE = 9, 30, 15.0
SAVED_BYTES = 100_000  # about a report with its pictures


def main() -> None:
    """Print round trips, and seconds as ratios; each pair is timed in turn."""
    warnings.simplefilter("ignore")
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    with tempfile.TemporaryDirectory() as name, mlflow_server(Path(name)) as uri, proxy(uri) as between:
        os.chdir(name)
        _trips(uri, between)
        _times(uri)


def _new_run(uri: str, name: str) -> str:
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    found = client.get_experiment_by_name(name)
    experiment = found.experiment_id if found else client.create_experiment(name)
    return str(client.create_run(experiment).info.run_id)


def _diagnosis() -> Any:
    import mlstrat_plugin as mlstrat

    return mlstrat.diagnose(human=0.01, train=(12, 1000), train_dev=(30, 1000), dev=(180, 1000), test=(190, 1000))


def _trips(uri: str, between: Any) -> None:
    import mlstrat_plugin as mlstrat

    for what in ("first run of an experiment", "another run", "the same run again"):
        run_id = run_id if what == "the same run again" else _new_run(uri, "trips")  # noqa: F821 - made before
        between.reset()
        mlstrat.log_diagnosis(_diagnosis(), run_id, between.uri)
        print(json.dumps({"what": f"round trips, {what}", "n": len(between.seen), "requests": between.seen}))


def _times(uri: str) -> None:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    from mlstrat_plugin.adapters.tracking import Tracker
    from mlstrat_plugin.stages.track import log_to, run_update

    client, record = MlflowClient(uri), _diagnosis()
    files = tuple(Path(name) for name in ("diagnosis.json", "report.html", "ladder.png"))
    for file in files:
        file.write_bytes(b"x" * SAVED_BYTES)
    update = run_update(record, files, (), {})
    times: dict[str, list[float]] = {"single": [], "batch": [], "whole": []}
    for _ in range(REPEATS):
        runs = [_new_run(uri, "times") for _ in times]
        start = time.perf_counter()
        for number in range(NUMBERS):
            client.log_metric(runs[0], f"m{number}", 0.5)
        single = time.perf_counter()
        client.log_batch(runs[1], metrics=[Metric(f"m{number}", 0.5, 1, 0) for number in range(NUMBERS)])
        batch = time.perf_counter()
        tracker = Tracker(uri, PATIENCE)
        log_to(tracker, tracker.get_run(runs[2], "the bench"), update, None)
        whole = time.perf_counter()
        for name, seconds in zip(times, (single - start, batch - single, whole - batch), strict=True):
            times[name].append(1000 * seconds)
    middle = {name: round(statistics.median(found), 1) for name, found in times.items()}
    ratios = {f"single / {name}": round(middle["single"] / middle[name], 2) for name in ("batch", "whole")}
    print(json.dumps({"what": f"{NUMBERS} log_metric calls, one batch, a whole diagnosis; ms", **middle, **ratios}))


if __name__ == "__main__":
    main()
