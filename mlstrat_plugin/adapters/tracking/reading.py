"""What runs hold: their metrics, their artifacts, their history."""

from __future__ import annotations

from pathlib import Path

from mlstrat_plugin.adapters.tracking.connection import Connection, Run, run_of
from mlstrat_plugin.errors import RunError, shown


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
        self.get_run(run_id, "the command line")
        parent, _, name = artifact.rpartition("/")
        with self._asking():
            if name not in {item.path.rsplit("/", 1)[-1] for item in self._client.list_artifacts(run_id, parent)}:
                raise RunError(f"run {shown(run_id)} has no {artifact}", hint="run `mlstrat track` for it first")
            return Path(self._client.download_artifacts(run_id, artifact, str(folder)))

    def diagnosed_runs(self, experiment_id: str | None, experiment: str, limit: int) -> list[Run]:
        """Return the runs with a diagnosis, newest first; none where the experiment is not there.

        Raises
        ------
        TrackingError
            The server failed.
        """
        with self._asking():
            if experiment_id is None:
                found = self._client.get_experiment_by_name(experiment)
                if found is None:
                    return []
                experiment_id = found.experiment_id
            runs = self._client.search_runs(
                [experiment_id], "tags.diagnosis != ''", max_results=limit, order_by=["attributes.start_time DESC"]
            )
        return [run_of(run) for run in runs]

    def champions(self, alias: str) -> frozenset[str]:
        """Return the runs whose registered model carries the alias.

        Raises
        ------
        TrackingError
            The server failed.
        """
        with self._asking():
            models = self._client.search_registered_models()
            versions = [
                self._client.get_model_version(model.name, str(model.aliases[alias]))
                for model in models
                if alias in model.aliases
            ]
        return frozenset(version.run_id for version in versions if version.run_id)
