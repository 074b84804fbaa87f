"""From the ladder's gaps to one of five verdicts, and the lean."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite, sqrt
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.intervals import simultaneous_z, z_value
from mlstrat_plugin.records.diagnosis import Lean
from mlstrat_plugin.records.words import GAPS, HUMAN, LADDER, Settings, Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from mlstrat_plugin.core.estimates.estimate import Estimate, LinearCombination

MERGED_DISTRIBUTIONS = "variance+mismatch"


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The difference between two neighbours of the ladder."""

    name: str
    between: tuple[str, str]
    amount: LinearCombination


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the gaps say together.

    ``contenders`` are the gaps that may be the largest; ``problems`` the material ones, largest first.
    """

    diagnosis: str
    statuses: dict[str, Status]
    problems: tuple[str, ...]
    also_large: tuple[str, ...]
    best: str
    contenders: tuple[str, ...]


def gaps_of(ladder: Mapping[str, Estimate], *, same_distribution: bool = False) -> tuple[Gap, ...]:
    """Return the gaps between neighbours, in ladder order; a missing split merges the gaps on its two sides.

    Parameters
    ----------
    ladder : mapping of str to Estimate
        Errors by rung (``human``, ``train``, ``train-dev``, ``dev``, ``test``); any may be missing.
    same_distribution : bool
        Train and dev are declared to come from one distribution: without train-dev the whole gap is variance.
    """
    present = [rung for rung in LADDER if rung in ladder]
    gaps = []
    for low, high in pairwise(present):
        name = gap_name(low, high, same_distribution=same_distribution)
        gaps.append(Gap(name=name, between=(low, high), amount=ladder[high] - ladder[low]))
    return tuple(gaps)


def gap_name(low: str, high: str, *, same_distribution: bool = False) -> str:
    """Return what the gap between two rungs is called: merged gaps are joined by a plus.

    Examples
    --------
    >>> gap_name("train", "dev"), gap_name("train", "dev", same_distribution=True)
    ('variance+mismatch', 'variance')
    """
    name = "+".join(GAPS[LADDER.index(low) : LADDER.index(high)])
    return "variance" if same_distribution and name == MERGED_DISTRIBUTIONS else name


def material_gap(settings: Settings, dev_error: float | None) -> float:
    """Return the gap worth acting on: the absolute setting, or the share of the dev error where that is larger."""
    relative = settings.material_gap_relative * dev_error if dev_error is not None else 0.0
    return max(settings.material_gap, relative)


def judge(gaps: tuple[Gap, ...], *, tau: float, confidence: float, also_large: float, family: int = 1) -> Verdict:
    """Name the dominant gap, or say why none can be named.

    Parameters
    ----------
    gaps : tuple of Gap
        At least one, in ladder order; of two equal point gaps the earlier counts as the largest.
    tau : float
        The material gap, as a fraction.
    confidence : float
        Joint confidence of the statements, 0.5..1.
    also_large : float
        Share of the largest gap from which another material gap is named beside it.
    family : int
        Verdicts that the confidence holds for together: those of several tasks are one family.

    Notes
    -----
    A gap is beaten when the lower bound of (largest - gap) is above 0; every rival has to be beaten, which is an
    intersection-union test and needs no correction. Source: J. Hsu, Simultaneous confidence intervals for all
    distances from the 'best', Annals of Statistics 9 (1981), 1026-1034, doi:10.1214/aos/1176345582.
    """
    z_joint = simultaneous_z(confidence, family * len(gaps))
    z_single = z_value((1 - confidence) / family)
    statuses = {gap.name: _status(gap.amount, tau, z_joint) for gap in gaps}
    best = max(gaps, key=lambda gap: gap.amount.value)
    rivals = [gap for gap in gaps if gap is not best and (best.amount - gap.amount).bounds(z_single)[0] <= 0]
    contenders = tuple(gap.name for gap in gaps if gap is best or gap in rivals)
    problems = tuple(
        gap.name for gap in sorted(gaps, key=lambda gap: -gap.amount.value) if statuses[gap.name] == "material"
    )
    if all(gap.amount.bounds(z_single)[1] <= tau for gap in gaps):
        diagnosis = "ok"
    elif statuses[best.name] == "material" and not rivals:
        diagnosis = best.name
    elif len(contenders) >= 2 and set(contenders) <= set(problems):
        diagnosis = "tied"
    else:
        diagnosis = "unranked" if problems else "inconclusive"
    amounts = {gap.name: gap.amount.value for gap in gaps}
    near = tuple(p for p in problems if p != best.name and amounts[p] >= also_large * amounts[best.name])
    return Verdict(
        diagnosis=diagnosis,
        statuses=statuses,
        problems=problems,
        also_large=near if diagnosis == best.name else (),
        best=best.name,
        contenders=contenders,
    )


def withhold(verdict: Verdict, gaps: tuple[Gap, ...], rungs: tuple[str, ...]) -> Verdict:
    """Take back what rests on rungs that are not to be trusted: their gaps are unclear and nothing is concluded.

    Parameters
    ----------
    verdict : Verdict
        What would have been said.
    gaps : tuple of Gap
        The gaps it is about.
    rungs : tuple of str
        Rungs with fewer than ``FEWEST_GROUPS`` effective groups; with none the verdict stands.
    """
    if not rungs:
        return verdict
    touched = {gap.name for gap in gaps if set(gap.between) & set(rungs)}
    return replace(
        verdict,
        diagnosis="inconclusive",
        statuses={name: "unclear" if name in touched else status for name, status in verdict.statuses.items()},
        problems=tuple(name for name in verdict.problems if name not in touched),
        also_large=(),
    )


def _status(amount: LinearCombination, tau: float, z: float) -> Status:
    low, high = amount.bounds(z)
    if low > tau:
        return "material"
    if high < -tau:
        return "negative"
    return "ruled-out" if high <= tau else "unclear"


def lean(ladder: Mapping[str, Estimate], gaps: tuple[Gap, ...], *, draws: int, rng: Random) -> Lean | None:
    """Return the gap that is most often the largest when the errors are drawn from their Beta posteriors.

    Calibrated from 2,500 rows a split on; with fewer it overstates, so it is shown and never decided on. The standard
    library draws: its few thousand numbers cost less than the import of numpy would. None where no gap is above 0, or
    where a rung rests on a single group of rows: nothing is then likely the largest.

    Parameters
    ----------
    ladder : mapping of str to Estimate
        Errors by rung; a declared one stays where it is.
    gaps : tuple of Gap
        The gaps of that ladder.
    draws : int
        Number of draws, above 0.
    rng : random.Random
        Source of randomness.
    """
    if max(gap.amount.value for gap in gaps) <= 0 or rests_on_one_group(ladder):
        return None
    samples = {rung: _posterior(estimate, draws, rng) for rung, estimate in ladder.items()}
    drawn = [[high - low for low, high in zip(*(samples[r] for r in gap.between), strict=True)] for gap in gaps]
    wins = Counter(max(range(len(gaps)), key=row.__getitem__) for row in zip(*drawn, strict=True))
    top, times = wins.most_common(1)[0]
    return Lean(problem=gaps[top].name, probability=round(times / draws, 3))


def rests_on_one_group(ladder: Mapping[str, Estimate]) -> bool:
    """Return whether all rows of a rung are one group, which tells nothing about other groups."""
    measured = (one.groups for rung, one in ladder.items() if rung != HUMAN)
    return any(groups is not None and groups <= 1 + 1e-9 for groups in measured)


def _posterior(estimate: Estimate, draws: int, rng: Random) -> list[float]:
    """Draw from Beta(p n + 1/2, (1 - p) n + 1/2), a mean loss from a normal; a constant is drawn as itself."""
    n, rate = estimate.n_effective, estimate.value
    if not isfinite(n):
        return [rate] * draws
    if not estimate.is_rate:
        deviation = sqrt(estimate.variance)
        return [rng.gauss(rate, deviation) for _ in range(draws)]
    return [rng.betavariate(rate * n + 0.5, (1 - rate) * n + 0.5) for _ in range(draws)]
