"""What is shown of several runs: two compared, and the history of an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlstrat_plugin.core.wording import LOSS, STATUS_WORDS, percent, unit_of
from mlstrat_plugin.report.tables import Row, Table

if TYPE_CHECKING:
    from mlstrat_plugin.core.wording import Unit
    from mlstrat_plugin.records.runs import Change, Comparison, History


@dataclass(frozen=True)
class ComparisonView:
    """Everything that is said of two runs, in order: ``answer`` first, ``verdicts`` and tables, ``notes`` last."""

    answer: str
    verdicts: str
    gaps: Table
    errors: Table
    params: Table
    notes: tuple[str, ...]


def comparison_view(record: Comparison) -> ComparisonView:
    """Return the comparison as text."""
    unit, level = unit_of(record.metric, record.unit), percent(record.confidence)
    told = f"in {unit.word}" if unit.gap_sign else f"in the unit of {record.metric}"
    return ComparisonView(
        answer=record.summary,
        verdicts=" ".join(
            f"Verdict of {name}: {verdict}." for name, verdict in zip(record.names, record.diagnoses, strict=True)
        ),
        gaps=Table(
            ("gap", "change", f"joint {level} interval", "status", "method"),
            tuple(Row(name, (*_change(one, unit), one.method), one.status) for name, one in record.gaps.items()),
        ),
        errors=Table(
            ("error", "change", f"{level} interval", "status", "fixed", "broken", "rows", "method"),
            tuple(
                Row(name, (*_change(one, unit), _count(one.fixed), _count(one.broken), _count(one.n), one.method))
                for name, one in record.errors.items()
            ),
        ),
        params=Table(
            ("setting", *record.names), tuple(Row(key, values) for key, values in record.params.items()), data=(0, 1, 2)
        ),
        notes=(
            f"Changes are {told}; below zero is better. A change within {unit.amount(record.unchanged_within)} of zero "
            "counts as unchanged.",
            *record.notes,
        ),
    )


def history_table(record: History) -> Table:
    """Return one row per run, newest first: when, its name, verdict, largest gap, dev and test error."""
    return Table(
        ("started (UTC)", "run", "verdict", "champion", "dev", "test", "largest gap"),
        tuple(
            Row(
                run.started,
                (
                    run.name,
                    run.diagnosis,
                    "yes" if run.champion else "",
                    _logged(run.dev),
                    _logged(run.test),
                    run.interval or run.dominant,
                ),
            )
            for run in record.runs
        ),
        data=(1,),
    )


def _change(change: Change, unit: Unit) -> tuple[str, str, str]:
    return unit.gap(change.value), unit.gap_bounds(change.low, change.high), STATUS_WORDS[change.status]


def _count(rows: int | None) -> str:
    return "" if rows is None else f"{rows:,}"


def _logged(error: float | None) -> str:
    """Return an error as MLflow has it: rates stay fractions."""
    return "" if error is None else LOSS.error(error) if abs(error) >= 1_000 else f"{error:.4g}"
