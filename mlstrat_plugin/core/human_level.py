"""The human level: the ladder's first rung, declared or counted."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from mlstrat_plugin.core.estimate import Estimate, constant
from mlstrat_plugin.errors import EstimateError


@dataclass(frozen=True)
class Declared:
    """An error that somebody states and nobody measured; taken as exact and labelled so.

    Parameters
    ----------
    error : float
        Share of wrong answers, 0..1, or a mean loss from 0 on.
    is_rate : bool
        It is a share of wrong answers.

    Raises
    ------
    EstimateError
        ``error`` is NaN, infinite, below 0, or above 1 where it is a rate.

    Examples
    --------
    >>> Declared(0.01).estimate().method
    'declared'
    """

    error: float
    is_rate: bool = True

    def __post_init__(self) -> None:
        if not self.is_rate and not 0 <= self.error < inf:
            raise EstimateError(f"a declared loss is a finite number from 0 on, not {self.error!r}")
        if self.is_rate and not 0 <= self.error <= 1:
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
