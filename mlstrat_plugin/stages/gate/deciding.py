"""Decide on the tracked model, and write down why."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlstrat_plugin.adapters.files import replacing, write_text
from mlstrat_plugin.core.gate.decision import look_quantile, outcome, sealed_challenge, sealed_condition, spent
from mlstrat_plugin.errors import TrackingError
from mlstrat_plugin.records.gate import Decision, Looks
from mlstrat_plugin.records.saving import to_json
from mlstrat_plugin.stages.gate.evidence import gather
from mlstrat_plugin.stages.gate.inputs import (
    FOLDER,
    LEDGER,
    PAGE,
    REPORT,
    candidate_of,
    connect,
    input_hashes,
    policy_hash,
    policy_of,
    read_ledger,
)

if TYPE_CHECKING:
    from mlstrat_plugin.adapters.tracking import Registry, Run, Version
    from mlstrat_plugin.params.block import Params
    from mlstrat_plugin.params.gate import Gate
    from mlstrat_plugin.params.project import Project
    from mlstrat_plugin.records.gate import Candidate

TAG_LENGTH = 500


def gate(project: Project) -> Decision:
    """Decide on the tracked model, and write the decision to ``reports/gate.json``, its run and its version.

    That the model was looked at is written to ``reports/looks.json`` before its answer is known. A registry that does
    not answer makes the decision unclear, which promotes nothing.

    Raises
    ------
    GateError
        There is no policy, or it does not fit the other params; or the registry is a file store.
    RecordError
        A report or the model is missing or damaged.
    RunError
        The run is not there.
    PredictionsError
        The predictions do not fit the splits.
    """
    params = project.params
    policy_of(params)  # its lack is the first thing to say
    candidate = candidate_of(params)
    try:
        registry, run = connect(params, candidate.run_id)
        decision = decide(params, candidate, registry, run)
        write_decision(decision)
        record(registry, run, decision)
    except TrackingError as error:
        decision = undecided(params, candidate, error)
        write_decision(decision)
    return decision


def looks_of(registry: Registry, policy: Gate, candidate: Candidate) -> Looks:
    """Count the models that were judged on the test set, this one included, in the ledger and as MLflow knows them.

    Raises
    ------
    RecordError
        The ledger is damaged.
    TrackingError
        The server failed.
    """
    ledger = read_ledger()
    judged, won = registry.looked_at(candidate.test_id, sealed=policy.test == "sealed")
    models = {*judged, *ledger.judged.get(candidate.test_id, ())}
    alpha, z = look_quantile(
        budget=policy.looks,
        promotions=policy.promotions,
        confidence=policy.confidence,
        sealed=policy.test == "sealed",
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


def decide(params: Params, candidate: Candidate, registry: Registry, run: Run) -> Decision:
    """Measure, write down that the test set was looked at, and only then say what came of it.

    The same model is no further look, so that a second call with the same files gives the same answer.

    Raises
    ------
    GateError
        The champion's model cannot be scored on today's rows.
    RecordError
        A report or the model is missing or damaged.
    PredictionsError
        The predictions do not fit the splits.
    TrackingError
        The server failed.
    """
    policy = policy_of(params)
    champion = registry.champion(policy.model, policy.alias)
    looks = looks_of(registry, policy, candidate)
    problems = _problems(candidate, run, champion, registry.versions_of(policy.model, run.run_id), policy)
    with TemporaryDirectory() as scratch:
        evidence = gather(params, registry, champion, looks, Path(scratch))
        problems += evidence.problems
        barred = [*problems, *spent(looks, evidence.challenge)]
        ledger = read_ledger()
        if not barred:
            ledger = ledger.judging(candidate.test_id, candidate.model_hash)
        write_text(LEDGER, to_json(ledger))
        decision, reason = outcome(evidence.conditions, evidence.challenge, looks, problems)
        sealed = policy.test == "sealed"
        if not barred:
            registry.upload(run, FOLDER, evidence.rows if decision == "promote" or not sealed else evidence.dev_rows)
    conditions, challenge = evidence.conditions, evidence.challenge
    if sealed and decision != "promote":
        conditions, challenge = tuple(map(sealed_condition, conditions)), sealed_challenge(challenge)
        decision, reason = "refuse", barred[0] if barred else "not passed; the test set is sealed, dev says more"
    return Decision(
        decision=decision,
        reason=reason,
        model=policy.model,
        alias=policy.alias,
        champion=champion.version if champion else "",
        candidate=candidate,
        conditions=conditions,
        challenge=challenge,
        looks=looks,
        policy_hash=policy_hash(params),
        inputs=input_hashes(params),
        problems=tuple(problems),
    )


def _problems(
    candidate: Candidate, run: Run, champion: Version | None, versions: list[Version], policy: Gate
) -> list[str]:
    """Return what forbids a promotion whatever the numbers are."""
    from mlstrat_plugin.adapters.tracking import COMPLETED, DIGEST

    problems = []
    ours = {"split_id": candidate.split_id, "test_id": candidate.test_id, "model_hash": candidate.model_hash}
    differing = [name for name, value in ours.items() if run.tags.get(name) != value]
    if differing:
        problems.append(f"run {run.run_id} is of another {' and '.join(differing)}; run `mlstrat track` first")
    if not run.tags.get(COMPLETED) or run.tags[COMPLETED] != run.tags.get(DIGEST):
        problems.append(f"run {run.run_id} does not carry a whole diagnosis; run `mlstrat track` first")
    if champion is not None and champion.run_id == run.run_id:
        problems.append(f"this model is the {policy.alias} already, as version {champion.version}")
    if len(versions) > 1:
        names = ", ".join(version.version for version in versions[:5])
        problems.append(f"run {run.run_id} has several versions ({names}); nobody says which one is the candidate")
    if champion is None and policy.without_champion == "refuse":
        problems.append(f"{policy.model} has no {policy.alias}, and without_champion is refuse")
    return problems


def undecided(params: Params, candidate: Candidate, error: TrackingError) -> Decision:
    """Return the decision where the registry could not be asked: unclear, which promotes nothing."""
    policy = policy_of(params)
    nothing = Looks(
        used=0,
        budget=policy.looks,
        won=0,
        promotions=policy.promotions,
        seen_before=False,
        alpha=0,
        z=0,
        mode=policy.test,
    )
    return Decision(
        decision="unclear",
        reason=f"could not be checked: {error.message}",
        model=policy.model,
        alias=policy.alias,
        champion="",
        candidate=candidate,
        conditions=(),
        challenge=None,
        looks=nothing,
        policy_hash=policy_hash(params),
        inputs=input_hashes(params),
        problems=(error.message,),
    )


def write_decision(decision: Decision) -> None:
    """Write ``reports/gate.json`` and its page, together."""
    from mlstrat_plugin.report.gate_page import decision_html

    with replacing(REPORT, PAGE) as (record_part, page_part):
        record_part.write_text(to_json(decision), encoding="utf-8")
        page_part.write_text(decision_html(decision), encoding="utf-8")


def record(registry: Registry, run: Run, decision: Decision) -> None:
    """Show the decision on its run, and on its version where there is one.

    Raises
    ------
    TrackingError
        The server failed, or does not allow it.
    """
    from mlstrat_plugin.report.gate_page import decision_line

    looks = decision.looks
    tags = {
        "gate": {"promote": "pass", "refuse": "fail", "unclear": "unclear"}[decision.decision],
        "looks": f"{looks.used}/{looks.budget}",
    }
    registry.upload(run, FOLDER, REPORT, PAGE)
    registry.tag_run(run.run_id, {**tags, "gate.reason": decision.reason[:TAG_LENGTH]})
    for version in registry.versions_of(decision.model, run.run_id):
        registry.tag(version, {**tags, "gate.policy": decision.policy_hash})
        registry.describe(version, decision_line(decision))
