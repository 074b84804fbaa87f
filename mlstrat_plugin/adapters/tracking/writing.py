"""Bring a diagnosis to a run: everything in one batch, read back and compared."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.adapters.tracking.connection import Connection, said
from mlstrat_plugin.errors import TrackingError

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow.entities import Run

NOTE = "mlflow.note.content"
START, END = "<!-- mlstrat -->", "<!-- /mlstrat -->"
MAX_NOTE = 8000  # MLflow cuts longer tag values without a word
DIGEST, COMPLETED = "mlstrat.digest", "mlstrat.completed"


@dataclass(frozen=True, kw_only=True)
class DatasetItem:
    """One split as an MLflow dataset."""

    name: str
    digest: str
    context: str
    uri: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class RunUpdate:
    """Everything a run shall carry; ``digest`` changes when any of it does."""

    digest: str
    metrics: dict[str, float]
    tags: dict[str, str]
    note: str
    short_note: str
    artifacts: tuple[Path, ...]
    artifact_folder: str
    datasets: tuple[DatasetItem, ...]


def active() -> tuple[str | None, str]:
    """Return the id of the run that the calling program has open, if any, and the tracking URI that it uses."""
    import mlflow

    run = mlflow.active_run()
    return (run.info.run_id if run else None), mlflow.get_tracking_uri()


class Tracker(Connection):
    """Finds or makes a run, and makes it carry a diagnosis."""

    def own_run(self, experiment: str, digest: str) -> str:
        """Return the run that already carries this diagnosis, or a new one; used where no training run is known."""
        with said(self.uri):
            found = self._client.get_experiment_by_name(experiment)
            experiment_id = found.experiment_id if found else self._client.create_experiment(experiment)
            runs = self._client.search_runs([experiment_id], f"tags.`{DIGEST}` = '{digest}'", max_results=1)
            if runs:
                return str(runs[0].info.run_id)
            run = self._client.create_run(experiment_id, run_name="diagnosis", tags={DIGEST: digest})
            self._client.set_terminated(run.info.run_id)
            return str(run.info.run_id)

    def log(self, run_id: str, update: RunUpdate) -> str:
        """Bring the run to carry exactly this update and return its experiment; does nothing where it already does.

        Raises
        ------
        TrackingError
            The server failed, or what it gives back is not what was logged.
        """
        with said(self.uri):
            run = self._client.get_run(run_id)
            if run.data.tags.get(COMPLETED) != update.digest or _differs(run, update):
                for file in update.artifacts:
                    self._client.log_artifact(run_id, str(file), update.artifact_folder)
                self._log_datasets(run, update)
                self._log_batch(run, update)
                self._require_kept(run_id, update)
                self._client.set_tag(run_id, COMPLETED, update.digest)
            return str(run.info.experiment_id)

    def experiment_tags(self, experiment_id: str) -> dict[str, str]:
        """Return the tags of an experiment.

        Raises
        ------
        TrackingError
            The server failed.
        """
        with said(self.uri):
            return dict(self._client.get_experiment(experiment_id).tags)

    def tag_experiment(self, experiment_id: str, tags: dict[str, str]) -> None:
        """Set tags of an experiment.

        Raises
        ------
        TrackingError
            The server failed, or does not allow it.
        """
        with said(self.uri):
            for key, value in tags.items():
                self._client.set_experiment_tag(experiment_id, key, value)

    def _log_batch(self, run: Run, update: RunUpdate) -> None:
        from mlflow.entities import Metric, RunTag

        now = int(time.time() * 1000)
        note = merged_note(run.data.tags.get(NOTE, ""), update.note, update.short_note)
        tags = {**update.tags, DIGEST: update.digest, **({NOTE: note} if note is not None else {})}
        self._client.log_batch(
            run.info.run_id,
            metrics=[Metric(key, value, now, 0) for key, value in update.metrics.items()],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )

    def _log_datasets(self, run: Run, update: RunUpdate) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        known = {(item.dataset.name, item.dataset.digest) for item in (run.inputs.dataset_inputs if run.inputs else [])}
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
            if (item.name, item.digest) not in known
        ]
        if inputs:
            self._client.log_inputs(run.info.run_id, inputs)

    def _require_kept(self, run_id: str, update: RunUpdate) -> None:
        run = self._client.get_run(run_id)
        lost = _differs(run, update)
        names = {item.path.rsplit("/", 1)[-1] for item in self._client.list_artifacts(run_id, update.artifact_folder)}
        lost += [f"artifact {file.name}" for file in update.artifacts if file.name not in names]
        if lost:
            raise TrackingError(
                f"{self.uri} did not keep what was logged to run {run_id}: {', '.join(lost[:5])}",
                hint="run `mlstrat track` again",
            )


def _differs(run: Run, update: RunUpdate) -> list[str]:
    """Return the names of metrics and tags that the run does not hold as they should be."""
    wrong = [f"metric {key}" for key, value in update.metrics.items() if run.data.metrics.get(key) != value]
    return wrong + [f"tag {key}" for key, value in update.tags.items() if run.data.tags.get(key) != value]


def merged_note(existing: str, *texts: str) -> str | None:
    """Put our block first and keep what a person wrote; nothing where even the last, shortest text is too long."""
    before, _, rest = existing.partition(START)
    _, _, after = rest.partition(END)
    own = "\n".join(part.strip() for part in (before, after) if part.strip())
    for text in texts:
        note = f"{START}\n{text}\n{END}" + (f"\n\n{own}" if own else "")
        if len(note) <= MAX_NOTE:
            return note
    return None


def quiet_metrics(values: dict[str, Any]) -> dict[str, float]:
    """Return metrics rounded to six digits, as the UI prints floats in full."""
    return {key: round(float(value), 6) for key, value in values.items()}
