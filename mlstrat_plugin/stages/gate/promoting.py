"""Move the alias on a pass: only while everything is as it was when the gate decided."""

from __future__ import annotations

import getpass
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlstrat_plugin.adapters.files import write_text
from mlstrat_plugin.core.gate.signing import DECISION_TAG, KEY_VARIABLE, SIGNATURE_TAG, Warrant, signature
from mlstrat_plugin.errors import GateError, PromotionRefused
from mlstrat_plugin.records.gate import Promotion
from mlstrat_plugin.records.saving import to_json
from mlstrat_plugin.stages.gate.deciding import decide
from mlstrat_plugin.stages.gate.inputs import (
    FOLDER,
    LEDGER,
    candidate_of,
    connect,
    input_hashes,
    policy_hash,
    policy_of,
    read_decision,
    read_ledger,
)

if TYPE_CHECKING:
    from mlstrat_plugin.adapters.tracking import Registry, Run, Version
    from mlstrat_plugin.params.block import Params
    from mlstrat_plugin.params.gate import Gate
    from mlstrat_plugin.params.project import Project
    from mlstrat_plugin.records.gate import Decision

PROMOTION = Path("reports/promotion.json")


def promote(project: Project, *, force: str = "") -> Promotion:
    """Let the alias name the candidate's version, and write ``reports/promotion.json``, the run and the version.

    Parameters
    ----------
    params : Params
        The policy and where everything is.
    force : str
        Why a person promotes what the gate has not passed, recorded with who and when; empty to follow the gate.

    Raises
    ------
    PromotionRefused
        The gate did not pass the model, or does not pass it now, whatever the file says.
    GateError
        The decision is stale, the champion changed, or there is no single version to promote.
    TrackingError
        The registry failed, or refused.
    """
    params = project.params
    policy, decision = policy_of(params), read_decision()
    _require_fresh(params, decision)
    if decision.decision != "promote" and not force:
        raise PromotionRefused(
            f"the gate said {decision.decision}: {decision.reason}",
            hint='`mlstrat promote --force --reason "..."` promotes all the same, and is recorded',
        )
    registry, run = connect(params, decision.candidate.run_id)
    version = _version(registry, run, policy)
    if force:
        present = registry.champion(policy.model, policy.alias)
        before = present.version if present else ""
    else:
        before = decision.champion
        registry.require(policy.model, policy.alias, before)
        _require_same(decision, decide(params, decision.candidate, registry, run))
    promotion = Promotion(
        model=policy.model,
        alias=policy.alias,
        version=version.version,
        champion_before=before,
        run_id=run.run_id,
        decision=decision.decision,
        reason=decision.reason,
        forced=force,
        by=getpass.getuser(),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    registry.tag(version, _signed(promotion, decision))
    registry.move(policy.model, policy.alias, version, expected=before)
    _record(registry, run, version, decision, promotion)
    return promotion


def _require_fresh(params: Params, decision: Decision) -> None:
    """Check that everything the decision rests on is still as it was."""
    now = {
        **input_hashes(params),
        "mlstrat.gate and the metric": policy_hash(params),
        "candidate": candidate_of(params),
    }
    then = {
        **decision.inputs,
        "mlstrat.gate and the metric": decision.policy_hash,
        "candidate": decision.candidate,
    }
    changed = sorted(name for name in {*now, *then} if now.get(name) != then.get(name))
    policy = policy_of(params)
    if (decision.model, decision.alias) != (policy.model, policy.alias):
        changed.append("the registered model or its alias")
    if changed:
        raise GateError(
            f"reports/gate.json is stale: {', '.join(changed[:5])} changed since the decision",
            hint="run `mlstrat gate` again",
        )


def _require_same(saved: Decision, now: Decision) -> None:
    """Check that the saved answer is the one that its inputs give: anybody can edit a file."""
    if now.decision != saved.decision:
        raise PromotionRefused(
            f"reports/gate.json says {saved.decision}, but the gate says {now.decision}: {now.reason}",
            hint="run `mlstrat gate` again",
        )


def _version(registry: Registry, run: Run, policy: Gate) -> Version:
    found = registry.versions_of(policy.model, run.run_id)
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
    return registry.register(policy.model, run)


def _signed(promotion: Promotion, decision: Decision) -> dict[str, str]:
    """Return the tags by which a server lets the alias move: the decision, signed where there is a key."""
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


def _line(promotion: Promotion) -> str:
    before = f"version {promotion.champion_before}" if promotion.champion_before else "no version"
    how = f"forced: {promotion.forced}" if promotion.forced else promotion.reason
    return f"{promotion.alias} instead of {before}, by {promotion.by} at {promotion.at} - {how}"


def _record(registry: Registry, run: Run, version: Version, decision: Decision, promotion: Promotion) -> None:
    """Write who, when and why; a comparison that was won on a test set spends it."""
    from mlstrat_plugin.adapters.tracking import WON

    write_text(PROMOTION, to_json(promotion))
    gate = "forced" if promotion.forced else "pass"
    registry.tag(version, {"gate": gate})
    registry.describe(version, _line(promotion))
    tags = {"gate": gate, "promoted": f"{promotion.model} {promotion.version}"}
    if decision.challenge is not None and not promotion.forced:
        candidate = decision.candidate
        tags[WON] = candidate.test_id
        write_text(LEDGER, to_json(read_ledger().winning(candidate.test_id, candidate.model_hash)))
    registry.tag_run(run.run_id, tags)
    registry.upload(run, FOLDER, PROMOTION)
