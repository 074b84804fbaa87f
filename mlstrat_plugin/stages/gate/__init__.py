"""The stage ``gate``: the tracked model against the policy and the champion, and the alias that moves on a pass."""

from mlstrat_plugin.stages.gate.deciding import gate
from mlstrat_plugin.stages.gate.promoting import promote

__all__ = ["gate", "promote"]
