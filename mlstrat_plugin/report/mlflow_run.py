"""What an MLflow run shows of a diagnosis: metrics, tags, the note, the description of its registered versions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from mlstrat_plugin.core.wording import unit_of
from mlstrat_plugin.report.render import description_markdown, note_markdown

if TYPE_CHECKING:
    from mlstrat_plugin.records.diagnosis import Diagnosis

DIGITS = 6  # MLflow's pages print floats in full
GAPS_TAG = "mlstrat.gaps"


@dataclass(frozen=True, kw_only=True)
class RunPage:
    """The texts and numbers of the page; the note has ``(PICTURE)`` and ``(REPORT)`` where links belong."""

    metrics: dict[str, float]
    tags: dict[str, str]
    note: str
    description: str


def run_page(record: Diagnosis) -> RunPage:
    """Return the page: metrics in the order of the ladder, gaps of merged rungs as ``variance-or-mismatch``."""
    metrics = {f"error/{rung}": error.value for rung, error in record.errors.items()}
    metrics |= {f"gap/{name.replace('+', '-or-')}": gap.value for name, gap in record.gaps.items()}
    metrics["gap/dominant"] = max(gap.value for gap in record.gaps.values())
    return RunPage(
        metrics={key: round(value, DIGITS) for key, value in metrics.items()},
        tags=_tags(record),
        note=note_markdown(record, picture="PICTURE", report="REPORT"),
        description=description_markdown(record),
    )


def _tags(record: Diagnosis) -> dict[str, str]:
    largest = max(record.gaps, key=lambda name: record.gaps[name].value)
    gap, unit = record.gaps[largest], unit_of(record.settings.metric, record.settings.unit)
    bounds = {
        name: [round(number, DIGITS) for number in (known.value, known.low, known.high)]
        for name, known in record.gaps.items()
    }
    return {
        "diagnosis": record.diagnosis,
        "lean": f"{record.lean.problem} {100 * record.lean.probability:.0f}%" if record.lean else "none",
        "dominant_gap": f"{largest} {unit.gap(gap.value)} {unit.interval(gap.low, gap.high)}",
        GAPS_TAG: json.dumps(bounds),
        "mlstrat.version": version("mlstrat-plugin"),
        "split_id": record.split_id or "",
        "test_id": record.test_id or "",
    }
