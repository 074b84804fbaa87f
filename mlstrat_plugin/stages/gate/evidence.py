"""What is known about a candidate: every condition measured, and the comparison with the champion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.human_level import human_level
from mlstrat_plugin.core.estimates.intervals import z_value
from mlstrat_plugin.core.estimates.paired import PairedChange
from mlstrat_plugin.core.gate.decision import challenge_of, judge, of_test, unmeasured
from mlstrat_plugin.errors import GateError
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.saving import read_record
from mlstrat_plugin.records.words import HUMAN, Split
from mlstrat_plugin.stages.gate.inputs import DIAGNOSIS, FOLDER, policy_of, read_diagnosis, size_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.adapters.tracking import Registry, Version
    from mlstrat_plugin.core.diagnosis.diagnose import Measurement
    from mlstrat_plugin.params.block import Params
    from mlstrat_plugin.params.scoring import Human
    from mlstrat_plugin.records.gate import Challenge, ConditionResult, Looks
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from mlstrat_plugin.tables.scores.conditions import Rows

OUTCOMES = "outcomes.parquet"
SAME = 1e-9  # saved numbers are rounded to ten digits


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was measured; the file of all rows, and the one of dev rows alone."""

    conditions: tuple[ConditionResult, ...]
    challenge: Challenge | None
    problems: list[str]
    rows: Path
    dev_rows: Path


def gather(params: Params, registry: Registry, champion: Version | None, looks: Looks, scratch: Path) -> Evidence:
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
    from mlstrat_plugin.tables.scores.answers import answers
    from mlstrat_plugin.tables.scores.conditions import Rows, measure
    from mlstrat_plugin.tables.scores.outcomes import write_outcomes
    from mlstrat_plugin.tables.scores.tallying import tally

    policy, folder = policy_of(params), Path(params.split.folder)
    files = {scratch / "all" / OUTCOMES: (Split.DEV, Split.TEST), scratch / "dev" / OUTCOMES: (Split.DEV,)}
    for file in files:
        file.parent.mkdir()
    whole, dev = files
    with Engine(params.engine, ordered=False) as engine:
        answered = answers(engine, folder, Path(params.evaluate.predictions), params.columns, params.evaluate)
        tallies = tally(engine, answered)
        write_outcomes(engine, answered, files)
        ladder: dict[str, Measurement] = {**tallies.ladder}
        if params.human is not None:
            ladder[HUMAN] = _human(params, params.human, engine)
        rows = Rows(
            ladder=ladder,
            by_source=tallies.by_source,
            outcomes=whole,
            model_bytes=size_of(Path(str(params.track.model))),
            grouped=params.columns.group is not None,
        )
        conditions = []
        for name, condition in policy.conditions.items():
            z = looks.z if of_test(name) else z_value(1 - policy.confidence)
            found = measure(engine, rows, name, condition, policy.confidence)
            conditions.append(
                judge(name, found.limit, found.amount, z, n=found.n, method=found.method, note=found.note)
            )
        challenge = _challenge(params, registry, champion, looks, engine, rows, scratch)
    return Evidence(
        conditions=tuple(conditions), challenge=challenge, problems=_stale(ladder), rows=whole, dev_rows=dev
    )


def _human(params: Params, human: Human, engine: Engine) -> Measurement:
    from mlstrat_plugin.tables.scores.raters import rate

    if human.table is None:
        return human_level(human)
    roles: dict[str, str] = {name: source.role for name, source in params.sources.items()}
    return rate(engine, Path(human.table), Path(params.split.folder), params.columns, human, roles).level


def _stale(ladder: Mapping[str, Measurement]) -> list[str]:
    """Return a problem where the saved diagnosis was not made of these predictions."""
    saved = read_diagnosis().errors
    for rung, error in saved.items():
        if rung == HUMAN:
            continue
        now = ladder.get(rung)
        if now is None or now.n != error.n or abs(now.estimate().value - error.value) > SAME:
            return [f"{DIAGNOSIS} is stale: the predictions give another {rung}; run `mlstrat diagnose` and `track`"]
    return []


def _challenge(
    params: Params,
    registry: Registry,
    champion: Version | None,
    looks: Looks,
    engine: Engine,
    rows: Rows,
    scratch: Path,
) -> Challenge | None:
    """Compare with the champion on the same rows, where the policy asks for it and there is a champion."""
    policy = policy_of(params)
    optimize = policy.optimize
    if optimize is None or champion is None:
        return None
    z = looks.z if optimize.split == Split.TEST.value else z_value(1 - policy.confidence)
    if params.evaluate.spec.pairing is None:
        change = _two_samples(registry, champion, rows, optimize.split, scratch)
    else:
        change = _paired(params, registry, champion, engine, rows, scratch)
    if change.amount is None:
        return unmeasured(optimize, change.why)
    judged = challenge_of(
        change.amount,
        optimize,
        z,
        paired=change.pairs,
        alpha=NormalDist().cdf(-z),
        n=change.n,
        method=" - ".join(sorted({str(one.method) for one in change.amount.terms})),
    )
    return replace(judged, note=change.why)


