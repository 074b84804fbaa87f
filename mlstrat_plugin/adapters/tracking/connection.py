"""One MLflow server or database, with bounded patience, and its errors as ours."""

from __future__ import annotations

import logging
import os
import re
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from mlstrat_plugin.errors import MlstratError, RunError, TrackingError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

PROBE_SECONDS = 2.0
RETRIES = 1
MISSING = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
SQLITE = "sqlite:///"
REFUSED = re.compile(r"\b(401|403)\b")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run as MLflow gives it back; ``datasets`` by name and digest, ``started`` in milliseconds since 1970."""

    run_id: str
    experiment_id: str
    name: str = ""
    started: int = 0
    deleted: bool = False
    artifact_uri: str = ""
    metrics: dict[str, float]
    params: dict[str, str]
    tags: dict[str, str]
    datasets: frozenset[tuple[str, str]] = frozenset()
    models: tuple[str, ...] = ()


def run_of(run: MlflowRun) -> Run:
    """Return MLflow's run as ours."""
    inputs = run.inputs.dataset_inputs if run.inputs else []
    return Run(
        run_id=run.info.run_id,
        experiment_id=run.info.experiment_id,
        name=run.info.run_name or "",
        started=run.info.start_time or 0,
        deleted=run.info.lifecycle_stage == "deleted",
        artifact_uri=run.info.artifact_uri or "",
        metrics=dict(run.data.metrics),
        params=dict(run.data.params),
        tags=dict(run.data.tags),
        datasets=frozenset((item.dataset.name, item.dataset.digest) for item in inputs),
        models=tuple(model.model_id for model in (run.outputs.model_outputs if run.outputs else [])),
    )


class Connection:
    """One MLflow server or database.

    Parameters
    ----------
    uri : str
        A resolved tracking URI.
    patience : float
        Seconds that all calls together may take.
    creates : bool
        Whether a SQLite database that is not there may be made.

    Raises
    ------
    TrackingError
        The server does not answer.
    RunError
        The SQLite database is not there and must be.
    """

    def __init__(self, uri: str, patience: float, *, creates: bool = False) -> None:
        self.uri = uri
        self._patience = self._left = patience
        self._version = ""
        if urlsplit(uri).scheme in ("http", "https"):
            self._version = probe(uri, min(PROBE_SECONDS, patience))
        elif not creates and uri.startswith(SQLITE) and not Path(uri.removeprefix(SQLITE)).is_file():
            raise RunError(f"the database {uri} does not exist", hint="train first, or fix mlstrat.track.tracking_uri")
        self._client = self._connect()

    def _connect(self) -> MlflowClient:
        logging.getLogger("alembic").setLevel(logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecations inside the library
            from mlflow import MlflowClient
        with self._asking():
            return MlflowClient(tracking_uri=self.uri)

    def server_version(self) -> tuple[int, ...]:
        """Return the MLflow version behind the address, such as (3, 17); empty where it does not say."""
        if self.uri.startswith("http"):
            text = self._version
        else:
            from mlflow.version import VERSION

            text = VERSION
        return tuple(int(part) for part in text.strip().split(".")[:2] if part.isdigit())

    def get_run(self, run_id: str, where: str) -> Run:
        """Return a run that can take a diagnosis.

        Raises
        ------
        RunError
            There is no such run, or it is deleted.
        TrackingError
            The server failed.
        """
        from mlflow.exceptions import MlflowException

        with self._asking():
            try:
                run = run_of(self._client.get_run(run_id))
            except MlflowException as error:
                if error.error_code not in MISSING:
                    raise
                raise RunError(
                    f"run {shown(run_id)} of {where} is not on {self.uri}",
                    hint="train again, or fix mlstrat.track",
                ) from error
        if run.deleted:
            raise RunError(
                f"run {shown(run_id)} of {where} is deleted",
                hint=f"`mlflow runs restore --run-id {run_id}`, or train again",
            )
        return run

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Ask MLflow within the patience that is left, and turn whatever it raises into one error of ours."""
        started = time.monotonic()
        try:
            with _impatient(self._left):
                yield
        except MlstratError:
            raise
        except Exception as error:  # MLflow lets errors of requests, SQLAlchemy and boto3 through
            raise failed(self.uri, error) from error
        finally:
            self._left -= time.monotonic() - started
        if self._left <= 0:
            late = TimeoutError(f"it took longer than mlstrat.track.patience_seconds = {self._patience:g}")
            raise failed(self.uri, late)


@contextmanager
def _impatient(seconds: float) -> Iterator[None]:
    """Let MLflow's HTTP client give up in time and print nothing; its settings are variables, and are put back."""
    settings = {
        "MLFLOW_HTTP_REQUEST_TIMEOUT": str(max(1, int(seconds / (RETRIES + 1)))),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": str(RETRIES),
        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def probe(uri: str, seconds: float) -> str:
    """Ask the server for its version, before paying for the import of MLflow; empty where it says none.

    A server that answers, if only with a refusal, is there: what it refuses is said by the call that needs it.
    """
    try:
        with urlopen(f"{uri.rstrip('/')}/version", timeout=seconds) as answer:  # noqa: S310 - http or https, checked by the caller
            return str(answer.read(100).decode("utf-8", "replace"))
    except HTTPError as error:
        if error.code < 500:
            return ""
        raise failed(uri, error) from error
    except (URLError, OSError, ValueError) as error:
        raise failed(uri, error) from error


def failed(uri: str, error: Exception) -> TrackingError:
    """Return our error for whatever went wrong at the address."""
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    hint = "the diagnosis is saved in reports/; when the server is back, run `mlstrat track` or `dvc repro`"
    if getattr(error, "error_code", "") in ("PERMISSION_DENIED", "UNAUTHENTICATED") or REFUSED.search(reason):
        hint = "the diagnosis is saved in reports/; ask for EDIT on the experiment, then run `mlstrat track`"
    return TrackingError(f"no tracking on {uri}: {reason}", hint=hint)
