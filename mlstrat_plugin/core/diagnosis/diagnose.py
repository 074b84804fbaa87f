"""From a ladder of errors to the whole diagnosis: gaps, verdict, lean, sizing, findings."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any, Protocol, Self

from mlstrat_plugin.core.diagnosis.by_distribution import HUMAN as HUMAN_ROW
from mlstrat_plugin.core.diagnosis.by_distribution import statements, tallies_by_distribution
from mlstrat_plugin.core.diagnosis.sizing import open_question, proofs
from mlstrat_plugin.core.diagnosis.summary import summary
from mlstrat_plugin.core.diagnosis.verdict import Gap, Verdict, gaps_of, judge, lean, material_gap, withhold
from mlstrat_plugin.core.estimates.human_level import Declared
from mlstrat_plugin.core.estimates.intervals import FEWEST_GROUPS, simultaneous_z
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.findings.catalog import observe
from mlstrat_plugin.core.findings.seen import Seen
from mlstrat_plugin.core.wording import rows_sentence, unit_of
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.diagnosis import Diagnosis, ErrorRecord, GapRecord, TaskDiagnosis
from mlstrat_plugin.records.sizing import Sizing
from mlstrat_plugin.records.words import HUMAN, LADDER, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.core.estimates.estimate import Estimate
    from mlstrat_plugin.core.estimates.tally import Tally
    from mlstrat_plugin.core.findings.seen import Circumstances, Reviewed


class Rung(Protocol):
    """One rung: a tally, or a declared number (which has neither rows nor wrong ones)."""

    @property
    def n(self) -> int | None: ...  # noqa: D102
    @property
    def wrong(self) -> int | None: ...  # noqa: D102
    def estimate(self) -> Estimate: ...  # noqa: D102
    def rounded(self) -> Self: ...  # noqa: D102
    def saved(self) -> dict[str, Any]: ...  # noqa: D102


def diagnose(
    *,
    human: float | tuple[int, int] | None = None,
    train: float | tuple[int, int] | None = None,
    train_dev: float | tuple[int, int] | None = None,
    dev: float | tuple[int, int] | None = None,
    test: float | tuple[int, int] | None = None,
    settings: Settings | None = None,
) -> Diagnosis:
    """Diagnose a model from its five errors.

    Parameters
    ----------
    human, train, train_dev, dev, test : (int, int) or float, optional
        ``(wrong, rows)`` of each rung, or a number in 0..1 that is declared and taken as exact. Any may be missing,
        as long as two are left; a missing one merges the gaps on its two sides.
    settings : Settings, optional
        Material gap, confidence and the like; the defaults where not given.

    Raises
    ------
    EstimateError
        Fewer than two rungs; a count that is not whole, negative, or above its rows; no rows; a declared number
        outside 0..1 or NaN; an ignored code that is unknown.

    Examples
    --------
    >>> diagnose(human=0.0, train=(1_000, 100_000), train_dev=(9_000, 100_000), dev=(10_000, 100_000)).diagnosis
    'variance'
    """
    given = dict(zip(LADDER, (human, train, train_dev, dev, test), strict=True))
    ladder: dict[str, Rung] = {
        rung: ErrorTally(wrong=value[0], n=value[1]) if isinstance(value, tuple) else Declared(value)
        for rung, value in given.items()
        if value is not None
    }
    return diagnose_ladder(ladder, settings or Settings())


def diagnose_ladder(
    ladder: Mapping[str, Rung],
    settings: Settings,
    *,
    by_source: Mapping[str, Mapping[str, Tally]] | None = None,
    roles: Mapping[str, str] | None = None,
    by_role: Mapping[str, Mapping[str, Tally]] | None = None,
    human_by_role: Mapping[str, Rung] | None = None,
    circumstances: Circumstances | None = None,
    tasks: Mapping[str, Mapping[str, Rung]] | None = None,
    reviewed: Reviewed | None = None,
    split_id: str | None = None,
    test_id: str | None = None,
    family: int = 1,
) -> Diagnosis:
    """Diagnose a ladder of measurements.

    Parameters
    ----------
    ladder : mapping of str to Rung
        At least two rungs, keyed ``human``, ``train``, ``train-dev``, ``dev``, ``test``.
    settings : Settings
        How to judge.
    by_source : mapping of str to mapping of str to Tally, optional
        Tallies by split and source, for the breakdown.
    roles : mapping of str to str, optional
        ``target`` or ``auxiliary`` by source, for the table of distributions.
    by_role : mapping of str to mapping of str to Tally, optional
        Tallies by split and role, where those of sources do not add up because a group has rows in several of them.
    human_by_role : mapping of str to Rung, optional
        The human level on each distribution, for the same table.
    circumstances : Circumstances, optional
        What the tables tell beyond the counts; None if only counts are given.
    tasks : mapping of str to mapping of str to Rung, optional
        A ladder per task, where the ladder is the mean over several; each gets a verdict of its own.
    reviewed : Reviewed, optional
        What people said about mistakes and labels; None if only counts are given.
    split_id, test_id : str, optional
        Identity of the rows behind it.
    family : int
        Verdicts that hold together: those of several tasks are one family.

    Raises
    ------
    EstimateError
        Fewer than two rungs, a rung without rows, or an ignored code that is unknown.
    """
    _check(ladder)
    ladder = {rung: ladder[rung].rounded() for rung in LADDER if rung in ladder}  # as they will be read back
    estimates = {rung: _estimate(rung, tally) for rung, tally in ladder.items()}
    rows = {rung: ladder[rung].n for rung in estimates}
    dev_error = estimates["dev"].value if "dev" in estimates else None
    tau = material_gap(settings, dev_error)
    gaps = gaps_of(estimates, same_distribution=settings.same_distribution)
    few = tuple(rung for rung, e in estimates.items() if rung != HUMAN and _few(e))
    judged = judge(gaps, tau=tau, confidence=settings.confidence, also_large=settings.also_large, family=family)
    verdict = withhold(judged, gaps, few)
    leaning = lean(estimates, gaps, draws=settings.lean_draws, rng=Random(settings.seed))  # noqa: S311 - a simulation
    question = open_question(verdict, gaps, estimates, rows, tau=tau, settings=settings)
    errors = {rung: error_record(ladder[rung], estimates[rung], settings.confidence) for rung in estimates}
    gap_records = _gap_records(gaps, verdict, settings.confidence, family)
    sources = _rounded(by_source or {})
    measured = tallies_by_distribution(by_source or {}, roles or {}, by_role)
    cells = _rounded(_cells(measured, human_by_role or {}))
    source_records, cell_records = (_table(table, settings.confidence) for table in (sources, cells))
    findings, checks = observe(
        Seen(
            diagnosis=verdict.diagnosis,
            problems=verdict.problems,
            contenders=verdict.contenders,
            errors=errors,
            gaps=gap_records,
            tau=tau,
            settings=settings,
            rows_needed=rows_sentence(question),
            circumstances=circumstances,
            reviewed=reviewed,
        )
    )
    return Diagnosis(
        diagnosis=verdict.diagnosis,
        summary=summary(
            verdict.diagnosis,
            verdict.problems,
            gap_records,
            tau=tau,
            lean=leaning,
            question=question,
            unit=unit_of(settings.metric, settings.unit),
        ),
        problems=verdict.problems,
        also_large=verdict.also_large,
        lean=leaning,
        errors=errors,
        gaps=gap_records,
        tallies={rung: tally.saved() for rung, tally in ladder.items()},
        by_source=source_records,
        tallies_by_source=_saved(sources, source_records),
        table_2x3=cell_records,
        tallies_2x3=_saved(cells, cell_records),
        statements=statements(
            {role: _estimates(of_role) for role, of_role in cells.items()}, confidence=settings.confidence
        ),
        tasks={name: _task(name, rungs, settings, len(tasks or {})) for name, rungs in (tasks or {}).items()},
        trained_on=() if circumstances is None else circumstances.trained_on,
        findings=findings,
        checks=checks,
        error_analysis=None if reviewed is None else reviewed.analysis,
        label_audit={} if reviewed is None else dict(reviewed.audits),
        sizing=Sizing(
            splits=proofs(estimates, rows, tau=tau, confidence=settings.confidence),
            open_question=question,
        ),
        material_gap=tau,
        split_id=split_id,
        test_id=test_id,
        settings=settings,
    )


def _cells(
    measured: Mapping[str, Mapping[str, Tally]], human_by_role: Mapping[str, Rung]
) -> dict[str, dict[str, Rung]]:
    """Return the table of distributions: the human row, then what was measured."""
    cells: dict[str, dict[str, Rung]] = {role: {HUMAN_ROW: level} for role, level in human_by_role.items()}
    for role, tallies in measured.items():
        cells.setdefault(role, {}).update(tallies)
    return cells


def _rounded(cells: Mapping[str, Mapping[str, Rung]]) -> dict[str, dict[str, Rung]]:
    return {name: {row: cell.rounded() for row, cell in rows.items()} for name, rows in cells.items()}


def _saved(
    cells: Mapping[str, Mapping[str, Rung]], records: Mapping[str, Mapping[str, ErrorRecord]]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the tallies behind a table's records."""
    return {name: {row: cells[name][row].saved() for row in rows} for name, rows in records.items()}