def _paired(
    params: Params, registry: Registry, champion: Version, engine: Engine, rows: Rows, scratch: Path
) -> PairedChange:
    policy = policy_of(params)
    split = Split(policy.optimize.split) if policy.optimize else Split.TEST
    theirs = registry.fetch(champion.run_id, f"{FOLDER}/{OUTCOMES}", scratch)
    change = PairedChange(
        amount=None, pairs=None, n=0, why=f"the run of version {champion.version} keeps no {OUTCOMES}"
    )
    if theirs is not None:
        change = _pair(engine, theirs, rows, split, params)
    if change.amount is not None:
        return change
    if not policy.rescore:
        return replace(change, why=f"{change.why}; mlstrat.gate.rescore: true scores its model on today's rows")
    theirs = _rescored(params, registry, champion, engine, scratch)
    scored = _pair(engine, theirs, rows, split, params)
    return replace(scored, why=scored.why or f"version {champion.version} was scored on today's rows")


def _pair(engine: Engine, champion: Path, rows: Rows, split: Split, params: Params) -> PairedChange:
    """Pair the outcomes of champion and challenger on one split."""
    from mlstrat_plugin.core.estimates.paired import PairedChange
    from mlstrat_plugin.tables.scores.pairing import shared_rows

    tables = [engine.read_parquet([file]) for file in (champion, rows.outcomes)]
    runs = [table.filter(table.split == split.value) for table in tables]
    shared = shared_rows(engine, runs, params.evaluate.spec, grouped=rows.grouped).get(split.value)
    why = "no row" if shared is None else shared.unlike(("the champion", "the challenger"))
    if shared is None or why:
        return PairedChange(amount=None, pairs=None, n=0, why=f"{split.value}: {why}")
    return shared.change()


def _rescored(params: Params, registry: Registry, champion: Version, engine: Engine, scratch: Path) -> Path:
    """Let the champion's model answer today's dev and test rows, and return the file of its outcomes.

    Raises
    ------
    GateError
        Its losses would be needed, or its answers do not fit the rows.
    """
    import pandas as pd

    from mlstrat_plugin.params.functions import imported
    from mlstrat_plugin.tables.scores.answers import answers
    from mlstrat_plugin.tables.scores.outcomes import write_outcomes

    if params.evaluate.spec.answer == "loss":
        raise GateError(
            "a model gives answers, no losses: it cannot be rescored", hint="set mlstrat.gate.rescore: false"
        )
    folder, columns, inputs = Path(params.split.folder), params.columns, policy_of(params).inputs
    rows = pd.concat([pd.read_parquet(folder / f"{split.file_stem}.parquet") for split in (Split.DEV, Split.TEST)])
    features = (
        imported(inputs, "mlstrat.gate.inputs")(rows) if inputs else rows.drop(columns=[columns.id, columns.label])
    )
    given = registry.predict(champion, features)
    if len(given) != len(rows):
        raise GateError(
            f"the model of version {champion.version} gave {len(given)} answers for {len(rows)} rows",
            hint="name in mlstrat.gate.inputs the function that makes its input of rows",
        )
    predictions, file = scratch / "champion.parquet", scratch / "champion" / OUTCOMES
    file.parent.mkdir()
    pd.DataFrame({columns.id: rows[columns.id], "prediction": given}).to_parquet(predictions, index=False)
    judged = (Split.DEV, Split.TEST)
    write_outcomes(engine, answers(engine, folder, predictions, columns, params.evaluate, judged), {file: judged})
    return file


def _two_samples(registry: Registry, champion: Version, rows: Rows, split: str, scratch: Path) -> PairedChange:
    """Compare a metric that has no rows of its own with the champion's saved estimate, as two independent samples."""
    from mlstrat_plugin.core.estimates.paired import PairedChange
    from mlstrat_plugin.core.estimates.saved import AS_SAVED, saved_estimates

    saved = registry.fetch(champion.run_id, f"diagnosis/{DIAGNOSIS.name}", scratch)
    error = None
    if saved is not None:
        theirs = read_record(Diagnosis, saved, stage="track")
        error = saved_estimates(theirs).get(split) if theirs.test_id == read_diagnosis().test_id else None
    if error is None or error.method == AS_SAVED:
        why = f"version {champion.version} has no {split} error on this test set"
        return PairedChange(amount=None, pairs=None, n=0, why=why)
    ours = rows.ladder[split]
    change = ours.estimate() - error
    return PairedChange(amount=change, pairs=None, n=ours.n or 0)
