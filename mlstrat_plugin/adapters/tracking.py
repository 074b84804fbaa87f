"""MLflow runs: find the run, log everything in one batch, read it back."""

from __future__ import annotations

import json
import logging
import os
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from mlstrat_plugin.errors import MlstratError, TrackingError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient
    from mlflow.entities import Run

NOTE = "mlflow.note.content"
START, END = "<!-- mlstrat -->", "<!-- /mlstrat -->"
MAX_NOTE = 8000  # MLflow cuts longer tag values without a word
DIGEST, COMPLETED = "mlstrat.digest", "mlstrat.completed"
PROBE_SECONDS = 2.0


class RunError(MlstratError):
    """The run that should carry the diagnosis is not there."""


@dataclass(frozen=True, kw_only=True)
class DatasetItem:
    """One split as an MLflow dataset."""

    name: str
    digest: str
    context: str
    uri: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Logged:
    """What a run holds: the last value of each metric, and its params."""

    metrics: dict[str, float]
    params: dict[str, str]


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


class Tracker:
    """One MLflow server or database, with bounded patience.

    Parameters
    ----------
    uri : str
        A resolved tracking URI.
    patience : float
        Seconds that a server may cost in all.

    Raises
    ------
    TrackingError
        The server does not answer.
    """

    def __init__(self, uri: str, patience: float) -> None:
        self.uri = uri
        if urlsplit(uri).scheme in ("http", "https"):
            _probe(uri, min(PROBE_SECONDS, patience))
        # A first failed request, its one retry and the probe stay within the patience.
        os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(max(1, int(patience / 4)))
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
        os.environ["MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR"] = "1"
        self._client = self._connect()

    def _connect(self) -> MlflowClient:
        logging.getLogger("alembic").setLevel(logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecations inside the library
            from mlflow import MlflowClient
        with _said(self.uri):
            return MlflowClient(tracking_uri=self.uri)

    def training_run(self, run_id: str, where: str) -> str:
        """Return the run if it can take a diagnosis.

        Raises
        ------
        RunError
            There is no such run, or it is deleted.
        TrackingError
            The server failed.
        """
        from mlflow.exceptions import MlflowException

        try:
            run = self._client.get_run(run_id)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise RunError(
                    f"run {shown(run_id)} of {where} is not on {self.uri}", hint="train again, or mend mlstrat.track"
                ) from error
            raise _failed(self.uri, error) from error
        if run.info.lifecycle_stage == "deleted":
            raise RunError(
                f"run {shown(run_id)} of {where} is deleted",
                hint=f"`mlflow runs restore --run-id {run_id}`, or train again",
            )
        return run_id

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
        with _said(self.uri):
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
        with _said(self.uri):
            data = self._client.get_run(run_id).data
            return Logged(metrics=dict(data.metrics), params=dict(data.params))

    def own_run(self, experiment: str, digest: str) -> str:
        """Return the run that already carries this diagnosis, or a new one; used where no training run is known."""
        with _said(self.uri):
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
        with _said(self.uri):
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
        with _said(self.uri):
            return dict(self._client.get_experiment(experiment_id).tags)

    def tag_experiment(self, experiment_id: str, tags: dict[str, str]) -> None:
        """Set tags of an experiment.

        Raises
        ------
        TrackingError
            The server failed, or does not allow it.
        """
        with _said(self.uri):
            for key, value in tags.items():
                self._client.set_experiment_tag(experiment_id, key, value)

    def server_version(self) -> tuple[int, ...]:
        """Return the MLflow version behind the address; empty where it does not say.

        Raises
        ------
        TrackingError
            The server failed.
        """
        if not self.uri.startswith("http"):
            from mlflow.version import VERSION

            text = VERSION
        else:
            with _said(self.uri), urlopen(f"{self.uri.rstrip('/')}/version", timeout=PROBE_SECONDS) as answer:  # noqa: S310
                text = answer.read(100).decode("utf-8", "replace")
        return tuple(int(part) for part in text.strip().split(".")[:2] if part.isdigit())

    def _log_batch(self, run: Run, update: RunUpdate) -> None:
        from mlflow.entities import Metric, RunTag

        now = int(time.time() * 1000)
        note = _merged_note(run.data.tags.get(NOTE, ""), update)
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


def _merged_note(existing: str, update: RunUpdate) -> str | None:
    return merged_note(existing, update.note, update.short_note)


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


def _probe(uri: str, seconds: float) -> None:
    """Ask the server whether it is there, before paying for the import of MLflow."""
    try:
        with urlopen(f"{uri.rstrip('/')}/health", timeout=seconds):  # noqa: S310 - http or https, checked by the caller
            return
    except (URLError, OSError, ValueError) as error:
        raise _failed(uri, error) from error


@contextmanager
def _said(uri: str) -> Iterator[None]:
    """Turn whatever MLflow, its database or its HTTP client raises into one error of ours."""
    try:
        yield
    except MlstratError:
        raise
    except Exception as error:  # MLflow lets errors of requests, SQLAlchemy and boto3 through
        raise _failed(uri, error) from error


def _failed(uri: str, error: Exception) -> TrackingError:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return TrackingError(
        f"no tracking on {uri}: {reason}",
        hint="the diagnosis is saved in reports/; when the server is back, run `mlstrat track` or `dvc repro`",
    )


def quiet_metrics(values: dict[str, Any]) -> dict[str, float]:
    """Return metrics rounded to six digits, as the UI prints floats in full."""
    return {key: round(float(value), 6) for key, value in values.items()}
