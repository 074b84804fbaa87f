"""The runs of an experiment over time: what held each of them back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlstrat_plugin.records import GAPS
from mlstrat_plugin.run_records import History, PastRun

if TYPE_CHECKING:
    from mlstrat_plugin.adapters.tracking import Run
    from mlstrat_plugin.params import Params

TRACKED = Path("reports/tracked_run.json")
PREFIX = "gap/"
OWN_EXPERIMENT = "mlstrat"


def history(params: Params, *, limit: int = 20) -> History:
    """List the diagnosed runs of the experiment, newest first.

    Parameters
    ----------
    params : Params
        Where MLflow is; the experiment is that of the tracked run, else the configured one.
    limit : int
        The most runs to list, from 1 on.

    Raises
    ------
    RecordError
        ``reports/tracked_run.json`` is damaged.
    TrackingError
        The server failed.
    """
    from mlstrat_plugin.adapters.addresses import resolve_uri
    from mlstrat_plugin.adapters.tracking import Reader
    from mlstrat_plugin.records import TrackedRun
    from mlstrat_plugin.saving import from_json

    tracker = Reader(resolve_uri(params.track.tracking_uri), params.track.patience_seconds)
    experiment = None
    if TRACKED.is_file():
        text = TRACKED.read_text(encoding="utf-8")
        experiment = from_json(TrackedRun, text, name=str(TRACKED), stage="track").experiment_id
    found = tracker.diagnosed_runs(experiment, params.track.experiment or OWN_EXPERIMENT, limit)
    champions = tracker.champions() if found else frozenset()
    return History(runs=tuple(_past(run, champion=run.run_id in champions) for run in found))


def _past(run: Run, *, champion: bool) -> PastRun:
    gaps = {name: run.metrics[PREFIX + name] for name in GAPS if PREFIX + name in run.metrics}
    merged = {
        key.removeprefix(PREFIX).replace("-or-", "+"): value
        for key, value in run.metrics.items()
        if key.startswith(PREFIX) and "-or-" in key
    }
    every = {**gaps, **merged}
    return PastRun(
        run_id=run.run_id,
        name=run.name,
        started=datetime.fromtimestamp(run.started / 1000, UTC).strftime("%Y-%m-%d %H:%M"),
        diagnosis=run.tags.get("diagnosis", ""),
        lean=run.tags.get("lean", ""),
        dominant=max(every, key=every.__getitem__) if every else "",
        interval=run.tags.get("dominant_gap", ""),
        dev=run.metrics.get("error/dev"),
        test=run.metrics.get("error/test"),
        champion=champion,
    )
