"""MLflow's runs: the connection, which run it is, what is written to it, what is read from runs."""

from mlstrat_plugin.adapters.tracking.connection import Connection, Run
from mlstrat_plugin.adapters.tracking.matching import MODEL_HASH, Content
from mlstrat_plugin.adapters.tracking.notes import merged_note
from mlstrat_plugin.adapters.tracking.reading import Reader
from mlstrat_plugin.adapters.tracking.registry import WON, Registry, Version
from mlstrat_plugin.adapters.tracking.writing import (
    COMPLETED,
    DIGEST,
    NOTE,
    DatasetItem,
    RunUpdate,
    Tracker,
    active,
)

__all__ = [
    "COMPLETED",
    "DIGEST",
    "MODEL_HASH",
    "NOTE",
    "WON",
    "Connection",
    "Content",
    "DatasetItem",
    "Reader",
    "Registry",
    "Run",
    "RunUpdate",
    "Tracker",
    "Version",
    "active",
    "merged_note",
]
