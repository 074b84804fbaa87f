"""What stages hand to one another and save; the names below are the public ones, loaded when they are first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlstrat_plugin.records.diagnosis import Diagnosis, ErrorRecord, Finding, GapRecord, Lean
    from mlstrat_plugin.records.runs import Comparison, History, TrackedRun
    from mlstrat_plugin.records.sizing import SizePlan
    from mlstrat_plugin.records.splits import Splits, Validation
    from mlstrat_plugin.records.words import Settings, Split

_HOME = {
    "Comparison": "runs",
    "Diagnosis": "diagnosis",
    "ErrorRecord": "diagnosis",
    "Finding": "diagnosis",
    "GapRecord": "diagnosis",
    "History": "runs",
    "Lean": "diagnosis",
    "Settings": "words",
    "SizePlan": "sizing",
    "Split": "words",
    "Splits": "splits",
    "TrackedRun": "runs",
    "Validation": "splits",
}
__all__ = [
    "Comparison",
    "Diagnosis",
    "ErrorRecord",
    "Finding",
    "GapRecord",
    "History",
    "Lean",
    "Settings",
    "SizePlan",
    "Split",
    "Splits",
    "TrackedRun",
    "Validation",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: few commands need all records."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
