"""What every page, note and terminal shows of a diagnosis: its numbers as text, nothing computed, nothing marked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlstrat_plugin.core.diagnosis.by_distribution import ROWS
from mlstrat_plugin.core.wording import (
    STATUS_WORDS,
    Unit,
    checks_line,
    counted,
    gap_name,
    percent,
    rows_sentence,
    unit_of,
)
from mlstrat_plugin.report.tables import Row, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.records.diagnosis import Diagnosis, ErrorRecord, Finding
    from mlstrat_plugin.records.sizing import Proof

__all__ = ["Row", "Table", "View", "view_of"]


@dataclass(frozen=True)
class View:
    """Everything that a page says, in order.

    ``headline`` is the first sentence of the verdict and ``rest`` are the others. ``lean`` is the most likely largest
    gap, and ``likeliest`` the sentence about it, empty if the verdict has told it. ``tasks`` holds name and verdict of
    each task.
    """

    headline: str
    rest: str
    lean: str
    likeliest: str
    ladder: Table
    gaps: Table
    sources: Table
    tasks: tuple[tuple[str, str], ...]
    task_errors: Table
    distributions: Table
    statements: Table
    findings: tuple[Finding, ...]
    checks: str
    sizing: Table
    rows_needed: str
    footer: tuple[str, ...]
    in_unit: str


def view_of(record: Diagnosis) -> View:
    """Return the record as text."""
    unit = unit_of(record.settings.metric, record.settings.unit)
    headline, rest = _split(record.summary)
    level = percent(record.settings.confidence)
    return View(
        headline=headline,
        rest=rest,
        lean=_lean(record),
        likeliest=f"Most likely largest gap: {_lean(record)}." if _untold(record) else "",
        ladder=_errors("error", record.errors, unit, level),
        gaps=_gaps(record, unit, level),
        sources=_errors("split / source", _pairs(record.by_source), unit, level, data=(0,)),
        tasks=tuple((name, task.summary) for name, task in record.tasks.items()),
        task_errors=_errors(
            "task / error", _pairs({n: t.errors for n, t in record.tasks.items()}), unit, level, data=(0,)
        ),
        distributions=Table(
            ("error", "auxiliary", "target"),
            tuple(_distribution_row(record, row, unit) for row in ROWS if _measured(record, row)),
        ),
        statements=Table(
            ("statement", unit.word, f"{level} interval", "method"),
            tuple(
                Row(name, (unit.gap(said.value), unit.gap_bounds(said.low, said.high), said.method))
                for name, said in record.statements.items()
            ),
        ),
        findings=record.findings,
        checks=checks_line(record),
        sizing=_sizing(record.sizing.splits, unit),
        rows_needed=rows_sentence(record.sizing.open_question),
        footer=_footer(record, unit),
        in_unit=f", in {unit.word}" if unit.gap_sign else "",
    )


def _split(summary: str) -> tuple[str, str]:
    """Return the verdict's first sentence, with the next if it is a single word, and all others.

    >>> _split("Tied. Bias and variance both matter. Work on whichever is cheapest to fix.")
    ('Tied. Bias and variance both matter.', 'Work on whichever is cheapest to fix.')
    """
    first, *others = summary.split(". ")
    if others and " " not in first:
        first = f"{first}. {others.pop(0)}"
    return (first + "." if others else first), ". ".join(others)


def _lean(record: Diagnosis) -> str:
    lean = record.lean
    return f"{gap_name(lean.problem)} ({100 * lean.probability:.0f}%)" if lean else "not drawn"


def _untold(record: Diagnosis) -> bool:
    """Return whether the verdict names a gap or none, and so does not say which is likely the largest."""
    return record.lean is not None and (record.diagnosis in record.gaps or record.diagnosis == "ok")


def _gaps(record: Diagnosis, unit: Unit, level: str) -> Table:
    return Table(
        ("gap", "between", unit.word, f"{level} interval", "status", "method"),
        tuple(
            Row(
                name,
                (
                    f"{gap.between[1]} - {gap.between[0]}",
                    unit.gap(gap.value),
                    unit.gap_bounds(gap.low, gap.high),
                    STATUS_WORDS[gap.status],
                    gap.method,
                ),
                gap.status,
            )
            for name, gap in record.gaps.items()
        ),
    )


def _errors(name: str, errors: Mapping[str, ErrorRecord], unit: Unit, level: str, data: tuple[int, ...] = ()) -> Table:
    """Return errors with their intervals and rows; groups are in parentheses."""
    counts = "errors / rows" if any(error.wrong is not None for error in errors.values()) else "rows"
    grouped = " (effective groups)" if any(error.groups is not None for error in errors.values()) else ""
    return Table(
        (name, "value", f"{level} interval", counts + grouped, "method"),
        tuple(
            Row(name, (unit.error_cell(error.value), _bounds(error, unit), _rows(error), error.method))
            for name, error in errors.items()
        ),
        data,
    )


def _pairs(errors: Mapping[str, Mapping[str, ErrorRecord]]) -> dict[str, ErrorRecord]:
    return {f"{outer} / {inner}": error for outer, of_one in errors.items() for inner, error in of_one.items()}


def _rows(error: ErrorRecord) -> str:
    if error.n is None:
        return ""
    counts = f"{error.n:,}" if error.wrong is None else f"{error.wrong:,} / {error.n:,}"
    return counts if error.groups is None else f"{counts} ({error.groups:,.0f})"


def _bounds(error: ErrorRecord, unit: Unit) -> str:
    if error.n is None:
        return "declared"
    return "exact" if error.is_exact else unit.error_bounds(error.low, error.high)


def _measured(record: Diagnosis, row: str) -> bool:
    return any(row in cells for cells in record.table_2x3.values())


def _distribution_row(record: Diagnosis, row: str, unit: Unit) -> Row:
    """Return one row of the table of distributions: auxiliary, then target, each with its interval and rows."""
    cells = []
    for role in ("auxiliary", "target"):
        error = record.table_2x3.get(role, {}).get(row)
        if error is None:
            cells.append("not measured")
        elif error.n is None:
            cells.append(f"{unit.error_cell(error.value)} ({counted(error)})")
        else:
            cells.append(f"{unit.error_cell(error.value)} ({_bounds(error, unit)}; {counted(error)})")
    return Row(row, tuple(cells))


def _sizing(splits: Mapping[str, Proof], unit: Unit) -> Table:
    def gap(amount: float | None) -> str:
        return "" if amount is None else unit.gap(amount)

    return Table(
        (
            "split",
            "rows",
            "error to within",
            "smallest gap it can confirm",
            "rows to confirm twice your threshold",
            "smallest gain, same rows",
            "smallest gain, separate rows",
        ),
        tuple(
            Row(
                name,
                (
                    f"{proof.n:,}",
                    f"±{unit.gap(proof.half_width)}",
                    gap(proof.smallest_material_gap),
                    "" if proof.rows_for_twice is None else f"{proof.rows_for_twice:,}",
                    gap(proof.smallest_gain_paired),
                    gap(proof.smallest_gain_unpaired),
                ),
            )
            for name, proof in splits.items()
        ),
    )


def _footer(record: Diagnosis, unit: Unit) -> tuple[str, ...]:
    settings, level = record.settings, percent(record.settings.confidence)
    return (
        f"Metric: {settings.metric}. Your threshold (material gap): {unit.amount(record.material_gap)}.",
        f"Each interval holds by itself with {level}. All lower bounds of the {len(record.gaps)} gaps hold together "
        f"with {level}, and so do all upper bounds.",
        f"Most likely largest gap: from {settings.lean_draws:,} draws, seed {settings.seed}.",
        f"Split {record.split_id}, test {record.test_id}."
        if record.split_id
        else "No split identity: the diagnosis was made without the split tables.",
    )
