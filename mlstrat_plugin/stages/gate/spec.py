"""What the stage ``gate`` says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.records.stages import IN_GIT, StageSpec
from mlstrat_plugin.records.words import Split

if TYPE_CHECKING:
    from mlstrat_plugin.params.project import Project


def spec(project: Project) -> StageSpec:
    """Return what the stage ``gate`` reads and writes; the ledger of looks outlives a run of the stage."""
    params, places = project.params, project.places
    models = [] if params.track.model is None else [project.path(params.track.model)]
    human = params.human
    tables = [] if human is None or human.table is None else [project.path(human.table)]
    return StageSpec(
        name="gate",
        deps=(
            project.predictions,
            *map(project.split_file, Split),
            *tables,
            *models,
            places.diagnosis,
            places.tracked_run,
        ),
        params=(
            "engine",
            "sources",
            "folders",
            "columns",
            "split.folder",
            *([] if human is None else ["human"]),
            "evaluate",
            "track",
            "gate",
        ),
        outs={places.decision: IN_GIT, places.decision_page: IN_GIT, places.ledger: {**IN_GIT, "persist": True}},
    )
