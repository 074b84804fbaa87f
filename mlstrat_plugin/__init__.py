"""mlstrat: what holds a model back, with an interval on every number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlstrat_plugin.core.diagnosis import diagnose
    from mlstrat_plugin.errors import MlstratError
    from mlstrat_plugin.records import Diagnosis, Settings
    from mlstrat_plugin.stages.track import tracking_uri

__all__ = ["Diagnosis", "MlstratError", "Settings", "diagnose", "tracking_uri"]

_HOME = {
    "Diagnosis": "mlstrat_plugin.records",
    "MlstratError": "mlstrat_plugin.errors",
    "Settings": "mlstrat_plugin.records",
    "diagnose": "mlstrat_plugin.core.diagnosis",
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
