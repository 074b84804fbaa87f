"""Mistakes that a person looked at: the share of each tag, and how far the error would fall if its cause were gone."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimate import Estimate, constant
from mlstrat_plugin.core.intervals import wilson
from mlstrat_plugin.core.pairing import PairedTally
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SEPARATORS = re.compile(r"[\s_-]+")


def sampled_share(found: int, looked_at: int, of: int | None) -> Estimate:
    """Return the share of rows with some property, from a random sample.

    Parameters
    ----------
    found, looked_at : int
        Rows of the sample that have the property, and rows of the sample; ``0 <= found <= looked_at``, 1 or more.
    of : int, optional
        Rows that were sampled from, ``looked_at`` or more; when all were looked at the share is exact. Without it the
        share is that of all rows that may ever come.

    Raises
    ------
    EstimateError
        The counts do not fit.

    Notes
    -----
    Wilson's bounds with ``m (M - 1) / (M - m)`` rows. Source: Cochran, Sampling Techniques, 3rd ed. (1977), eq. 3.8.

    Examples
    --------
    >>> [round(bound, 4) for bound in sampled_share(12, 100, 400).interval(0.95)]
    [0.0752, 0.1861]
    """
    if not (0 <= found <= looked_at and looked_at >= 1 and (of is None or looked_at <= of)):
        raise EstimateError(f"{found} of {looked_at} looked at, sampled from {of}, do not fit")
    share = found / looked_at
    if of is None:
        return Estimate(share, lambda z: wilson(share, looked_at, z), looked_at, "wilson")
    if looked_at == of:
        return constant(share)
    rows = looked_at * (of - 1) / (of - looked_at)
    return Estimate(share, lambda z: wilson(share, rows, z), rows, "wilson, finite population")


def ceiling(share: Estimate, error: Estimate) -> Estimate:
    """Return how far the error falls at most if everything behind a share of the mistakes is solved.

    Parameters
    ----------
    share : Estimate
        Share of the mistakes, 0..1, of all that may ever come: the mistakes of one dev set are a sample themselves.
    error : Estimate
        The error they are mistakes of, 0..1; its own uncertainty counts, so the bounds hold beyond this one dev set.

    Notes
    -----
    The product of two independent shares, by the square-and-add of relative distances. Source: Zou & Donner,
    Statistics in Medicine 27 (2008), 1693-1702, doi:10.1002/sim.3095.

    Examples
    --------
    >>> from mlstrat_plugin.core.tallies import ErrorTally
    >>> dogs = ceiling(sampled_share(5, 100, None), ErrorTally(wrong=1000, n=10_000).estimate())
    >>> round(dogs.value, 4)
    0.005
    """
    s, c = share.value, error.value

    def bounds(z: float) -> tuple[float, float]:
        (s_low, s_high), (c_low, c_high) = share.bounds(z), error.bounds(z)
        below = sqrt((c * (s - s_low)) ** 2 + (s * (c - c_low)) ** 2)
        above = sqrt((c * (s_high - s)) ** 2 + (s * (c_high - c)) ** 2)
        return max(0.0, s * c - below), min(1.0, s * c + above)

    return Estimate(s * c, bounds, min(share.n_effective, error.n_effective), "mover of a product")


def merged_spellings(tags: Iterable[str]) -> dict[str, str]:
    """Return for every spelling the one that stands for it: case, spaces, hyphens and underscores make no difference.

    The most frequent spelling stands for all, of equally frequent ones the first in the alphabet.

    Examples
    --------
    >>> merged_spellings(["great cat", "Great-Cat", "great cat", "blurry"])
    {'great cat': 'great cat', 'Great-Cat': 'great cat', 'blurry': 'blurry'}
    """
    counts = Counter(tags)
    best: dict[str, str] = {}
    for tag in sorted(counts, key=lambda tag: (-counts[tag], tag)):
        best.setdefault(_key(tag), tag)
    return {tag: best[_key(tag)] for tag in counts}


def _key(tag: str) -> str:
    return SEPARATORS.sub(" ", tag.strip()).casefold()


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A random sample of the mistakes on one split, with the tags that a person gave each.

    Parameters
    ----------
    tags : sequence of frozenset of str
        The tags of every mistake that was looked at; an empty set is a mistake without a tag.
    mistakes : int
        All mistakes of the split, at least as many as were looked at.

    Raises
    ------
    EstimateError
        More mistakes were looked at than there are.
    """

    tags: Sequence[frozenset[str]]
    mistakes: int

    def __post_init__(self) -> None:
        if len(self.tags) > self.mistakes:
            raise EstimateError(f"{len(self.tags)} mistakes were looked at, of {self.mistakes}")

    def share(self, *tags: str) -> Estimate:
        """Return the share of the mistakes that carry any of these tags.

        Raises
        ------
        EstimateError
            Nothing was looked at yet.
        """
        wanted = frozenset(tags)
        return sampled_share(sum(bool(wanted & row) for row in self.tags), len(self.tags), self.mistakes)

    def ceiling(self, error: Estimate, *tags: str) -> Estimate:
        """Return how far this error falls at most, also on new rows, if everything behind these tags is solved.

        Raises
        ------
        EstimateError
            Nothing was looked at yet.
        """
        found = sum(bool(frozenset(tags) & row) for row in self.tags)
        return ceiling(sampled_share(found, len(self.tags), None), error)

    def ranked(self) -> tuple[str, ...]:
        """Return the tags, most frequent first; ties in the order of the alphabet."""
        counts = self.counts()
        return tuple(sorted(counts, key=lambda tag: (-counts[tag], tag)))

    def counts(self) -> Mapping[str, int]:
        """Return how many looked-at mistakes carry each tag; a mistake with several counts for each."""
        return Counter(tag for row in self.tags for tag in row)

    def best_union(self, size: int) -> tuple[str, ...]:
        """Return up to so many tags that cover the most mistakes, chosen one by one, since tags overlap.

        Notes
        -----
        Choosing greedily covers at least 1 - 1/e of what the best choice covers. Source: Nemhauser, Wolsey & Fisher,
        Mathematical Programming 14 (1978), 265-294, doi:10.1007/BF01588971.
        """
        chosen: list[str] = []
        left = list(self.tags)
        while len(chosen) < size and any(left):
            counts = Counter(tag for row in left for tag in row)
            best = min(counts, key=lambda tag: (-counts[tag], tag))
            chosen.append(best)
            left = [row for row in left if best not in row]
        return tuple(chosen)

    def alike(self, confidence: float = 0.95) -> tuple[tuple[str, str], ...]:
        """Return the pairs of tags whose order this sheet cannot tell: rows that carry only one of the two decide."""
        found = []
        for first, second in combinations(self.ranked(), 2):
            only_first = sum(first in row and second not in row for row in self.tags)
            only_second = sum(second in row and first not in row for row in self.tags)
            low, high = (
                PairedTally(broken=only_first, fixed=only_second, n=len(self.tags)).estimate().interval(confidence)
            )
            if low <= 0 <= high:
                found.append((first, second))
        return tuple(found)
