"""Which numbers the settings allow: each range is written once, for records, params and messages."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from numbers import Real
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlstrat_plugin.records.metrics import Metric


@dataclass(frozen=True, kw_only=True)
class Range:
    """The numbers between two ends; NaN and infinities are never among them.

    Parameters
    ----------
    low, high : float
        The two ends; ``high`` may be infinite.
    low_open, high_open : bool
        Whether the end itself is left out.

    Examples
    --------
    >>> half = Range(low=0.5, high=1, high_open=True)
    >>> str(half), 0.5 in half, 1 in half
    ('in [0.5, 1)', True, False)
    >>> [str(r) for r in (Range(low=1, high=1_000), Range(low=0, low_open=True), Range(low=0))]
    ['from 1 to 1,000', 'above 0', 'no less than 0']
    >>> str(Range(low=0.0, high=1_000.0, high_open=True))
    'in [0, 1,000)'
    """

    low: float
    high: float = inf
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, Real) or not isfinite(value):
            return False
        number = float(value)
        above = number > self.low if self.low_open else number >= self.low
        below = number < self.high if self.high_open else number <= self.high
        return above and below

    def __str__(self) -> str:
        """Return words that follow 'must be' or the name of a kind of number."""
        low, high = (f"{int(end) if isfinite(end) and end == int(end) else end:,}" for end in (self.low, self.high))
        if self.high == inf:
            return f"above {low}" if self.low_open else f"no less than {low}"
        if not (self.low_open or self.high_open):
            return f"from {low} to {high}"
        return f"in {'(' if self.low_open else '['}{low}, {high}{')' if self.high_open else ']'}"


FRACTION = Range(low=0, high=1, low_open=True, high_open=True)
MOST = Range(low=0.5, high=1, high_open=True)  # of a confidence, a power, a quantile
RATE_GAP = FRACTION
LOSS_GAP = Range(low=0, low_open=True)
MARGIN_OF_RATES = Range(low=0, high=1, high_open=True)
RANGES = {
    "material_gap_relative": Range(low=0, high=1, high_open=True),
    "confidence": MOST,
    "power": MOST,
    "also_large": Range(low=0, high=1, low_open=True),
    "lean_draws": Range(low=1),
}


def gap_range(metric: Metric) -> Range:
    """Return the range of the material gap: gaps of rates are below 1, gaps of losses have no such limit."""
    return RATE_GAP if metric.is_rate else LOSS_GAP
