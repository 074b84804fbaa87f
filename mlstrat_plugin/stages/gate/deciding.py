"""Decide on the tracked model, and write down why."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlstrat_plugin.adapters.files import replacing, write_text
from mlstrat_plugin.core.gate.decision import Ruling, rule, under_seal
from mlstrat_plugin.core.gate.looks import spent
from mlstrat_plugin.core.wording import unit_of
from mlstrat_plugin.errors import TrackingError
from mlstrat_plugin.records.gate import Decision, Looks, Problem
from mlstrat_plugin.records.saving import to_json
from mlstrat_plugin.stages.gate.evidence import gather
from mlstrat_plugin.stages.gate.registered import ARTIFACTS, count_looks, find_problems, look_up, read_ledger
from mlstrat_plugin.stages.gate.trial import trial_of

if TYPE_CHECKING:
    from mlstrat_plugin.params.project import Project
    from mlstrat_plugin.records.places import Places
    from mlstrat_plugin.stages.gate.registered import Registered
    from mlstrat_plugin.stages.gate.trial import Trial

TAG_LENGTH = 500


def gate(project: Project) -> Decision:
    """Decide on the tracked model, and write the decision to ``gate.json``, its run and its version.

    That the model was looked at is written to ``looks.json`` before its answer is known. A registry that does not
    answer makes the decision unclear, which promotes nothing.

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
    trial = trial_of(project)
    try:
        registered = look_up(trial)
        decision = decide(trial, registered)
        write_decision(project.places, decision)
        record(project.places, registered, decision)
    except TrackingError as error:
        decision = undecided(trial, error)
        write_decision(project.places, decision)
    return decision


def decide(trial: Trial, registered: Registered) -> Decision:
    """Measure, write down that the test set was looked at, and only then say what came of it.

    The same model is not a further look, so that a second call with the same files gives the same answer.

    Raises
    ------
    GateError
        The champion's model cannot be scored on today's rows.
    RecordError
        The ledger of looks is damaged.
    PredictionsError
        The predictions do not fit the splits.
    TrackingError
        The server failed.
    """
    policy, candidate, ledger = trial.policy, trial.candidate, read_ledger(trial.project.places)
    looks = count_looks(trial, registered, ledger)
    with TemporaryDirectory() as scratch:
        found = gather(trial, registered, looks, Path(scratch))
        problems = [*find_problems(trial, registered), *found.problems, *spent(looks, found.challenge)]
        judged = ledger if problems else ledger.judging(candidate.test_id, candidate.model_hash)
        write_text(trial.project.places.ledger, to_json(judged))
        ruling = rule(found.conditions, found.challenge, problems, unit_of(trial.metric.name, trial.unit))
        hidden = policy.sealed and ruling.decision != "promote"
        if not problems:
            registered.registry.upload(registered.run, ARTIFACTS, found.dev_outcomes if hidden else found.outcomes)
    shown = under_seal(ruling, policy) if hidden else ruling
    return _decision(trial, shown, looks, registered.champion_version)


def undecided(trial: Trial, error: TrackingError) -> Decision:
    """Return the decision if the registry could not be asked: unclear, which promotes nothing."""
    policy = trial.policy
    problem = Problem(code="server_down", message=error.message)
    ruling = Ruling(
        decision="unclear",
        code=problem.code,
        reason=f"the gate could not be checked: {error.message}",
        problems=(problem,),
    )
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
    return _decision(trial, ruling, nothing, "")


def _decision(trial: Trial, ruling: Ruling, looks: Looks, champion: str) -> Decision:
    return Decision(
        decision=ruling.decision,
        code=ruling.code,
        reason=ruling.reason,
        metric=trial.metric.name,
        unit=trial.unit,
        model=trial.policy.model,
        alias=trial.policy.alias,
        champion=champion,
        candidate=trial.candidate,
        conditions=ruling.conditions,
        challenge=ruling.challenge,
        looks=looks,
        policy_hash=trial.policy_hash,
        inputs=trial.inputs,
        problems=ruling.problems,
    )


def write_decision(places: Places, decision: Decision) -> None:
    """Write the decision and its page, together."""
    from mlstrat_plugin.report.gate_page import decision_html

    with replacing(places.decision, places.decision_page) as (record_part, page_part):
        record_part.write_text(to_json(decision), encoding="utf-8")
        page_part.write_text(decision_html(decision), encoding="utf-8")


def record(places: Places, registered: Registered, decision: Decision) -> None:
    """Show the decision on its run, and on its version if there is one.

    Raises
    ------
    TrackingError
        The server failed, or does not allow it.
    """
    from mlstrat_plugin.report.gate_page import decision_line

    registry, run, looks = registered.registry, registered.run, decision.looks
    tags = {
        "gate": {"promote": "pass", "refuse": "fail", "unclear": "unclear"}[decision.decision],
        "looks": f"{looks.used}/{looks.budget}",
    }
    registry.upload(run, ARTIFACTS, places.decision, places.decision_page)
    registry.tag_run(run.run_id, {**tags, "gate.reason": decision.reason[:TAG_LENGTH]})
    for version in registered.versions:
        registry.tag(version, {**tags, "gate.policy": decision.policy_hash})
        registry.describe(version, decision_line(decision))
