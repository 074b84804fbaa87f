"""Records as versioned JSON, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import isclose
from typing import TYPE_CHECKING, Any, TypeVar

from mlstrat_plugin.errors import EstimateError, RecordError
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.gate import Decision, Ledger, Promotion
from mlstrat_plugin.records.review import Sampling, Suggestions
from mlstrat_plugin.records.runs import Comparison, History, TrackedRun
from mlstrat_plugin.records.sizing import SizePlan
from mlstrat_plugin.records.splits import Splits, Validation
from mlstrat_plugin.records.words import DECISION_VERSION, DIAGNOSIS_VERSION, SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path

Saved = (
    Diagnosis
    | Validation
    | Splits
    | TrackedRun
    | SizePlan
    | Comparison
    | History
    | Decision
    | Ledger
    | Promotion
    | Sampling
    | Suggestions
)
TALLIES = ("tallies", "tallies_by_source", "tallies_2x3")  # the fields of a diagnosis
READABLE: dict[type, tuple[int, ...]] = {Diagnosis: (1, DIAGNOSIS_VERSION), Decision: (DECISION_VERSION,)}
Record = TypeVar("Record", Diagnosis, Validation, Splits, TrackedRun, Decision, Ledger)


def to_json(record: Saved) -> str:
    """Return the saved form: two-space indent, fixed order, numbers to ten digits, no NaN."""
    return json.dumps(_plain(asdict(record)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Round floats, so that the last bits of another machine do not make another file.

    Tallies are sums of any size: they come rounded, to significant digits.
    """
    if isinstance(value, float):
        return round(value, 10)
    if isinstance(value, dict):
        return {str(key): item if key in TALLIES else _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def same_number(saved: float, now: float) -> bool:
    """Return whether a number is the saved one, whose last digits were rounded away."""
    return isclose(saved, now, rel_tol=1e-9, abs_tol=1e-9)


def saved_text(file: Path, *, stage: str) -> str:
    """Return the text of a saved file.

    Raises
    ------
    RecordError
        It is missing, cannot be read, or is not UTF-8; the hint names the stage that writes it.
    """
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise RecordError(f"cannot read {file}: {error.strerror}", hint=f"run `mlstrat {stage}` first") from error
    except UnicodeDecodeError as error:
        raise RecordError(f"{file} is not UTF-8 text", hint=f"run `mlstrat {stage}` again") from error


def read_record(kind: type[Record], file: Path, *, stage: str) -> Record:
    """Read a record from its file.

    Raises
    ------
    RecordError
        The file cannot be read, or holds no such record; see ``saved_text`` and ``from_json``.
    """
    return from_json(kind, saved_text(file, stage=stage), name=str(file), stage=stage)


def from_json(kind: type[Record], text: str, *, name: str, stage: str) -> Record:
    """Read a saved record back.

    Parameters
    ----------
    kind : type
        The record class.
    text : str
        JSON text.
    name, stage : str
        The file it came from and the stage that writes it, for the message.

    Raises
    ------
    RecordError
        The text is not JSON, of another schema version, lacks a field, or holds settings out of range. Unknown
        fields are ignored: a newer mlstrat may have added them.
    """
    from pydantic import TypeAdapter, ValidationError

    hint = f"run `mlstrat {stage}` again"
    try:
        data = json.loads(text)
    except ValueError as error:
        raise RecordError(f"{name} is not valid JSON: {error}", hint=hint) from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    readable = READABLE.get(kind, (SCHEMA_VERSION,))
    if isinstance(version, bool) or version not in readable:
        known = " and ".join(map(str, readable))
        raise RecordError(f"{name} has schema_version {version!r}; this mlstrat reads {known}", hint=hint)
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecordError(f"{name}: {where}: {first['msg']}", hint=hint) from error
    except EstimateError as error:
        raise RecordError(f"{name}: {error.message}", hint=hint) from error
