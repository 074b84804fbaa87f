"""The run that carries the diagnosis: where to see it, and the commit that belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.records.runs import TrackedRun
from mlstrat_plugin.records.saving import read_record

if TYPE_CHECKING:
    from mlstrat_plugin.params.project import Project

COMMIT = "dvc.commit"


def where(project: Project) -> str:
    """Return how to see the tracked run.

    Raises
    ------
    RecordError
        Nothing was tracked yet.
    """
    from mlstrat_plugin.adapters.addresses import resolve_uri, run_link, server_page
    from mlstrat_plugin.report.mlflow_view import view_link

    tracked = _tracked(project)
    uri = resolve_uri(project.params.track.tracking_uri, project.home)
    page = run_link(uri, tracked.experiment_id, tracked.run_id)
    return f"{page}\nall runs: {server_page(uri)}/{view_link(tracked.experiment_id)}"


def link(project: Project) -> str:
    """Tag the tracked run with the commit that holds its report and dvc.lock, and return that commit.

    While the pipeline runs, HEAD is the commit before; so this is called after ``git commit``.

    Raises
    ------
    RecordError
        Nothing was tracked yet, or the files are not committed as they are here.
    RunError
        The run is not there.
    TrackingError
        The server failed.
    """
    from mlstrat_plugin.adapters.addresses import resolve_uri
    from mlstrat_plugin.adapters.git import commit_of
    from mlstrat_plugin.adapters.lockfile import LOCK
    from mlstrat_plugin.adapters.tracking import Tracker

    tracked, report = _tracked(project), project.places.tracked_run
    commit = commit_of(project.root, *(file for file in (report, project.root / LOCK) if file.exists()))
    track = project.params.track
    tracker = Tracker(resolve_uri(track.tracking_uri, project.home), track.patience_seconds)
    run = tracker.get_run(tracked.run_id, str(report))
    tracker.tag_run(run.run_id, {COMMIT: commit})
    return commit


def _tracked(project: Project) -> TrackedRun:
    return read_record(TrackedRun, project.places.tracked_run, stage="track")
