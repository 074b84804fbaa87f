"""mlstrat: what holds a model back, with an interval on every number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlstrat_plugin.core.diagnosis.planning import needed_rows
    from mlstrat_plugin.errors import MlstratError
    from mlstrat_plugin.notebook import (
        Comparison,
        Diagnosis,
        compare,
        diagnose,
        diagnose_run,
        log_diagnosis,
        read_diagnosis,
    )
    from mlstrat_plugin.records.words import Settings
    from mlstrat_plugin.stages.track import tracking_uri

__all__ = [
    "Comparison",
    "Diagnosis",
    "MlstratError",
    "Settings",
    "compare",
    "diagnose",
    "diagnose_run",
    "log_diagnosis",
    "needed_rows",
    "read_diagnosis",
    "tracking_uri",
]

_HOME = {
    "Comparison": "mlstrat_plugin.notebook",
    "Diagnosis": "mlstrat_plugin.notebook",
    "MlstratError": "mlstrat_plugin.errors",
    "Settings": "mlstrat_plugin.records",
    "compare": "mlstrat_plugin.notebook",
    "diagnose": "mlstrat_plugin.notebook",
    "diagnose_run": "mlstrat_plugin.notebook",
    "log_diagnosis": "mlstrat_plugin.notebook",
    "needed_rows": "mlstrat_plugin.core.diagnosis.planning",
    "read_diagnosis": "mlstrat_plugin.notebook",
    "tracking_uri": "mlstrat_plugin.stages.track",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that importing the package stays cheap."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
