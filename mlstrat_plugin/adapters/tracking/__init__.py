"""MLflow's runs: the connection, what is written to a run, what is read from runs."""

from mlstrat_plugin.adapters.tracking.connection import Connection, RunError
from mlstrat_plugin.adapters.tracking.reading import FoundRun, Logged, Reader
from mlstrat_plugin.adapters.tracking.writing import (
    COMPLETED,
    DIGEST,
    NOTE,
    DatasetItem,
    RunUpdate,
    Tracker,
    active,
    merged_note,
    quiet_metrics,
)

__all__ = [
    "COMPLETED",
    "DIGEST",
    "NOTE",
    "Connection",
    "DatasetItem",
    "FoundRun",
    "Logged",
    "Reader",
    "RunError",
    "RunUpdate",
    "Tracker",
    "active",
    "merged_note",
    "quiet_metrics",
]
