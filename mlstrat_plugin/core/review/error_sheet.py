"""Mistakes that a person looked at: the share of each tag, and how far the error would fall if its cause were gone."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from math import ceil, inf, sqrt
from operator import add
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.estimate import Estimate
from mlstrat_plugin.core.estimates.intervals import wilson_bounds
from mlstrat_plugin.core.estimates.methods import Method
from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.core.estimates.power import paired_rows
from mlstrat_plugin.core.estimates.rates import RatioTally
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CENSUS = Method("census")  # every row was looked at
SEPARATORS = re.compile(r"[\s_-]+")


def sampled_share(
    found: int, looked_at: int, of: int | None, groups: Sequence[tuple[int, int]] | None = None
) -> Estimate:
    """Return the share of rows with some property, from a random sample.

    Parameters
    ----------
    found, looked_at : int
        Rows of the sample that have the property, and rows of the sample; ``0 <= found <= looked_at``, 1 or more.
    of : int, optional
        Rows that were sampled from, ``looked_at`` or more; when all were looked at the share is exact. Without it the
        share is that of all rows that may ever come.
    groups : sequence of (int, int), optional
        Found and looked-at rows of each group, where rows come in groups and are not independent.

    Raises
    ------
    EstimateError
        The counts do not fit.

    Notes
    -----
    Wilson's bounds with ``m (M - 1) / (M - m)`` rows. Source: Cochran, Sampling Techniques, 3rd ed. (1977), eq. 3.8.
    With groups m is the effective number of rows, and the quantile is Student's; see ``RatioTally``.

    Examples
    --------
    >>> [round(bound, 4) for bound in sampled_share(12, 100, 400).interval(0.95)]
    [0.0752, 0.1861]
    """
    if not (0 <= found <= looked_at and looked_at >= 1 and (of is None or looked_at <= of)):
        raise EstimateError(f"{found} of {looked_at} looked at, sampled from {of}, do not fit")
    share = found / looked_at
    if looked_at == of:
        return Estimate(share, lambda _z: (share, share), inf, CENSUS)
    alone = groups is None or all(size == 1 for _, size in groups)
    whole = None if alone else sum_of(groups or ()).estimate()
    rows, effective = (float(looked_at), None) if whole is None else (whole.n_effective, whole.groups)
    rows *= 1.0 if of is None else (of - 1) / (of - looked_at)
    method = Method("wilson" if of is None else "wilson fpc", grouped=not alone)
    return Estimate(share, wilson_bounds(share, rows, effective), rows, method, groups=effective)


def sum_of(groups: Iterable[tuple[int, int]]) -> RatioTally:
    """Return the tally of groups, each given as its found and its looked-at rows."""
    return reduce(add, (RatioTally.group(wrong=found, n=size) for found, size in groups))


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
    >>> from mlstrat_plugin.core.estimates.rates import ErrorTally
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

    return Estimate(s * c, bounds, min(share.n_effective, error.n_effective), Method("mover product"))


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
    groups : sequence of str, optional
        The group of every mistake that was looked at, where rows of one group are not independent.

    Raises
    ------
    EstimateError
        More mistakes were looked at than there are, or not every one has its group.
    """

    tags: Sequence[frozenset[str]]
    mistakes: int
    groups: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if len(self.tags) > self.mistakes:
            raise EstimateError(f"{len(self.tags)} mistakes were looked at, of {self.mistakes}")
        if self.groups is not None and len(self.groups) != len(self.tags):
            raise EstimateError(f"{len(self.tags)} mistakes have {len(self.groups)} groups")

    def count(self, *tags: str) -> int:
        """Return how many looked-at mistakes carry any of these tags."""
        return sum(not row.isdisjoint(tags) for row in self.tags)

    def share(self, *tags: str) -> Estimate:
        """Return the share of the mistakes that carry any of these tags.

        Raises
        ------
        EstimateError
            Nothing was looked at yet.
        """
        return self._share(tags, self.mistakes)

    def ceiling(self, error: Estimate, *tags: str) -> Estimate:
        """Return how far this error falls at most, also on new rows, if everything behind these tags is solved.

        Raises
        ------
        EstimateError
            Nothing was looked at yet.
        """
        return ceiling(self._share(tags, None), error)

    def _share(self, tags: tuple[str, ...], of: int | None) -> Estimate:
        return sampled_share(self.count(*tags), len(self.tags), of, self._by_group(tags))

    def _by_group(self, tags: tuple[str, ...]) -> list[tuple[int, int]] | None:
        if self.groups is None:
            return None
        sizes = Counter(self.groups)
        found = Counter(group for group, row in zip(self.groups, self.tags, strict=True) if not row.isdisjoint(tags))
        return [(found[group], size) for group, size in sizes.items()]

    def ranked(self) -> tuple[str, ...]:
        """Return the tags, most frequent first; ties in the order of the alphabet."""
        counts = self.counts()
        return tuple(sorted(counts, key=lambda tag: (-counts[tag], tag)))

    def counts(self) -> Mapping[str, int]:
        """Return how many looked-at mistakes carry each tag; a mistake with several counts for each."""
        return Counter(tag for row in self.tags for tag in row)

    def best_pair(self) -> tuple[str, str] | None:
        """Return the two tags that cover the most mistakes together; None if there are fewer than two tags."""
        return max(combinations(self.ranked(), 2), key=lambda pair: self.count(*pair), default=None)

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
        for pair in combinations(self.ranked(), 2):
            low, high = self._pairs(*pair).estimate().interval(confidence)
            if low <= 0 <= high:
                found.append(pair)
        return tuple(found)

    def rows_to_tell_apart(self, first: str, second: str, *, power: float = 0.8) -> int | None:
        """Return the mistakes to look at in all that would show which tag is more frequent, if shares stay as they are.

        Nothing where the two are equally frequent by now. Each row is taken to bring what it brings now, so that
        grouped rows need more. It may be more than there are mistakes.
        """
        pairs = self._pairs(first, second)
        gain, discordant = abs(pairs.fixed - pairs.broken) / pairs.n, (pairs.fixed + pairs.broken) / pairs.n
        if gain == 0:
            return None
        alone = PairedTally(broken=pairs.broken, fixed=pairs.fixed, n=pairs.n).estimate().variance
        return ceil(paired_rows(gain, discordant, power=power) * max(1.0, pairs.estimate().variance / alone))

    def _pairs(self, first: str, second: str) -> PairedTally:
        """Return the rows that carry only one of two tags, as pairs: broken for the second, fixed for the first."""
        signs = [(second in row) - (first in row) for row in self.tags]
        counts = {"broken": signs.count(1), "fixed": signs.count(-1), "n": len(signs)}
        if self.groups is None or len(set(self.groups)) == len(self.groups):
            return PairedTally(**counts)
        sizes = Counter(self.groups)
        sums = dict.fromkeys(sizes, 0)
        for group, sign in zip(self.groups, signs, strict=True):
            sums[group] += sign
        return PairedTally(
            **counts,
            groups=len(sizes),
            dd=sum(total**2 for total in sums.values()),
            dn=sum(total * sizes[group] for group, total in sums.items()),
            nn=sum(size**2 for size in sizes.values()),
        )
