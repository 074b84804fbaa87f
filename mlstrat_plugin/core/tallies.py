"""Sufficient statistics of one split: they add up over chunks, sources and machines, and make the estimate."""

from __future__ import annotations

from dataclasses import dataclass

from mlstrat_plugin.core.estimate import Estimate
from mlstrat_plugin.core.intervals import wilson
from mlstrat_plugin.errors import EstimateError


@dataclass(frozen=True, kw_only=True)
class ErrorTally:
    """Wrong answers out of so many rows.

    Parameters
    ----------
    wrong : int
        Rows answered wrongly, 0..n.
    n : int
        Rows scored, 0 or more; a tally of 0 rows adds up but makes no estimate.

    Raises
    ------
    EstimateError
        A count is not a whole number, is negative, or ``wrong`` exceeds ``n``.

    Examples
    --------
    >>> ErrorTally(wrong=1, n=10) + ErrorTally(wrong=2, n=10)
    ErrorTally(wrong=3, n=20)
    """

    wrong: int
    n: int

    def __post_init__(self) -> None:
        counts = (self.wrong, self.n)
        if any(isinstance(count, bool) or not isinstance(count, int) for count in counts):
            raise EstimateError(f"wrong and rows are whole numbers, not {self.wrong!r} of {self.n!r}")
        if not 0 <= self.wrong <= self.n:
            raise EstimateError(f"wrong rows lie between 0 and all rows, not {self.wrong} of {self.n}")

    def __add__(self, other: ErrorTally) -> ErrorTally:
        return ErrorTally(wrong=self.wrong + other.wrong, n=self.n + other.n)

    def estimate(self) -> Estimate:
        """Return the share of wrong answers with Wilson bounds.

        Raises
        ------
        EstimateError
            The tally holds no row.
        """
        if self.n == 0:
            raise EstimateError("no rows: nothing can be said about this error")
        rate, n = self.wrong / self.n, self.n
        return Estimate(rate, lambda z: wilson(rate, n, z), float(n), "wilson")
