"""The stage ``report``: the saved diagnosis as the page that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.adapters.files import write_text
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.saving import read_record
from mlstrat_plugin.records.stages import IN_GIT, StageSpec

if TYPE_CHECKING:
    from mlstrat_plugin.params.project import Project


def spec(project: Project) -> StageSpec:
    """Return what the stage reads and writes."""
    places = project.places
    return StageSpec(name="report", deps=(places.diagnosis,), params=("folders",), outs={places.page: IN_GIT})


def report(project: Project) -> Diagnosis:
    """Write ``report.html`` from saved files alone, and return the diagnosis that it shows.

    Raises
    ------
    RecordError
        ``diagnosis.json`` is missing or damaged.
    """
    from mlstrat_plugin.report.render import report_html

    record = read_record(Diagnosis, project.places.diagnosis, stage="diagnose")
    write_text(project.places.page, report_html(record))
    return record
