"""What a decision rests on: the policy, the candidate, the files by their hashes, the looks so far."""

from __future__ import annotations

import json
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING

from mlstrat_plugin.errors import GateError, RecordError
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.gate import Candidate, Decision, Ledger
from mlstrat_plugin.records.runs import TrackedRun
from mlstrat_plugin.records.saving import read_record

if TYPE_CHECKING:
    from mlstrat_plugin.adapters.tracking import Registry, Run
    from mlstrat_plugin.params.block import Params
    from mlstrat_plugin.params.gate import Gate

DIAGNOSIS = Path("reports/diagnosis.json")
TRACKED = Path("reports/tracked_run.json")
REPORT = Path("reports/gate.json")
PAGE = Path("reports/gate.html")
LEDGER = Path("reports/looks.json")
FOLDER = "gate"  # of the run's artifacts


def policy_of(params: Params) -> Gate:
    """Return the policy.

    Raises
    ------
    GateError
        The params have none, or lack what it needs.
    """
    if params.gate is None:
        raise GateError("params.yaml has no mlstrat.gate", hint="copy the block of docs/gate.md and edit it")
    if params.track.model is None:
        raise GateError(
            "mlstrat.track.model is null: a model is known by the hash of its file",
            hint="name the model's file or folder",
        )
    if params.columns.labels:
        raise GateError("the gate judges one label, not several tasks", hint="leave mlstrat.columns.labels empty")
    return params.gate


def candidate_of(params: Params) -> Candidate:
    """Return the model that was tracked last, by its contents.

    Raises
    ------
    RecordError
        A report or the model is missing or damaged, or the diagnosis was made without splits.
    """
    from mlstrat_plugin.adapters.lockfile import content_hash

    diagnosis = read_diagnosis()
    tracked = read_record(TrackedRun, TRACKED, stage="track")
    if diagnosis.split_id is None or diagnosis.test_id is None:
        raise RecordError(f"{DIAGNOSIS} names no splits", hint="run `mlstrat split`, then `mlstrat diagnose`")
    return Candidate(
        run_id=tracked.run_id,
        model_hash=content_hash(str(params.track.model)),
        split_id=diagnosis.split_id,
        test_id=diagnosis.test_id,
    )


def connect(params: Params, run_id: str) -> tuple[Registry, Run]:
    """Return the registry and the run of the candidate.

    Raises
    ------
    GateError
        The registry is a file store.
    RunError
        The run is not there.
    TrackingError
        The server failed.
    """
    from mlstrat_plugin.adapters.addresses import resolve_uri
    from mlstrat_plugin.adapters.tracking import Registry

    registry = Registry(resolve_uri(params.track.tracking_uri), params.track.patience_seconds)
    return registry, registry.get_run(run_id, str(TRACKED))


def input_hashes(params: Params) -> dict[str, str]:
    """Return a digest of everything that a decision rests on; checked again before the alias moves.

    Raises
    ------
    RecordError
        A file is missing.
    """
    from mlstrat_plugin.adapters.lockfile import content_hash

    folder = Path(params.split.folder)
    files = [DIAGNOSIS, Path(params.evaluate.predictions), folder / "dev.parquet", folder / "test.parquet"]
    hashes = {file.as_posix(): content_hash(file.as_posix()) for file in files}
    return hashes | {str(params.track.model): content_hash(str(params.track.model))}


def policy_hash(params: Params) -> str:
    """Return a digest of the policy and of how errors are measured."""
    whole = {
        "gate": policy_of(params).model_dump(mode="json"),
        "evaluate": params.evaluate.model_dump(mode="json"),
        "columns": params.columns.model_dump(mode="json"),
    }
    return md5(json.dumps(whole, sort_keys=True).encode("utf-8")).hexdigest()  # noqa: S324 - identity, not security


def read_ledger() -> Ledger:
    """Return the looks so far.

    Raises
    ------
    RecordError
        The file is damaged.
    """
    if not LEDGER.is_file():
        return Ledger()
    return read_record(Ledger, LEDGER, stage="gate")


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def read_decision() -> Decision:
    """Return the saved decision.

    Raises
    ------
    RecordError
        It is missing or damaged.
    """
    return read_record(Decision, REPORT, stage="gate")


def read_diagnosis() -> Diagnosis:
    """Return the saved diagnosis.

    Raises
    ------
    RecordError
        It is missing or damaged.
    """
    return read_record(Diagnosis, DIAGNOSIS, stage="diagnose")