def _task(name: str, ladder: Mapping[str, Rung], settings: Settings, family: int) -> TaskDiagnosis:
    """Diagnose one of several tasks by its own ladder; the verdicts of all hold together."""
    try:
        whole = diagnose_ladder(ladder, settings, family=family)
    except EstimateError as error:
        raise EstimateError(f"task {name}: {error.message}", hint=error.hint) from error
    return TaskDiagnosis(
        diagnosis=whole.diagnosis,
        summary=whole.summary,
        problems=whole.problems,
        lean=whole.lean,
        errors=whole.errors,
        gaps=whole.gaps,
    )


def _estimate(rung: str, measurement: Rung) -> Estimate:
    try:
        return measurement.estimate()
    except EstimateError as error:
        raise EstimateError(f"{rung}: {error.message}", hint=error.hint) from error


def _few(estimate: Estimate) -> bool:
    return estimate.groups is not None and estimate.groups < FEWEST_GROUPS


def error_record(measurement: Rung, estimate: Estimate, confidence: float) -> ErrorRecord:
    """Return one error with its two-sided bounds."""
    low, high = estimate.interval(confidence)
    return ErrorRecord(
        value=estimate.value,
        low=low,
        high=high,
        n=measurement.n,
        wrong=measurement.wrong,
        method=str(estimate.method),
        groups=estimate.groups,
    )


