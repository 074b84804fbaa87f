"""One MLflow server or database, with bounded patience, and its errors as ours."""

from __future__ import annotations

import logging
import os
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from mlstrat_plugin.errors import MlstratError, TrackingError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient

PROBE_SECONDS = 2.0


class RunError(MlstratError):
    """The run that should carry the diagnosis is not there."""


class Connection:
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
            probe(uri, min(PROBE_SECONDS, patience))
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
        with said(self.uri):
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
            raise failed(self.uri, error) from error
        if run.info.lifecycle_stage == "deleted":
            raise RunError(
                f"run {shown(run_id)} of {where} is deleted",
                hint=f"`mlflow runs restore --run-id {run_id}`, or train again",
            )
        return run_id

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
            with said(self.uri), urlopen(f"{self.uri.rstrip('/')}/version", timeout=PROBE_SECONDS) as answer:  # noqa: S310
                text = answer.read(100).decode("utf-8", "replace")
        return tuple(int(part) for part in text.strip().split(".")[:2] if part.isdigit())


def probe(uri: str, seconds: float) -> None:
    """Ask the server whether it is there, before paying for the import of MLflow."""
    try:
        with urlopen(f"{uri.rstrip('/')}/health", timeout=seconds):  # noqa: S310 - http or https, checked by the caller
            return
    except (URLError, OSError, ValueError) as error:
        raise failed(uri, error) from error


@contextmanager
def said(uri: str) -> Iterator[None]:
    """Turn whatever MLflow, its database or its HTTP client raises into one error of ours."""
    try:
        yield
    except MlstratError:
        raise
    except Exception as error:  # MLflow lets errors of requests, SQLAlchemy and boto3 through
        raise failed(uri, error) from error


def failed(uri: str, error: Exception) -> TrackingError:
    """Return our error for whatever went wrong at the address."""
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return TrackingError(
        f"no tracking on {uri}: {reason}",
        hint="the diagnosis is saved in reports/; when the server is back, run `mlstrat track` or `dvc repro`",
    )
