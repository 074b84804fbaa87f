"""The candidate against the champion: on the same rows, or on the champion's saved error."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.intervals import FEWEST_GROUPS
from mlstrat_plugin.core.gate.challenge import Difference, challenge_of, not_compared
from mlstrat_plugin.errors import EstimateError, GateError, PredictionsError, RecordError
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.gate import Challenge, Problem
from mlstrat_plugin.records.saving import read_record
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.stages.gate.registered import ARTIFACTS
from mlstrat_plugin.stages.gate.scoring import JUDGED, OUTCOMES, save_outcomes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlstrat_plugin.adapters.tracking import Registry, Version
    from mlstrat_plugin.stages.gate.registered import Registered
    from mlstrat_plugin.stages.gate.trial import Trial
    from mlstrat_plugin.tables.scores.measuring import Rows


@dataclass(frozen=True, kw_only=True)
class Contest:
    """The candidate's rows and the champion, who meet on one split; files go to ``scratch``."""

    trial: Trial
    registry: Registry
    champion: Version
    rows: Rows
    split: Split
    scratch: Path


def against_champion(
    trial: Trial, registered: Registered, rows: Rows, z: Mapping[bool, float], scratch: Path
) -> Challenge | None:
    """Compare with the champion; None if the policy does not ask for it or there is no champion.

    Parameters
    ----------
    trial, registered : Trial, Registered
        The policy, and the champion.
    rows : Rows
        The candidate's.
    z : mapping of bool to float
        Normal quantile of the bounds, by whether the test set is looked at.
    scratch : Path
        A folder for files.

    Raises
    ------
    GateError
        The champion's model cannot be scored on today's rows.
    TrackingError
        The server failed.
    """
    optimize, champion = trial.policy.optimize, registered.champion
    if optimize is None or champion is None:
        return None
    contest = Contest(
        trial=trial,
        registry=registered.registry,
        champion=champion,
        rows=rows,
        split=Split(optimize.split),
        scratch=scratch,
    )
    try:
        found = _paired(contest) if trial.metric.pairing else _two_samples(contest)
    except EstimateError as error:
        found = Problem(code="not_measured", message=error.message)
    if isinstance(found, Problem):
        return not_compared(optimize, found)
    return challenge_of(found, optimize, z[optimize.of_test])


def _paired(contest: Contest) -> Difference | Problem:
    """Pair the rows that both answered; where they differ, the champion's model can answer today's rows."""
    found = _saved_rows(contest)
    if isinstance(found, Problem) and contest.trial.policy.rescore:
        note = f"version {contest.champion.version} was scored on today's rows"
        return _same_rows(contest, _rescored(contest), note=note)
    if isinstance(found, Problem):
        hint = "mlstrat.gate.rescore: true scores its model on today's rows"
        return replace(found, message=f"{found.message}; {hint}")
    return found


def _saved_rows(contest: Contest) -> Difference | Problem:
    """Pair the candidate's outcomes with those that the champion's run keeps, if they are of today's metric."""
    theirs = contest.registry.fetch(contest.champion.run_id, f"{ARTIFACTS}/{OUTCOMES}", contest.scratch)
    if theirs is None:
        message = f"the run of version {contest.champion.version} has no {OUTCOMES}"
        return Problem(code="no_outcomes", message=message)
    saved = _saved_diagnosis(contest)
    return saved if isinstance(saved, Problem) else _same_rows(contest, theirs)


def _saved_diagnosis(contest: Contest) -> Diagnosis | Problem:
    """Return the champion's diagnosis, if its run has one and its errors are of today's metric and unit."""
    version, today = f"version {contest.champion.version}", contest.trial.project.params.settings()
    artifact = f"diagnosis/{contest.trial.project.places.diagnosis.name}"
    file = contest.registry.fetch(contest.champion.run_id, artifact, contest.scratch)
    if file is None:
        return Problem(code="no_outcomes", message=f"the run of {version} has no diagnosis, which names its metric")
    try:
        saved = read_record(Diagnosis, file, stage="track")
    except RecordError:
        return Problem(code="no_outcomes", message=f"the diagnosis in the run of {version} cannot be read")
    if (saved.settings.metric, saved.settings.unit) == (today.metric, today.unit):
        return saved
    theirs, ours = (" in ".join(filter(None, (s.metric, s.unit))) for s in (saved.settings, today))
    return Problem(code="metric_differs", message=f"{version} was measured by {theirs}, the challenger by {ours}")


