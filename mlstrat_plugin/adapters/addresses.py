"""Where tracking is: the URI as code needs it, and the pages that people open."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

SQLITE = "sqlite:///"
DEFAULT_URI = f"{SQLITE}mlflow.db"


def resolve_uri(uri: str | None, root: Path | None = None) -> str:
    """Return the tracking URI, with a relative path of a database or folder made absolute.

    Parameters
    ----------
    uri : str, optional
        As configured; without one ``MLFLOW_TRACKING_URI`` counts, and without that ``sqlite:///mlflow.db``.
    root : Path, optional
        What a relative path is relative to: the DVC project, also inside a temporary experiment; else this folder.
    """
    chosen = uri or os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI
    base = root or Path(os.environ.get("DVC_ROOT") or ".")
    for prefix in (SQLITE, "file:"):
        if chosen.startswith(prefix) and not chosen.startswith("file://"):
            return prefix + str((base / chosen.removeprefix(prefix)).resolve())
    if urlsplit(chosen).scheme == "" and chosen != "databricks":
        return str((base / chosen).resolve())
    return chosen


def run_link(uri: str, experiment_id: str, run_id: str) -> str:
    """Return how to see the run: a link on a server, a command and a link on a local database."""
    page = f"#/experiments/{experiment_id}/runs/{run_id}?workflowType=machine_learning"
    if uri.startswith("http"):
        return f"{server_page(uri)}/{page}"
    return f"mlflow ui --backend-store-uri {uri}\nthen open {server_page(uri)}/{page}"


def server_page(uri: str) -> str:
    """Return where the pages are: on the server, or on the one that `mlflow ui` starts for a local database."""
    return uri.rstrip("/") if uri.startswith("http") else "http://127.0.0.1:5000"
