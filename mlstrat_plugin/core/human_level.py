"""The human level: the ladder's first rung, declared or counted."""

from __future__ import annotations

from dataclasses import dataclass

from mlstrat_plugin.core.estimate import Estimate, constant
from mlstrat_plugin.errors import EstimateError


@dataclass(frozen=True)
class Declared:
    """An error that somebody states and nobody measured; taken as exact and labelled so.

    Parameters
    ----------
    error : float
        Share of wrong answers, 0..1.

    Raises
    ------
    EstimateError
        ``error`` is NaN or outside 0..1.

    Examples
    --------
    >>> Declared(0.01).estimate().method
    'declared'
    """

    error: float

    def __post_init__(self) -> None:
        if not 0 <= self.error <= 1:
            raise EstimateError(f"a declared error is a fraction in 0..1 (7 % is 0.07), not {self.error!r}")

    @property
    def n(self) -> None:
        """Return nothing: no rows stand behind a declaration."""
        return

    @property
    def wrong(self) -> None:
        """Return nothing: no rows stand behind a declaration."""
        return

    def estimate(self) -> Estimate:
        """Return the declared number as an exact constant."""
        return constant(self.error)