def _same_rows(contest: Contest, theirs: Path, note: str = "") -> Difference | Problem:
    """Pair the candidate's outcomes with a file of the champion's."""
    from mlstrat_plugin.tables.scores.measuring import few_groups
    from mlstrat_plugin.tables.scores.pairing import shared_rows

    rows, metric, split = contest.rows, contest.trial.metric, contest.split.value
    tables = [rows.engine.read_parquet([file]) for file in (theirs, rows.outcomes)]
    runs = [table.filter(table.split == split) for table in tables]
    shared = shared_rows(rows.engine, runs, metric, grouped=rows.grouped).get(split)
    why = "there is no row" if shared is None else shared.unlike(("the champion", "the challenger"))
    if shared is None or why:
        return Problem(code="rows_differ", message=why)
    change = shared.change()
    groups = [one.groups for one in change.amount.terms if one.groups is not None]
    if groups and min(groups) < FEWEST_GROUPS:
        return Problem(code="too_few_groups", message=few_groups(split, min(groups)))
    return Difference(
        amount=change.amount,
        margin=change.margin,
        n=change.n,
        paired=change.pairs,
        weighted=metric.is_weighted,
        note=note,
    )


def _rescored(contest: Contest) -> Path:
    """Let the champion's model answer today's dev and test rows, and return the file of its outcomes.

    Raises
    ------
    GateError
        Its losses would be needed, or its answers do not fit the rows.
    """
    from mlstrat_plugin.params.functions import imported
    from mlstrat_plugin.tables.scores.answers import answers
    from mlstrat_plugin.tables.scores.rescoring import rescore, unfit

    trial, engine = contest.trial, contest.rows.engine
    project, inputs = trial.project, trial.policy.inputs
    columns, evaluate = project.params.columns, project.params.evaluate
    if trial.metric.answer == "loss":
        raise GateError(
            "a model gives answers, not losses: it cannot be scored again", hint="set mlstrat.gate.rescore: false"
        )
    predictions, outcomes = contest.scratch / "champion.parquet", contest.scratch / "champion" / OUTCOMES
    rescore(
        engine,
        [project.split_file(split) for split in JUDGED],
        columns,
        imported(inputs, "mlstrat.gate.inputs", project.root) if inputs else None,
        partial(contest.registry.predict, contest.champion),
        predictions,
    )
    try:
        answered = answers(engine, project.splits, predictions, columns, evaluate, JUDGED, project.root)
        save_outcomes(engine, answered, {outcomes: JUDGED})
    except PredictionsError as error:
        raise unfit(f"does not answer for the rows: {error.message}") from error
    return outcomes


def _two_samples(contest: Contest) -> Difference | Problem:
    """Compare a metric that has no rows of its own with the champion's saved error, as two independent samples."""
    from mlstrat_plugin.core.estimates.recomputed import AS_SAVED, saved_estimates
    from mlstrat_plugin.tables.scores.metrics import own_scorers

    saved, project = _saved_diagnosis(contest), contest.trial.project
    if isinstance(saved, Problem):
        return saved
    errors = saved_estimates(saved, own_scorers(project.params.evaluate, project.root))
    theirs, ours = errors.get(contest.split), contest.rows.ladder[contest.split]
    if saved.test_id != contest.trial.candidate.test_id or theirs is None or theirs.method == AS_SAVED:
        message = (
            f"version {contest.champion.version} has no {contest.split} error on this test set that can be recomputed; "
            "run `mlstrat diagnose` and `mlstrat track` for it again"
        )
        return Problem(code="no_outcomes", message=message)
    return Difference(amount=ours.estimate() - theirs, n=ours.n or 0)
