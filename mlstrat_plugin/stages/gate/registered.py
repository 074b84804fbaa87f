"""What MLflow knows of a trial: the candidate's run and versions, the champion, and the looks at the test set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlstrat_plugin.core.gate.looks import look_quantile
from mlstrat_plugin.records.gate import Ledger, Looks, Problem
from mlstrat_plugin.records.saving import read_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlstrat_plugin.adapters.tracking import Registry, Run, Version
    from mlstrat_plugin.records.places import Places
    from mlstrat_plugin.stages.gate.trial import Trial

ARTIFACTS = "gate"  # folder of the run's artifacts


@dataclass(frozen=True, kw_only=True)
class Registered:
    """The registry, and what it says about one trial; ``champion`` is None if no version carries the alias."""

    registry: Registry
    run: Run
    versions: tuple[Version, ...]
    champion: Version | None

    @property
    def champion_version(self) -> str:
        """Return the champion's version, empty if there is none."""
        return self.champion.version if self.champion else ""


def look_up(trial: Trial) -> Registered:
    """Ask the registry about the candidate and the champion.

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

    project, policy, run_id = trial.project, trial.policy, trial.candidate.run_id
    track = project.params.track
    registry = Registry(resolve_uri(track.tracking_uri, project.home), track.patience_seconds)
    return Registered(
        registry=registry,
        run=registry.get_run(run_id, str(project.places.tracked_run)),
        versions=tuple(registry.versions_of(policy.model, run_id)),
        champion=registry.champion(policy.model, policy.alias),
    )


def read_ledger(places: Places) -> Ledger:
    """Return the looks so far.

    Raises
    ------
    RecordError
        The file is damaged.
    """
    return read_record(Ledger, places.ledger, stage="gate") if places.ledger.is_file() else Ledger()


def count_looks(trial: Trial, registered: Registered, ledger: Ledger) -> Looks:
    """Count the models judged on the test set, this one included, in the ledger and as MLflow knows them.

    Raises
    ------
    TrackingError
        The server failed.
    """
    policy, candidate = trial.policy, trial.candidate
    judged, won = registered.registry.looked_at(candidate.test_id, sealed=policy.sealed)
    models = {*judged, *ledger.judged.get(candidate.test_id, ())}
    alpha, z = look_quantile(
        budget=policy.looks, promotions=policy.promotions, confidence=policy.confidence, sealed=policy.sealed
    )
    return Looks(
        used=len(models | {candidate.model_hash}),
        budget=policy.looks,
        won=len({*won, *ledger.won.get(candidate.test_id, ())}),
        promotions=policy.promotions,
        seen_before=candidate.model_hash in models,
        alpha=alpha,
        z=z,
        mode=policy.test,
    )


def find_problems(trial: Trial, registered: Registered) -> Iterator[Problem]:
    """Yield what forbids a promotion by the run, its versions or the alias, whatever the numbers are."""
    from mlstrat_plugin.adapters.tracking import COMPLETED, DIGEST

    candidate, policy, tags = trial.candidate, trial.policy, registered.run.tags
    run, champion, versions = f"run {candidate.run_id}", registered.champion, registered.versions
    ours = {"split_id": candidate.split_id, "test_id": candidate.test_id, "model_hash": candidate.model_hash}
    differing = [name for name, value in ours.items() if tags.get(name) != value]
    if differing:
        message = f"{run} belongs to another {' and '.join(differing)}; run `mlstrat track` first"
        yield Problem(code="run_differs", message=message)
    if not tags.get(COMPLETED) or tags[COMPLETED] != tags.get(DIGEST):
        message = f"{run} does not carry the complete diagnosis; run `mlstrat track` first"
        yield Problem(code="run_incomplete", message=message)
    if champion is not None and champion.run_id == candidate.run_id:
        message = f"this model is already the {policy.alias}, as version {champion.version}"
        yield Problem(code="already_champion", message=message)
    if len(versions) > 1:
        names = ", ".join(version.version for version in versions[:5])
        message = f"{run} has several versions ({names}), so the candidate is ambiguous; delete all but one"
        yield Problem(code="several_versions", message=message)
    if champion is None and policy.without_champion == "refuse":
        message = f"{policy.model} has no {policy.alias}, and without_champion is refuse"
        yield Problem(code="no_champion", message=message)
