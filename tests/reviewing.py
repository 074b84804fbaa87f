"""Scratch projects whose mistakes and labels people look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlstrat_plugin.adapters.reviews import AUDIT, FIXES, MISTAKES
from mlstrat_plugin.review.sheets import edited, prepare
from mlstrat_plugin.stages.split import split

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from mlstrat_plugin.adapters.reviews import Layout
    from mlstrat_plugin.params.project import Project as MlstratProject
    from mlstrat_plugin.records.diagnosis import Diagnosis
    from tests.conftest import Project

REVIEW = {"rows": 20, "eyeball": 0.5}


def ends(*figures: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Return which rows a model gets wrong: those whose id ends in one of these figures."""
    return lambda rows: rows["id"].str[-1].isin(figures)


def begun(project: Project, wrong: Callable[[pd.DataFrame], pd.Series] | None = None, **blocks: Any) -> MlstratProject:
    """Return a project with empty sheets, splits and predictions, of which three in ten are wrong."""
    loaded = project.load(**{"review": REVIEW, **blocks})
    prepare(loaded.places)
    split(loaded)
    project.predict(wrong or ends("1", "4", "7"))
    return loaded


def error_sheet(project: MlstratProject) -> Layout:
    """Return the sheet of mistakes."""
    return MISTAKES.at(project.places.mistakes)


def audit_sheet(project: MlstratProject) -> Layout:
    """Return the sheet of the label audit."""
    return AUDIT.at(project.places.audit)


def fix_sheet(project: MlstratProject) -> Layout:
    """Return the sheet of corrected labels."""
    return FIXES.at(project.places.fixes)


def say(sheet: Layout, answers: Mapping[str, Mapping[str, str]]) -> None:
    """Type into a sheet, by id."""
    edited(sheet, lambda text: text.with_rows([{"id": i, **cells} for i, cells in answers.items()]))


def codes(record: Diagnosis) -> set[str]:
    """Return the codes of what was found."""
    return {finding.code for finding in record.findings}
