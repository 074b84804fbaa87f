"""What people found out about rows, as text with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.wording import RATE, percent

if TYPE_CHECKING:
    from mlstrat_plugin.records.review import Amount


def points(amount: Amount) -> str:
    """Return a difference of errors with its interval, in points."""
    return RATE.change(amount.value, amount.low, amount.high)


def rate(amount: Amount | None) -> str:
    """Return a rate with its interval; ``not known`` if it is None."""
    if amount is None:
        return "not known"
    return f"{percent(amount.value)} [{percent(amount.low)}, {percent(amount.high)}]"
