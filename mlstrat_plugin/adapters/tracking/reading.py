"""What runs hold: their metrics, their artifacts, their history."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mlstrat_plugin.adapters.tracking.connection import Connection, RunError, said
from mlstrat_plugin.errors import shown

CHAMPION = "champion"  # the alias of the registered version that is served


@dataclass(frozen=True, kw_only=True)
class Logged:
    """What a run holds: the last value of each metric, and its params."""

    metrics: dict[str, float]
    params: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class FoundRun:
    """A run as a search returns it; ``started`` in milliseconds since 1970."""

    run_id: str
    name: str
    started: int
    metrics: dict[str, float]
    tags: dict[str, str]


class Reader(Connection):
    """Reads runs; changes nothing."""

    def download(self, run_id: str, artifact: str, folder: Path) -> Path:
        """Copy an artifact of a run into a folder.

        Raises
        ------
        RunError
            There is no such run, or it does not have the artifact.
        TrackingError
            The server failed.
        """
        self.training_run(run_id, "the command line")
        os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
        parent, _, name = artifact.rpartition("/")
        with said(self.uri):
            if name not in {item.path.rsplit("/", 1)[-1] for item in self._client.list_artifacts(run_id, parent)}:
                raise RunError(f"run {shown(run_id)} has no {artifact}", hint="run `mlstrat track` for it first")
            return Path(self._client.download_artifacts(run_id, artifact, str(folder)))

    def logged(self, run_id: str) -> Logged:
        """Return the metrics and params of a run.

        Raises
        ------
        TrackingError
            The server failed.
        """
        with said(self.uri):
            data = self._client.get_run(run_id).data
            return Logged(metrics=dict(data.metrics), params=dict(data.params))

    def diagnosed_runs(self, experiment_id: str | None, experiment: str, limit: int) -> list[FoundRun]:
        """Return the runs with a diagnosis, newest first; none where the experiment is not there.

        Raises
        ------
        TrackingError
            The server failed.
        """
        with said(self.uri):
            if experiment_id is None:
                found = self._client.get_experiment_by_name(experiment)
                if found is None:
                    return []
                experiment_id = found.experiment_id
            runs = self._client.search_runs(
                [experiment_id], "tags.diagnosis != ''", max_results=limit, order_by=["attributes.start_time DESC"]
            )
        return [
            FoundRun(
                run_id=run.info.run_id,
                name=run.info.run_name or "",
                started=run.info.start_time or 0,
                metrics=dict(run.data.metrics),
                tags=dict(run.data.tags),
            )
            for run in runs
        ]

    def champions(self) -> frozenset[str]:
        """Return the runs whose registered model carries the alias ``champion``.

        Raises
        ------
        TrackingError
            The server failed.
        """
        with said(self.uri):
            models = self._client.search_registered_models()
            versions = [
                self._client.get_model_version(model.name, str(model.aliases[CHAMPION]))
                for model in models
                if CHAMPION in model.aliases
            ]
        return frozenset(version.run_id for version in versions if version.run_id)