def _check(ladder: Mapping[str, Rung]) -> None:
    unknown = sorted(set(ladder) - set(LADDER))
    if unknown:
        raise EstimateError(f"unknown rungs {', '.join(unknown)}; the rungs are {', '.join(LADDER)}")
    if len(ladder) < 2:
        raise EstimateError(
            f"at least two error rates are needed; found {', '.join(ladder) or 'none'}",
            hint=f"give two or more of {', '.join(LADDER)}",
        )


def _gap_records(gaps: tuple[Gap, ...], verdict: Verdict, confidence: float, family: int) -> dict[str, GapRecord]:
    z = simultaneous_z(confidence, family * len(gaps))
    records = {}
    for gap in gaps:
        low, high = gap.amount.bounds(z)
        records[gap.name] = GapRecord(
            value=gap.amount.value,
            low=low,
            high=high,
            status=verdict.statuses[gap.name],
            method="mover",
            between=gap.between,
        )
    return records


def _table(cells: Mapping[str, Mapping[str, Rung]], confidence: float) -> dict[str, dict[str, ErrorRecord]]:
    """Return a table's cells; one too small for an interval stays empty."""
    records: dict[str, dict[str, ErrorRecord]] = {}
    for name, rows in cells.items():
        for row, estimate in _estimates(rows).items():
            records.setdefault(name, {})[row] = error_record(rows[row], estimate, confidence)
    return records


def _estimates(cells: Mapping[str, Rung]) -> dict[str, Estimate]:
    estimates = {}
    for name, cell in cells.items():
        with suppress(EstimateError):  # a part of a rung may be too small where the rung is not
            estimates[name] = cell.estimate()
    return estimates
