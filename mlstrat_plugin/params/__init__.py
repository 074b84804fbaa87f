"""The block ``mlstrat:`` of params.yaml, typed and checked; the names below are the public ones."""

from mlstrat_plugin.params.block import BLOCK, Params, load_params
from mlstrat_plugin.params.conditions import Condition, Limit
from mlstrat_plugin.params.data import Columns, Engine, Folders, Source, Split, Validate
from mlstrat_plugin.params.gate import Gate, Optimize
from mlstrat_plugin.params.people import Review, Track
from mlstrat_plugin.params.project import Project, load_project
from mlstrat_plugin.params.scoring import Diagnose, Evaluate, Human

__all__ = [
    "BLOCK",
    "Columns",
    "Condition",
    "Diagnose",
    "Engine",
    "Evaluate",
    "Folders",
    "Gate",
    "Human",
    "Limit",
    "Optimize",
    "Params",
    "Project",
    "Review",
    "Source",
    "Split",
    "Track",
    "Validate",
    "load_params",
    "load_project",
]
