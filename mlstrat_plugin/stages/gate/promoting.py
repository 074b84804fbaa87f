"""Move the alias on a pass: only while everything is as it was when the gate decided."""

from __future__ import annotations

import getpass
import os
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlstrat_plugin.adapters.files import write_text
from mlstrat_plugin.core.gate.signing import DECISION_TAG, KEY_VARIABLE, SIGNATURE_TAG, Warrant, signature
from mlstrat_plugin.errors import GateError, PromotionRefused
from mlstrat_plugin.records.gate import Decision, Promotion
from mlstrat_plugin.records.saving import read_record, to_json
from mlstrat_plugin.stages.gate.deciding import decide
from mlstrat_plugin.stages.gate.registered import ARTIFACTS, look_up, read_ledger
from mlstrat_plugin.stages.gate.trial import trial_of

if TYPE_CHECKING:
    from mlstrat_plugin.adapters.tracking import Version
    from mlstrat_plugin.params.project import Project
    from mlstrat_plugin.records.places import Places
    from mlstrat_plugin.stages.gate.registered import Registered
    from mlstrat_plugin.stages.gate.trial import Trial

AGAIN = "run `mlstrat gate` again"


def promote(project: Project, *, force: str = "") -> Promotion:
    """Point the alias at the candidate's version, and write ``promotion.json``, the run and the version.

    Parameters
    ----------
    project : Project
        The policy and where everything is.
    force : str
        Why a person promotes what the gate has not passed, recorded with who and when; empty to follow the gate.

    Raises
    ------
    GateError
        There is no policy, the decision is stale, the champion changed, or there is no single version to promote.
    RecordError
        A report or the model is missing or damaged.
    PromotionRefused
        The gate did not pass the model, or does not pass it now, whatever the file says.
    TrackingError
        The registry failed, or refused.
    """
    trial = trial_of(project)
    decision = read_record(Decision, project.places.decision, stage="gate")
    _require_fresh(trial, decision)
    if decision.decision != "promote" and not force:
        raise PromotionRefused(
            f"the gate said {decision.decision}: {decision.reason}",
            hint='`mlstrat promote --force --reason "..."` promotes it anyway, and records who, when and why',
        )
    registered = look_up(trial)
    version = _version(trial, registered)
    before = registered.champion_version if force else decision.champion
    if not force:
        _require_same(trial, registered, decision)
    promotion = _promotion(decision, version, before, force)
    registered.registry.tag(version, _signed(promotion, decision))
    registered.registry.move(promotion.model, promotion.alias, version, expected=before)
    _record(project.places, registered, version, decision, promotion)
    return promotion


def _require_fresh(trial: Trial, decision: Decision) -> None:
    """Check that everything the decision rests on is still as it was."""
    policy = trial.policy
    now = {
        **trial.inputs,
        "mlstrat.gate and the metric": trial.policy_hash,
        "the candidate": trial.candidate,
        "the registered model or its alias": (policy.model, policy.alias),
    }
    then = {
        **decision.inputs,
        "mlstrat.gate and the metric": decision.policy_hash,
        "the candidate": decision.candidate,
        "the registered model or its alias": (decision.model, decision.alias),
    }
    changed = sorted(name for name in {*now, *then} if now.get(name) != then.get(name))
    if changed:
        raise GateError(
            f"{trial.project.places.decision} is stale: {', '.join(changed[:5])} changed since the decision", hint=AGAIN
        )


def _version(trial: Trial, registered: Registered) -> Version:
    """Return the one version to promote, which is registered now if the policy says so."""
    found, run, policy = registered.versions, registered.run, trial.policy
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(version.version for version in found[:5])
        raise GateError(
            f"run {run.run_id} has several versions of {policy.model} ({names})", hint="delete all but the candidate"
        )
    if not policy.register_:
        raise GateError(
            f"run {run.run_id} has no version of {policy.model}",
            hint="register its model, or set mlstrat.gate.register: true",
        )
    return registered.registry.register(policy.model, run)


def _require_same(trial: Trial, registered: Registered, saved: Decision) -> None:
    """Check that the saved answer is the one that its inputs give now: anybody can edit a file."""
    registered.registry.require(saved.model, saved.alias, saved.champion)
    now = decide(trial, registered)
    if now.decision != saved.decision:
        raise PromotionRefused(
            f"{trial.project.places.decision} says {saved.decision}, but the gate says {now.decision}: {now.reason}",
            hint=AGAIN,
        )


def _promotion(decision: Decision, version: Version, before: str, force: str) -> Promotion:
    return Promotion(
        model=decision.model,
        alias=decision.alias,
        version=version.version,
        champion_before=before,
        run_id=decision.candidate.run_id,
        decision=decision.decision,
        reason=decision.reason,
        forced=force,
        by=getpass.getuser(),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _signed(promotion: Promotion, decision: Decision) -> dict[str, str]:
    """Return the tags by which a server lets the alias move: the decision, signed if there is a key."""
    warrant = Warrant(
        model=promotion.model,
        alias=promotion.alias,
        version=promotion.version,
        run_id=promotion.run_id,
        policy_hash=decision.policy_hash,
        champion=promotion.champion_before,
        decision=decision.decision,
        forced=promotion.forced,
        nonce=secrets.token_hex(8),  # not a draw of the analysis: it only has to be new
    )
    tags = {DECISION_TAG: warrant.text()}
    key = os.environ.get(KEY_VARIABLE, "")
    return {**tags, SIGNATURE_TAG: signature(warrant, key.encode("utf-8"))} if key else tags


def _record(places: Places, registered: Registered, version: Version, decision: Decision, promotion: Promotion) -> None:
    """Write who, when and why; a comparison that was won on a test set spends it."""
    from mlstrat_plugin.adapters.tracking import WON
    from mlstrat_plugin.report.gate_page import promotion_line

    registry, run, candidate = registered.registry, registered.run, decision.candidate
    write_text(places.promotion, to_json(promotion))
    gate = "forced" if promotion.forced else "pass"
    registry.tag(version, {"gate": gate})
    registry.describe(version, promotion_line(promotion))
    tags = {"gate": gate, "promoted": f"{promotion.model} {promotion.version}"}
    if decision.challenge is not None and not promotion.forced:
        tags[WON] = candidate.test_id
        write_text(places.ledger, to_json(read_ledger(places).winning(candidate.test_id, candidate.model_hash)))
    registry.tag_run(run.run_id, tags)
    registry.upload(run, ARTIFACTS, places.promotion)
