"""What one command tries: the policy, the candidate, and digests of the files that a decision rests on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import md5
from typing import TYPE_CHECKING

from mlstrat_plugin.errors import GateError, RecordError
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.gate import Candidate
from mlstrat_plugin.records.runs import TrackedRun
from mlstrat_plugin.records.saving import read_record
from mlstrat_plugin.records.words import Split

if TYPE_CHECKING:
    from pathlib import Path

    from mlstrat_plugin.params.gate import Gate
    from mlstrat_plugin.params.project import Project
    from mlstrat_plugin.records.metrics import Metric


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Resolved once by ``gate`` and by ``promote``, and handed down.

    Parameters
    ----------
    project : Project
        Its params and where everything is.
    policy : Gate
        What a model must show.
    diagnosis : Diagnosis
        As it was tracked.
    candidate : Candidate
        The model that was tracked last, by its contents.
    model : Path
        Its file or folder.
    policy_hash : str
        Digest of the policy and of how errors are measured.
    inputs : dict of str to str
        Digests of the files that a decision rests on, by their names in the project.
    """

    project: Project
    policy: Gate
    diagnosis: Diagnosis
    candidate: Candidate
    model: Path
    policy_hash: str
    inputs: dict[str, str]

    @property
    def metric(self) -> Metric:
        """Return what an error is."""
        return self.project.params.evaluate.spec

    @property
    def unit(self) -> str:
        """Return the unit of the labels, empty if nobody named one."""
        return self.project.params.evaluate.unit or ""


def trial_of(project: Project) -> Trial:
    """Read what a command tries.

    Raises
    ------
    GateError
        There is no policy, or it does not fit the other params.
    RecordError
        A report, the model or a table is missing or damaged, or the diagnosis was made without splits.
    """
    policy = policy_of(project)  # its lack is the first thing to say
    places, model = project.places, project.path(str(project.params.track.model))
    diagnosis = read_record(Diagnosis, places.diagnosis, stage="diagnose")
    tracked = read_record(TrackedRun, places.tracked_run, stage="track")
    if diagnosis.split_id is None or diagnosis.test_id is None:
        raise RecordError(f"{places.diagnosis} names no splits", hint="run `mlstrat split`, then `mlstrat diagnose`")
    files = (places.diagnosis, project.predictions, *map(project.split_file, (Split.DEV, Split.TEST)), model)
    inputs = {name: _digest(name, project.root) for name in (_name(file, project.root) for file in files)}
    return Trial(
        project=project,
        policy=policy,
        diagnosis=diagnosis,
        candidate=Candidate(
            run_id=tracked.run_id,
            model_hash=inputs[_name(model, project.root)],
            split_id=diagnosis.split_id,
            test_id=diagnosis.test_id,
        ),
        model=model,
        policy_hash=_policy_hash(project),
        inputs=inputs,
    )


def policy_of(project: Project) -> Gate:
    """Return the policy.

    Raises
    ------
    GateError
        The params have none, or lack what it needs.
    """
    params = project.params
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


def _name(file: Path, root: Path) -> str:
    """Return how a file is called in the project, as it is saved."""
    return (file.relative_to(root) if file.is_relative_to(root) else file).as_posix()


def _digest(name: str, root: Path) -> str:
    from mlstrat_plugin.adapters.lockfile import content_hash

    try:
        return content_hash(name, root)
    except RecordError as error:
        raise RecordError(error.message, hint="run the stage that writes it, then `mlstrat gate`") from error


def _policy_hash(project: Project) -> str:
    params = project.params
    whole = {name: getattr(params, name).model_dump(mode="json") for name in ("gate", "evaluate", "columns")}
    return md5(json.dumps(whole, sort_keys=True).encode("utf-8")).hexdigest()  # noqa: S324 - identity, not security
