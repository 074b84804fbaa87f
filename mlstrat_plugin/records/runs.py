"""What is saved about runs: the tracked one, a comparison of two, the history of many."""

from __future__ import annotations

from dataclasses import dataclass

from mlstrat_plugin.records.words import SCHEMA_VERSION, Movement


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """One diagnosed run of an experiment; ``interval`` is its largest gap with its bounds, as it was logged.

    ``gaps`` holds value, low and high of each gap, as far as the run says them.
    """

    run_id: str
    name: str
    started: str
    diagnosis: str
    lean: str
    dominant: str
    interval: str
    dev: float | None
    test: float | None
    champion: bool
    gaps: dict[str, tuple[float, float, float]]


@dataclass(frozen=True, kw_only=True)
class History:
    """The diagnosed runs of an experiment, newest first."""

    schema_version: int = SCHEMA_VERSION
    runs: tuple[PastRun, ...]


@dataclass(frozen=True, kw_only=True)
class Change:
    """How much an error or a gap changed from the first run to the second; below zero it fell.

    ``n`` rows were answered by both runs, of which the second run got ``fixed`` right and ``broken`` wrong that the
    first did not; None if the runs are compared as two samples.
    """

    value: float
    low: float
    high: float
    status: Movement
    method: str
    n: int | None = None
    fixed: int | None = None
    broken: int | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two runs side by side; ``summary`` is for people, ``params`` holds the settings that differ."""

    schema_version: int = SCHEMA_VERSION
    names: tuple[str, str]
    diagnoses: tuple[str, str]
    errors: dict[str, Change]
    gaps: dict[str, Change]
    summary: str
    metric: str
    unit: str = ""
    confidence: float
    unchanged_within: float
    params: dict[str, tuple[str, str]]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """The MLflow run that carries the diagnosis."""

    schema_version: int = SCHEMA_VERSION
    run_id: str
    experiment_id: str
    diagnosis_digest: str
