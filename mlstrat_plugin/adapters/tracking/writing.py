"""Bring a diagnosis to a run: files, datasets, then everything else in one batch, read back and compared."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.adapters.tracking.connection import run_of
from mlstrat_plugin.adapters.tracking.matching import Finder
from mlstrat_plugin.adapters.tracking.notes import merged_description, merged_note
from mlstrat_plugin.errors import RunError, TrackingError

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow.entities import Metric
    from mlflow.entities.model_registry import ModelVersion

    from mlstrat_plugin.adapters.tracking.connection import Run
    from mlstrat_plugin.adapters.tracking.notes import Block

NOTE = "mlflow.note.content"
TEMPORARY = "/.dvc/tmp/exps/"  # where DVC runs queued and temporary experiments
DIGEST, COMPLETED = "mlstrat.digest", "mlstrat.completed"


@dataclass(frozen=True, kw_only=True)
class DatasetItem:
    """One split as an MLflow dataset; ``context`` is the split's name."""

    name: str
    digest: str
    context: str
    uri: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class RunUpdate:
    """Everything that a run carries; ``digest`` changes when any of it does."""

    digest: str
    metrics: dict[str, float]
    tags: dict[str, str]
    note: str
    short_note: str
    description: str
    artifacts: tuple[Path, ...]
    artifact_folder: str
    datasets: tuple[DatasetItem, ...]


def active() -> tuple[str | None, str]:
    """Return the id of the run that the calling program has open, if any, and the tracking URI that it uses."""
    import mlflow

    run = mlflow.active_run()
    return (run.info.run_id if run else None), mlflow.get_tracking_uri()


class Tracker(Finder):
    """Makes a run carry a diagnosis, and the experiment and the registered versions show it."""

    def log(self, run: Run, update: RunUpdate) -> None:
        """Bring the run to carry exactly this update; does None if it already does.

        The tag ``mlstrat.completed`` is the last thing that is written, and is taken off before anything of an earlier
        update changes: a run that has it is whole.

        Raises
        ------
        RunError
            The run keeps its artifacts in a folder that DVC will delete.
        TrackingError
            The server failed, or what it gives back is not what was logged.
        """
        if TEMPORARY in run.artifact_uri:
            raise RunError(
                f"the artifacts of run {run.run_id} would be lost: DVC deletes their folder, {run.artifact_uri}",
                hint="run `dvc repro` once before experiments, or create the experiment with an --artifact-location",
            )
        completed = run.tags.get(COMPLETED)
        if completed == update.digest and not _differs(run, update):
            return
        run_id = run.run_id
        with self._asking():
            if completed:
                self._client.set_tag(run_id, COMPLETED, "")
            artifacts = self._artifacts(run)
            for file in update.artifacts:
                artifacts.log_artifact(str(file), update.artifact_folder)
        self._log_datasets(run, update)
        self._log_batch(run, update, {})
        self._require_kept(run_id, update)

    def describe_versions(self, run_id: str, text: str) -> None:
        """Let the description of every registered version of the run start with this text.

        What the gate and a person wrote there stays below.

        Raises
        ------
        TrackingError
            The registry failed, or does not allow it.
        """
        with self._asking():
            for version in self._client.search_model_versions(f"run_id = '{run_id}'"):
                self._describe(version, text, "diagnosis")

    def _describe(self, version: ModelVersion, text: str, block: Block) -> None:
        description = merged_description(version.description or "", text, block)
        if description is not None and description != version.description:
            self._client.update_model_version(version.name, version.version, description)

    def tag_experiment(self, experiment_id: str, tags: dict[str, str]) -> None:
        """Set tags of an experiment.

        Raises
        ------
        TrackingError
            The server failed, or does not allow it.
        """
        with self._asking():
            for key, value in tags.items():
                self._client.set_experiment_tag(experiment_id, key, value)

    def tag_run(self, run_id: str, tags: dict[str, str]) -> None:
        """Set tags of a run.

        Raises
        ------
        TrackingError
            The server failed, or does not allow it.
        """
        from mlflow.entities import RunTag

        with self._asking():
            self._client.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])

    def _artifacts(self, run: Run) -> Any:
        """Return the run's artifact store, without asking for the run once more."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        return get_artifact_repository(run.artifact_uri, tracking_uri=self.uri)

    def _log_batch(self, run: Run, update: RunUpdate, after: dict[str, Metric]) -> None:
        """Log metrics and tags at once; MLflow writes the tags, with the one that says complete, last.

        The latest value of a metric is the one with the highest step, then the latest time: ``after`` holds values
        that ours must come after.
        """
        from mlflow.entities import Metric, RunTag

        now = int(time.time() * 1000)
        model_id = _model_of(run)
        by_context = {item.context: item for item in update.datasets}

        def metric(key: str, value: float) -> Metric:
            item = by_context.get(key.removeprefix("error/"))
            last = after.get(key)
            return Metric(
                key,
                value,
                max(now, last.timestamp + 1) if last else now,
                last.step if last else 0,
                model_id=model_id,
                dataset_name=item.name if item else None,
                dataset_digest=item.digest if item else None,
            )

        note = merged_note(run.tags.get(NOTE, ""), update.note, update.short_note)
        tags = {**update.tags, **({NOTE: note} if note is not None else {}), DIGEST: update.digest}
        tags[COMPLETED] = update.digest
        with self._asking():
            self._client.log_batch(
                run.run_id,
                metrics=[metric(key, value) for key, value in update.metrics.items()],
                tags=[RunTag(key, value) for key, value in tags.items()],
            )

    def _log_datasets(self, run: Run, update: RunUpdate) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        inputs = [
            DatasetInput(
                Dataset(
                    name=item.name,
                    digest=item.digest,
                    source_type="local",
                    source=json.dumps({"uri": item.uri}),
                    profile=json.dumps({"num_rows": item.rows}),
                ),
                [InputTag("mlflow.data.context", item.context)],
            )
            for item in update.datasets
            if (item.name, item.digest) not in run.datasets
        ]
        if inputs:
            with self._asking():
                self._client.log_inputs(run.run_id, inputs)

    def _require_kept(self, run_id: str, update: RunUpdate) -> None:
        """Read the run back; where an earlier value still counts as the latest, log ours after it, once."""
        with self._asking():
            run = run_of(self._client.get_run(run_id))
        hidden = [key for key, value in update.metrics.items() if run.metrics.get(key) != value]
        if hidden:
            with self._asking():
                histories = {key: self._client.get_metric_history(run_id, key) for key in hidden}
            after = {key: max(points, key=_order) for key, points in histories.items() if points}
            self._log_batch(run, update, after)
            with self._asking():
                run = run_of(self._client.get_run(run_id))
        lost = _differs(run, update)
        if lost:
            raise TrackingError(
                f"{self.uri} did not keep what was logged to run {run_id}: {', '.join(lost[:5])}",
                hint="another process may have logged to it at the same time; run `mlstrat track` again",
            )


def _order(metric: Metric) -> tuple[int, int]:
    return metric.step, metric.timestamp


def _model_of(run: Run) -> str | None:
    """Return the one model that the run logged; of several nobody says which one was diagnosed."""
    return run.models[0] if len(run.models) == 1 else None


def _differs(run: Run, update: RunUpdate) -> list[str]:
    """Return the names of metrics and tags that the run does not hold as they should be."""
    wrong = [f"metric {key}" for key, value in update.metrics.items() if run.metrics.get(key) != value]
    return wrong + [f"tag {key}" for key, value in update.tags.items() if run.tags.get(key) != value]
