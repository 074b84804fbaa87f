"""Which run a diagnosis belongs to: the one that training named, else one with the same content, else a new one."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

from mlstrat_plugin.adapters.tracking.connection import SQLITE, Connection, Run, run_of
from mlstrat_plugin.errors import RunError, TrackingError, shown

MODEL_HASH = "model_hash"
OWN = "mlstrat.own"  # a run that mlstrat made, and may delete while it is empty


@dataclass(frozen=True, kw_only=True)
class Content:
    """What makes two runs the same: tags that name the splits and the model by their contents."""

    tags: dict[str, str]

    @property
    def query(self) -> str:
        """The search for runs with this content; the values are hexadecimal digests."""
        return " AND ".join(f"tags.`{key}` = '{value}'" for key, value in sorted(self.tags.items()))

    def contradicts(self, run: Run) -> bool:
        """Return whether the run says of itself that it has other content."""
        return any(run.tags.get(key, value) != value for key, value in self.tags.items())


class Finder(Connection):
    """Finds the run of a diagnosis."""

    def experiment_tags(self, run: Run, required: str | None) -> dict[str, str]:
        """Return the tags of the run's experiment.

        Raises
        ------
        RunError
            It is not the required one.
        TrackingError
            The server failed.
        """
        with self._asking():
            experiment = self._client.get_experiment(run.experiment_id)
        if required is not None and experiment.name != required:
            raise RunError(
                f"run {run.run_id} is of the experiment {shown(experiment.name)}, "
                f"and mlstrat.track.experiment is {shown(required)}",
                hint="set mlstrat.track.experiment to its experiment, or to null to take a run of any",
            )
        return dict(experiment.tags)

    def training_run(self, run_id: str, where: str, content: Content | None, experiment: str | None) -> Run:
        """Return the run that training named, or the one that has the content where the named one has not.

        A model that DVC restored from its cache can lie beside the run file of a later training.

        Raises
        ------
        RunError
            The named run is missing, deleted or of other content, and no run of the experiment has the content.
        TrackingError
            The server failed.
        """
        try:
            run = self.get_run(run_id, where)
            if content is None or not content.contradicts(run):
                return run
            error = RunError(
                f"run {shown(run_id)} of {where} is of other splits or another model, and no run is of these",
                hint="train again, so that the run file and the model belong together",
            )
        except RunError as missing:
            if content is None:
                raise
            error = missing
        found = self._with_content(content, experiment)
        if not found:
            raise error
        return found[0]

    def own_run(self, content: Content, experiment: str) -> Run:
        """Return the one run that has this content, or a new one; used where training names none.

        Two processes, or a request that was sent twice, may each make one: the oldest is kept, the others, still
        empty, are deleted.

        Raises
        ------
        RunError
            The experiment is deleted.
        TrackingError
            The server failed.
        """
        with self._asking():
            found = self._client.get_experiment_by_name(experiment)
            if found is not None and found.lifecycle_stage == "deleted":
                raise RunError(
                    f"the experiment {shown(experiment)} is deleted",
                    hint=f"`mlflow experiments restore --experiment-id {found.experiment_id}`, or name another one",
                )
        experiment_id = found.experiment_id if found else self._new_experiment(experiment)
        runs = self._search([experiment_id], content)
        if not runs:
            with self._asking():
                made = self._client.create_run(experiment_id, run_name="diagnosis", tags={**content.tags, OWN: "true"})
                self._client.set_terminated(made.info.run_id)
            runs = self._search([experiment_id], content)
        for extra in runs[1:]:
            if not extra.metrics and OWN in extra.tags:
                with self._asking():
                    self._client.delete_run(extra.run_id)
        if not runs:
            raise TrackingError(f"{self.uri} does not find the run that it made", hint="run `mlstrat track` again")
        return runs[0]

    def _new_experiment(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        with self._asking():
            try:
                return str(self._client.create_experiment(name, artifact_location=self._artifact_location(name)))
            except MlflowException as error:
                found = self._client.get_experiment_by_name(name)  # another process was faster
                if found is None:
                    raise error
                return str(found.experiment_id)

    def _with_content(self, content: Content, experiment: str | None) -> list[Run]:
        with self._asking():
            if experiment is not None:
                known = self._client.get_experiment_by_name(experiment)
                ids = [known.experiment_id] if known else []
            else:
                ids = [one.experiment_id for one in self._client.search_experiments()]
        return self._search(ids, content) if ids else []

    def _search(self, experiment_ids: list[str], content: Content) -> list[Run]:
        """Return the runs with the content, oldest first; a run that was just made must be among them."""
        with self._asking():
            runs = self._client.search_runs(experiment_ids, content.query, order_by=["attributes.start_time ASC"])
            return sorted(map(run_of, runs), key=lambda run: (run.started, run.run_id))

    def _artifact_location(self, name: str) -> str | None:
        """Return a folder beside a local database; MLflow would take the working folder, which may be temporary."""
        if not self.uri.startswith(SQLITE):
            return None
        folder = md5(name.encode("utf-8")).hexdigest()[:12]  # noqa: S324 - identity, not security
        return str(Path(self.uri.removeprefix(SQLITE)).parent / "mlruns" / folder)
