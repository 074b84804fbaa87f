"""The runs of an experiment over time: what held each of them back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING

from mlstrat_plugin.errors import RecordError
from mlstrat_plugin.records.runs import History, PastRun
from mlstrat_plugin.records.words import GAPS
from mlstrat_plugin.report.mlflow_run import GAPS_TAG

if TYPE_CHECKING:
    from mlstrat_plugin.adapters.tracking import Run
    from mlstrat_plugin.params.project import Project

PREFIX = "gap/"
CHAMPION = "champion"  # the alias of the served version where no gate names another


def history(project: Project, *, limit: int = 20) -> History:
    """List the diagnosed runs of the experiment, newest first.

    Parameters
    ----------
    project : Project
        Where MLflow is; the experiment is that of the tracked run, else the configured one.
    limit : int
        The most runs to list, from 1 on.

    Raises
    ------
    RecordError
        ``tracked_run.json`` is damaged.
    TrackingError
        The server failed.
    """
    from mlstrat_plugin.adapters.addresses import resolve_uri
    from mlstrat_plugin.adapters.tracking import Reader
    from mlstrat_plugin.records.runs import TrackedRun
    from mlstrat_plugin.records.saving import read_record

    track, tracked = project.params.track, project.places.tracked_run
    tracker = Reader(resolve_uri(track.tracking_uri, project.home), track.patience_seconds)
    experiment = None
    if tracked.is_file():
        experiment = read_record(TrackedRun, tracked, stage="track").experiment_id
    found = tracker.diagnosed_runs(experiment, track.own_experiment, limit)
    alias = CHAMPION if project.params.gate is None else project.params.gate.alias
    champions = tracker.champions(alias) if found else frozenset()
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
        gaps=_gaps(run.tags.get(GAPS_TAG, "")),
    )


def _gaps(text: str) -> dict[str, tuple[float, float, float]]:
    """Return the gaps that a tag holds; anybody may have edited it, so what is not a gap with bounds is left out."""
    try:
        given = json.loads(text)
        return {
            str(name): (bounds[0], bounds[1], bounds[2])
            for name, bounds in given.items()
            if len(bounds) == 3 and all(isinstance(x, (int, float)) and isfinite(x) for x in bounds)
        }
    except (ValueError, AttributeError, TypeError):
        return {}


def history_page(record: History) -> str:
    """Return a page with the gaps over time: picture and table.

    Raises
    ------
    RecordError
        There is no diagnosed run.
    """
    from mlstrat_plugin.report.render import history_html

    if not record.runs:
        raise RecordError("no run has a diagnosis yet, so there is nothing to draw", hint="run `mlstrat track` first")
    return history_html(record)
