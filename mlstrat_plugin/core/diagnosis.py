"""From a ladder of errors to the whole diagnosis: gaps, verdict, lean, sizing, findings."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Protocol

from mlstrat_plugin.core.findings import Circumstances, Seen, observe
from mlstrat_plugin.core.human_level import Declared
from mlstrat_plugin.core.sizing import open_question, proofs
from mlstrat_plugin.core.tallies import ErrorTally
from mlstrat_plugin.core.verdict import Gap, Verdict, gaps_of, judge, lean, material_gap, simultaneous_z
from mlstrat_plugin.core.wording import rows_sentence, summary
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records import LADDER, Diagnosis, ErrorRecord, GapRecord, Settings, Sizing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.core.estimate import Estimate


class Measurement(Protocol):
    """One rung: a tally, or a declared number (which has neither rows nor wrong ones)."""

    @property
    def n(self) -> int | None: ...  # noqa: D102
    @property
    def wrong(self) -> int | None: ...  # noqa: D102
    def estimate(self) -> Estimate: ...  # noqa: D102


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
        outside 0..1 or NaN; settings out of range.

    Examples
    --------
    >>> diagnose(human=0.0, train=(1_000, 100_000), train_dev=(9_000, 100_000), dev=(10_000, 100_000)).diagnosis
    'variance'
    """
    given = dict(zip(LADDER, (human, train, train_dev, dev, test), strict=True))
    ladder: dict[str, Measurement] = {
        rung: ErrorTally(wrong=value[0], n=value[1]) if isinstance(value, tuple) else Declared(value)
        for rung, value in given.items()
        if value is not None
    }
    return diagnose_ladder(ladder, settings or Settings())


def diagnose_ladder(
    ladder: Mapping[str, Measurement],
    settings: Settings,
    *,
    by_source: Mapping[str, Mapping[str, ErrorTally]] | None = None,
    roles: Mapping[str, str] | None = None,
    circumstances: Circumstances | None = None,
    split_id: str | None = None,
    test_id: str | None = None,
) -> Diagnosis:
    """Diagnose a ladder of measurements.

    Parameters
    ----------
    ladder : mapping of str to Measurement
        At least two rungs, keyed ``human``, ``train``, ``train-dev``, ``dev``, ``test``.
    settings : Settings
        How to judge.
    by_source : mapping of str to mapping of str to ErrorTally, optional
        Tallies by split and source, for the breakdown.
    roles : mapping of str to str, optional
        ``target`` or ``auxiliary`` by source, for the table of distributions.
    circumstances : Circumstances, optional
        What the tables know beside the counts.
    split_id, test_id : str, optional
        Identity of the rows behind it.

    Raises
    ------
    EstimateError
        Fewer than two rungs, a rung without rows, or settings out of range.
    """
    _check(ladder, settings)
    estimates = {rung: ladder[rung].estimate() for rung in LADDER if rung in ladder}
    dev_error = estimates["dev"].value if "dev" in estimates else None
    tau = material_gap(settings, dev_error)
    gaps = gaps_of(estimates, same_distribution=settings.same_distribution)
    verdict = judge(gaps, tau=tau, confidence=settings.confidence, also_large=settings.also_large)
    leaning = lean(estimates, gaps, draws=settings.lean_draws, rng=Random(settings.seed))  # noqa: S311 - a simulation
    question = open_question(verdict, gaps, estimates, tau=tau, settings=settings)
    errors = {rung: error_record(ladder[rung], settings.confidence) for rung in estimates}
    gap_records = _gap_records(gaps, verdict, settings.confidence)
    breakdown = _breakdown(by_source or {}, settings.confidence)
    known = circumstances or Circumstances()
    return Diagnosis(
        diagnosis=verdict.diagnosis,
        summary=summary(verdict.diagnosis, verdict.problems, gap_records, leaning, question),
        problems=verdict.problems,
        also_large=verdict.also_large,
        lean=leaning,
        errors=errors,
        gaps=gap_records,
        by_source=breakdown,
        table_2x3=_distributions(by_source or {}, roles or {}, settings.confidence),
        trained_on=known.trained_on,
        findings=observe(
            Seen(
                verdict=verdict,
                gaps=gaps,
                errors=errors,
                gap_records=gap_records,
                tau=tau,
                settings=settings,
                circumstances=known,
                rows_needed=rows_sentence(question),
            )
        ),
        sizing=Sizing(
            splits=proofs({r: (e.n, e.value) for r, e in errors.items()}, tau=tau, confidence=settings.confidence),
            open_question=question,
        ),
        material_gap=tau,
        split_id=split_id,
        test_id=test_id,
        settings=settings,
    )


def error_record(measurement: Measurement, confidence: float) -> ErrorRecord:
    """Return one error with its two-sided bounds."""
    estimate = measurement.estimate()
    low, high = estimate.interval(confidence)
    return ErrorRecord(
        value=estimate.value, low=low, high=high, n=measurement.n, wrong=measurement.wrong, method=estimate.method
    )


def _check(ladder: Mapping[str, Measurement], settings: Settings) -> None:
    unknown = sorted(set(ladder) - set(LADDER))
    if unknown:
        raise EstimateError(f"unknown rungs {unknown}; the ladder has {', '.join(LADDER)}")
    if len(ladder) < 2:
        raise EstimateError(
            f"a gap needs two errors, got {', '.join(ladder) or 'none'}",
            hint=f"give two or more of {', '.join(LADDER)}",
        )
    ranges = {
        "material_gap": 0 < settings.material_gap < 1,
        "material_gap_relative": 0 <= settings.material_gap_relative < 1,
        "confidence": 0.5 <= settings.confidence < 1,
        "power": 0.5 <= settings.power < 1,
        "also_large": 0 < settings.also_large <= 1,
        "lean_draws": settings.lean_draws >= 1,
    }
    wrong = [f"{name} = {getattr(settings, name)!r}" for name, fine in ranges.items() if not fine]
    if wrong:
        raise EstimateError(f"settings out of range: {', '.join(wrong)}", hint="see docs/params.md for the ranges")


def _gap_records(gaps: tuple[Gap, ...], verdict: Verdict, confidence: float) -> dict[str, GapRecord]:
    z = simultaneous_z(confidence, len(gaps))
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


def _breakdown(
    by_source: Mapping[str, Mapping[str, ErrorTally]], confidence: float
) -> dict[str, dict[str, ErrorRecord]]:
    return {
        split: {source: error_record(tally, confidence) for source, tally in tallies.items() if tally.n}
        for split, tallies in by_source.items()
    }


def _distributions(
    by_source: Mapping[str, Mapping[str, ErrorTally]], roles: Mapping[str, str], confidence: float
) -> dict[str, dict[str, ErrorRecord]]:
    """Return the measured cells of 'trained on / not trained on' by distribution; train-dev and dev are the latter."""
    cells: dict[str, dict[str, ErrorTally]] = {}
    for split, tallies in by_source.items():
        row = {"train": "trained-on", "train-dev": "not-trained-on", "dev": "not-trained-on"}.get(split)
        for source, tally in tallies.items():
            role = roles.get(source)
            if row is None or role is None or not tally.n or (split == "train-dev" and role == "target"):
                continue
            cells.setdefault(role, {})
            cells[role][row] = cells[role].get(row, ErrorTally(wrong=0, n=0)) + tally
    return {role: {row: error_record(tally, confidence) for row, tally in rows.items()} for role, rows in cells.items()}
