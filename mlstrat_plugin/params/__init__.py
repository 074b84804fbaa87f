"""The block ``mlstrat:`` of params.yaml, typed and checked; the names below are the public ones."""

from mlstrat_plugin.params.block import (
    BLOCK,
    Columns,
    Diagnose,
    Engine,
    Evaluate,
    Human,
    Params,
    Review,
    Source,
    Split,
    Track,
    Validate,
    load_params,
)
from mlstrat_plugin.params.gate import Condition, Gate, Optimize

__all__ = [
    "BLOCK",
    "Columns",
    "Condition",
    "Diagnose",
    "Engine",
    "Evaluate",
    "Gate",
    "Human",
    "Optimize",
    "Params",
    "Review",
    "Source",
    "Split",
    "Track",
    "Validate",
    "load_params",
]
