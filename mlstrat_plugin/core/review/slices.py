"""Which parts of a table are worth a look: promising ones on one half, what the other half confirms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.intervals import wilson, z_value
from mlstrat_plugin.core.review.error_analysis import amount
from mlstrat_plugin.records.review import SliceFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally

MOST_TRIED = 200  # promising slices, best first, that are compared with one another
MOST = 15  # slices; more are not read
FEWEST_WRONG = 5  # mistakes of a candidate; below, the other half could not confirm it
SAME = 0.5  # slices that share more of their mistakes than this (Jaccard) are one


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One slice on the first half: (column, value) pairs that all hold, its rows and its mistakes."""

    where: tuple[tuple[str, str], ...]
    n: int
    wrong: int

    @property
    def name(self) -> str:
        """Return the slice for people."""
        return " and ".join(f"{column} = {value}" for column, value in self.where)


def promising(candidates: Sequence[Candidate], error: float, confidence: float) -> list[Candidate]:
    """Return the slices whose error is surely above that of all rows, most surplus mistakes first.

    Examples
    --------
    >>> found = [Candidate(where=(("a", "x"),), n=100, wrong=40), Candidate(where=(("a", "y"),), n=100, wrong=11)]
    >>> [slice.name for slice in promising(found, 0.1, 0.95)]
    ['a = x']
    """
    good = [slice_ for slice_ in candidates if is_worse(slice_.wrong, slice_.n, error, confidence)]
    return sorted(good, key=lambda s: (-(s.wrong - error * s.n), len(s.where), s.name))


def is_worse(wrong: int, n: int, error: float, confidence: float) -> bool:
    """Return whether the error of so many rows is surely above another: the one-sided lower bound is.

    Examples
    --------
    >>> is_worse(40, 100, 0.1, 0.95), is_worse(11, 100, 0.1, 0.95), is_worse(4, 4, 0.1, 0.95)
    (True, False, False)
    """
    return wrong >= FEWEST_WRONG and wilson(wrong / n, n, z_value(1 - confidence))[0] > error


def measured(
    slice_: Candidate,
    inside: ErrorTally | RatioTally,
    rest: ErrorTally | RatioTally,
    confidence: float,
    of: int,
    also: tuple[str, ...],
) -> SliceFound:
    """Return a slice as the other half shows it.

    Parameters
    ----------
    slice_ : Candidate
        The slice.
    inside, rest : ErrorTally or RatioTally
        Its rows and all others, on the half that did not find it.
    confidence : float
        Joint confidence of all statements that slices are worse.
    of : int
        Slices that are measured; the confidence is shared by them (Bonferroni).
    also : tuple of str
        Slices with nearly the same mistakes.
    """
    error = inside.estimate()
    difference = error - rest.estimate()
    each = 1 - (1 - confidence) / of
    wrong, others = int(inside.wrong or 0), int(rest.wrong or 0)
    return SliceFound(
        where=slice_.name,
        wrong=wrong,
        error=amount(error, inside.n, confidence),
        more_error=amount(difference, inside.n + rest.n, confidence),
        of_errors=wrong / max(1, wrong + others),
        confirmed=difference.lower(each) > 0,
        also=also,
    )
