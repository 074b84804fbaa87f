"""What is known about a candidate: every condition measured, and the comparison with the champion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.intervals import z_value
from mlstrat_plugin.core.gate.judging import judge
from mlstrat_plugin.records.gate import Problem
from mlstrat_plugin.records.saving import same_number
from mlstrat_plugin.records.words import HUMAN
from mlstrat_plugin.stages.gate.champion import against_champion
from mlstrat_plugin.stages.gate.scoring import OUTCOMES, score

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlstrat_plugin.core.diagnosis.diagnose import Rung
    from mlstrat_plugin.records.gate import Challenge, ConditionResult, Looks
    from mlstrat_plugin.stages.gate.registered import Registered
    from mlstrat_plugin.stages.gate.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was measured; the file with the outcomes of all rows, and the one with those of dev alone."""

    conditions: tuple[ConditionResult, ...]
    challenge: Challenge | None
    problems: tuple[Problem, ...]
    outcomes: Path
    dev_outcomes: Path


def gather(trial: Trial, registered: Registered, looks: Looks, scratch: Path) -> Evidence:
    """Measure what the policy asks for; files go to ``scratch``.

    Raises
    ------
    PredictionsError
        The predictions do not fit the splits.
    GateError
        The champion's model cannot be scored on today's rows.
    TrackingError
        The server failed.
    """
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.scores.measuring import measure

    policy = trial.policy
    z = {True: looks.z, False: z_value(1 - policy.confidence)}  # by whether the test set is looked at
    whole, dev = scratch / "all" / OUTCOMES, scratch / "dev" / OUTCOMES
    with Engine(trial.project.params.engine, ordered=False) as engine:
        rows = score(trial, engine, whole, dev)
        conditions = tuple(
            judge(condition, measure(rows, condition, policy.confidence), z[condition.of_test])
            for condition in policy.asked
        )
        challenge = against_champion(trial, registered, rows, z, scratch)
    return Evidence(
        conditions=conditions,
        challenge=challenge,
        problems=_stale(trial, rows.ladder),
        outcomes=whole,
        dev_outcomes=dev,
    )


def _stale(trial: Trial, ladder: Mapping[str, Rung]) -> tuple[Problem, ...]:
    """Return a problem if the saved diagnosis was not made of these predictions."""
    for rung, error in trial.diagnosis.errors.items():
        now = ladder.get(rung)
        same = now is not None and now.n == error.n and same_number(error.value, now.estimate().value)
        if rung != HUMAN and not same:
            message = (
                f"{trial.project.places.diagnosis} is stale: the predictions give another {rung} error; run "
                "`mlstrat diagnose` and `mlstrat track`"
            )
            return (Problem(code="stale_diagnosis", message=message),)
    return ()
