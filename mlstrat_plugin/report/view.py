"""What the page and the note show: the record's numbers as text, nothing computed, nothing marked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlstrat_plugin.core.diagnosis.by_distribution import ROWS
from mlstrat_plugin.core.wording import Unit, checks_line, counted, percent, rows_sentence, unit_of

if TYPE_CHECKING:
    from mlstrat_plugin.records.diagnosis import Diagnosis, ErrorRecord, Finding, TaskDiagnosis
    from mlstrat_plugin.records.runs import Comparison, History


@dataclass(frozen=True)
class Row:
    """One line of a table, as text."""

    name: str
    cells: tuple[str, ...]
    status: str = ""


@dataclass(frozen=True)
class View:
    """Everything a page says, in order."""

    diagnosis: str
    summary: str
    lean: str
    ladder: tuple[Row, ...]
    gaps: tuple[Row, ...]
    sources: tuple[Row, ...]
    tasks: tuple[Row, ...]
    distributions: tuple[Row, ...]
    statements: tuple[Row, ...]
    findings: tuple[Finding, ...]
    checks: str
    sizing: tuple[Row, ...]
    rows_needed: str
    footer: tuple[str, ...]
    gap_word: str


def view_of(record: Diagnosis) -> View:
    """Return the record as text."""
    lean, unit = record.lean, unit_of(record.settings.metric)
    return View(
        diagnosis=record.diagnosis,
        summary=record.summary,
        lean=f"{lean.problem} ({100 * lean.probability:.0f} %)" if lean else "not drawn",
        ladder=tuple(_error_row(rung, error, unit) for rung, error in record.errors.items()),
        gaps=tuple(
            Row(
                name,
                (
                    f"{gap.between[1]} - {gap.between[0]}",
                    unit.gap(gap.value),
                    unit.interval(gap.low, gap.high),
                    gap.status,
                    gap.method,
                ),
                gap.status,
            )
            for name, gap in record.gaps.items()
        ),
        sources=tuple(
            _error_row(f"{split} / {source}", error, unit)
            for split, errors in record.by_source.items()
            for source, error in errors.items()
        ),
        tasks=tuple(
            Row(name, (task.diagnosis, task.summary, *_extremes(task, unit))) for name, task in record.tasks.items()
        ),
        distributions=tuple(_distribution_row(record, row, unit) for row in ROWS if _measured(record, row)),
        statements=tuple(
            Row(name, (unit.gap(said.value), unit.interval(said.low, said.high), said.method))
            for name, said in record.statements.items()
        ),
        findings=record.findings,
        checks=checks_line(record),
        sizing=tuple(
            Row(
                name,
                (
                    f"{proof.n:,}",
                    f"+-{unit.gap(proof.half_width)}",
                    _amount(proof.smallest_material_gap, unit),
                    "" if proof.rows_for_twice is None else f"{proof.rows_for_twice:,}",
                    _amount(proof.smallest_gain_paired, unit),
                    _amount(proof.smallest_gain_unpaired, unit),
                ),
            )
            for name, proof in record.sizing.splits.items()
        ),
        rows_needed=rows_sentence(record.sizing.open_question),
        footer=_footer(record, unit),
        gap_word=unit.gap_sign.strip() or "loss",
    )


def comparison_rows(record: Comparison) -> tuple[tuple[Row, ...], tuple[Row, ...], tuple[Row, ...]]:
    """Return the changes of errors, the changes of gaps, and the settings that differ, as text."""
    unit = unit_of(record.metric)
    errors = tuple(
        Row(
            name,
            (
                unit.gap(change.value),
                unit.interval(change.low, change.high),
                change.status,
                f"{change.fixed:,} fixed, {change.broken:,} broken of {change.n:,}" if change.n is not None else "",
                change.method,
            ),
        )
        for name, change in record.errors.items()
    )
    gaps = tuple(
        Row(name, (unit.gap(change.value), unit.interval(change.low, change.high), change.status, change.method))
        for name, change in record.gaps.items()
    )
    return errors, gaps, tuple(Row(key, values) for key, values in record.params.items())


def _error_row(name: str, error: ErrorRecord, unit: Unit) -> Row:
    return Row(name, (unit.error(error.value), _bounds(error, unit), counted(error), error.method))


def _amount(gap: float | None, unit: Unit) -> str:
    return "" if gap is None else unit.gap(gap)


def _extremes(task: TaskDiagnosis, unit: Unit) -> tuple[str, str]:
    """Return the first and the last error of a task's ladder, with their intervals and rows."""
    rungs = list(task.errors)
    first, last = (task.errors[rung] for rung in (rungs[0], "dev" if "dev" in rungs else rungs[-1]))
    return (
        f"{unit.error(first.value)} ({_bounds(first, unit)}; {counted(first)})",
        f"{unit.error(last.value)} ({_bounds(last, unit)}; {counted(last)})",
    )


def _measured(record: Diagnosis, row: str) -> bool:
    return any(row in cells for cells in record.table_2x3.values())


def _distribution_row(record: Diagnosis, row: str, unit: Unit) -> Row:
    """Return one row of the table of distributions: auxiliary, then target, each with its interval."""
    cells = []
    for role in ("auxiliary", "target"):
        error = record.table_2x3.get(role, {}).get(row)
        said = f"{unit.error(error.value)} ({_bounds(error, unit)}; {counted(error)})" if error else "not measured"
        cells.append(said)
    return Row(row, tuple(cells))


def _bounds(error: ErrorRecord, unit: Unit) -> str:
    return f"{unit.error(error.low)} to {unit.error(error.high)}" if error.n is not None else "taken as exact"


def _footer(record: Diagnosis, unit: Unit) -> tuple[str, ...]:
    settings = record.settings
    return tuple(
        line
        for line in (
            f"metric {settings.metric}; material gap {unit.amount(record.material_gap)}; "
            f"joint confidence {percent(settings.confidence)}",
            f"intervals: errors two-sided {percent(settings.confidence)}; gaps simultaneous over {len(record.gaps)}",
            f"lean from {settings.lean_draws:,} draws, seed {settings.seed}",
            f"split {record.split_id}, test {record.test_id}"
            if record.split_id
            else "no split identity: typed-in counts",
        )
    )


HISTORY_HEAD = ("started (UTC)", "run", "diagnosis", "largest gap", "dev", "test")


def history_rows(record: History) -> tuple[Row, ...]:
    """Return one row per run, newest first: when; name, diagnosis, largest gap, dev and test error."""
    return tuple(
        Row(
            run.started,
            (
                f"{run.name} (champion)" if run.champion else run.name,
                run.diagnosis,
                run.interval or run.dominant,
                "" if run.dev is None else f"{run.dev:.4g}",
                "" if run.test is None else f"{run.test:.4g}",
            ),
        )
        for run in record.runs
    )
