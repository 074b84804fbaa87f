"""What the rows at hand can detect, and how many more an open question needs."""

from __future__ import annotations

from math import ceil, inf, sqrt
from typing import TYPE_CHECKING

from mlstrat_plugin.core.diagnosis.verdict import rests_on_one_group
from mlstrat_plugin.core.estimates.estimate import Estimate
from mlstrat_plugin.core.estimates.intervals import simultaneous_z, wilson, z_value
from mlstrat_plugin.core.estimates.methods import WILSON, Method
from mlstrat_plugin.core.estimates.power import (
    rows_for_gap,
    rows_for_mean_gap,
    smallest_mean_gain,
    smallest_paired_gain,
    smallest_unpaired_gain,
)
from mlstrat_plugin.core.wording import gap_name
from mlstrat_plugin.records.sizing import OpenQuestion, Proof
from mlstrat_plugin.records.words import LADDER, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.core.diagnosis.verdict import Gap, Verdict
    from mlstrat_plugin.core.estimates.estimate import LinearCombination

NORMAL = Method("normal")
COMPARED = ("dev", "test")  # the splits on which models are compared
MIX_Z = 4.0  # normal quantile of the check of the mix: one false alarm in about 15,000 splits
MAX_ROWS = 100_000_000  # nobody labels more by hand: beyond it the honest answer is 'too close for more rows to tell'


def assumed_rungs(rows: Mapping[str, int], error: float) -> dict[str, Estimate]:
    """Return rungs that would come out at ``error`` with so many rows, before any model exists."""
    return {rung: _share(error, n) for rung, n in rows.items() if n}


def assumed_means(rows: Mapping[str, int], deviation: float) -> dict[str, Estimate]:
    """Return rungs of a metric that is not a rate, at an assumed standard deviation of a row's error.

    Their value is 0: what sizes can detect depends on the deviation alone.
    """
    return {rung: _mean(deviation / sqrt(n), n) for rung, n in rows.items() if n}


def _mean(standard_error: float, n: int) -> Estimate:
    return Estimate(0.0, lambda z: (-z * standard_error, z * standard_error), float(n), NORMAL, is_rate=False)


def proofs(
    rungs: Mapping[str, Estimate], rows: Mapping[str, int | None], *, tau: float, confidence: float
) -> dict[str, Proof]:
    """Return what each rung can detect at its size.

    Parameters
    ----------
    rungs : mapping of str to Estimate
        Measured or assumed errors by rung.
    rows : mapping of str to int
        Rows by rung; ``None`` is a declared error, which detects nothing itself.
    tau : float
        The material gap, as a fraction.
    confidence : float
        Two-sided for the half-width, joint over all gaps for the smallest gap that can be confirmed.

    Examples
    --------
    >>> rows = {"dev": 10_000}
    >>> proofs(assumed_rungs(rows, 0.05), rows, tau=0.01, confidence=0.95)["dev"].half_width
    0.0043
    """
    present = [rung for rung in LADDER if rung in rungs]
    z = z_value((1 - confidence) / 2)
    z_joint = simultaneous_z(confidence, max(1, len(present) - 1))
    result = {}
    for before, rung in zip([None, *present], present, strict=False):
        n, error = rows[rung], rungs[rung]
        if n is None:
            continue
        low, high = error.bounds(z)
        smallest = None
        if before is not None:
            smallest = round(tau + z_joint * sqrt(rungs[before].variance + error.variance), 4)
        result[rung] = Proof(
            n=n,
            error=error.value,
            half_width=round((high - low) / 2, 4),
            smallest_material_gap=smallest,
            rows_for_twice=_rows_for_twice(error, n, tau, confidence) if before is not None else None,
            **(_gains(error, n) if rung in COMPARED else {}),
        )
    return result


def _rows_for_twice(error: Estimate, n: int, tau: float, confidence: float) -> int | None:
    """Return the rows that confirm a gap of twice the material one, if each row informs as much as it does now."""
    if not error.is_rate:
        return rows_for_mean_gap(_deviation(error, n), tau, confidence=confidence, power=Settings.power)
    if not 0 < error.value < 1:
        return None
    rows = rows_for_gap(error.value, tau, confidence=confidence, power=Settings.power)
    return ceil(rows * max(1.0, n / error.n_effective))


def _deviation(error: Estimate, n: int) -> float:
    """Return the standard deviation of a row's error that n independent rows would need for this interval."""
    return sqrt(error.variance * n)


def _gains(error: Estimate, rows: int) -> dict[str, float | None]:
    """Return the smallest differences of two models, at the effective number of rows behind the error."""
    if error.n_effective == inf:
        return {}  # exact: no sample is compared
    n = int(error.n_effective)
    if not error.is_rate:
        gain = smallest_mean_gain(rows, _deviation(error, rows))
        return {"smallest_gain_unpaired": round(gain, 5)}
    if not (0 < error.value < 1 and n):
        return {}
    gains = {"paired": smallest_paired_gain(n, error.value), "unpaired": smallest_unpaired_gain(n, error.value)}
    return {f"smallest_gain_{how}": None if gain is None else round(gain, 5) for how, gain in gains.items()}


def uneven_mix(train: Mapping[str, int], train_dev: Mapping[str, int], rows_per_group: float) -> list[str]:
    """Return the sources whose share of train-dev differs from their share of train by more than chance.

    Parameters
    ----------
    train, train_dev : mapping of str to int
        Rows by source.
    rows_per_group : float
        Mean number of rows that move together, 1 or more; it divides the rows that count as independent.

    Examples
    --------
    >>> uneven_mix({"web": 900, "mobile": 100}, {"web": 90, "mobile": 10}, 1.0)
    []
    >>> uneven_mix({"web": 900, "mobile": 100}, {"web": 10, "mobile": 90}, 1.0)
    ['mobile', 'web']
    """
    sizes = [sum(counts.values()) / rows_per_group for counts in (train, train_dev)]
    if min(sizes) <= 0:
        return []
    uneven = []
    for source in sorted({*train, *train_dev}):
        shares = [counts.get(source, 0) / sum(counts.values()) for counts in (train, train_dev)]
        first, second = (_share(share, n) for share, n in zip(shares, sizes, strict=True))
        low, high = (second - first).bounds(MIX_Z)
        if low > 0 or high < 0:
            uneven.append(source)
    return uneven


def _share(share: float, n: float) -> Estimate:
    return Estimate(share, lambda z: wilson(share, n, z), n, WILSON)


def open_question(
    verdict: Verdict,
    gaps: tuple[Gap, ...],
    ladder: Mapping[str, Estimate],
    rows: Mapping[str, int | None],
    *,
    tau: float,
    settings: Settings,
) -> OpenQuestion | None:
    """Return what the verdict left open and the rows that would settle it; None if nothing is open.

    ``rows`` are the rows of each rung now; a rung whose error is exact cannot grow. The rows are those that answer the
    question with probability ``settings.power``, if the true errors are the measured ones, and as few as possible in
    all (Neyman's allocation). A verdict that rests on a single group of rows has none: nothing tells how groups differ.
    """
    if rests_on_one_group(ladder):
        return None
    amounts = {gap.name: gap.amount for gap in gaps}
    best = amounts[verdict.best]
    z_single = z_value(1 - settings.confidence)
    if verdict.diagnosis in {"tied", "unranked"} and len(verdict.contenders) > 1:
        rival = max((name for name in verdict.contenders if name != verdict.best), key=lambda n: amounts[n].value)
        contrast = best - amounts[rival]
        question = f"Is {gap_name(verdict.best)} larger than {gap_name(rival)}?"
        return _rows_for(question, contrast, contrast.value, z_single, ladder, rows, settings)
    if verdict.diagnosis in {"inconclusive", "unranked"} and best.value > tau:
        question = f"Is {gap_name(verdict.best)} above your threshold?"
        z = simultaneous_z(settings.confidence, len(gaps))
        return _rows_for(question, best, best.value - tau, z, ladder, rows, settings)
    if verdict.diagnosis == "inconclusive":
        name = max(amounts, key=lambda gap: amounts[gap].bounds(z_single)[1])
        question = f"Is {gap_name(name)} below your threshold?"
        return _rows_for(question, amounts[name], tau - amounts[name].value, z_single, ladder, rows, settings)
    return None


def _rows_for(
    question: str,
    contrast: LinearCombination,
    distance: float,
    z: float,
    ladder: Mapping[str, Estimate],
    now: Mapping[str, int | None],
    settings: Settings,
) -> OpenQuestion:
    """Let rungs grow, the cheapest way, until the contrast's standard error fits ``distance``."""
    rung_of = {estimate: rung for rung, estimate in ladder.items()}
    parts = {rung_of[estimate]: c * c * estimate.variance for estimate, c in contrast.terms.items()}
    grow = {rung: part * (now[rung] or 0) for rung, part in parts.items() if part > 0 and now[rung]}
    fixed = sum(part for rung, part in parts.items() if rung not in grow)
    allowed = (max(distance, 0.0) / (z + z_value(1 - settings.power))) ** 2 - fixed
    rows = _cheapest(grow, {rung: now[rung] or 0 for rung in grow}, allowed)
    return OpenQuestion(
        question=question,
        bottleneck=max(rows or parts, key=lambda rung: parts[rung]),  # of the rungs that have to grow, if any do
        rows={rung: rows[rung] for rung in LADDER if rung in rows},
        power=settings.power,
    )


def _cheapest(variances: Mapping[str, float], now: Mapping[str, int], allowed: float) -> dict[str, int]:
    """Return the rungs that have to grow and to how many rows, as few in all as fit; empty if none do.

    ``variances`` are those of one row of each rung, by its part in the contrast. The rows are max(now, lam * s) with s
    the standard deviation (J. Neyman, Journal of the Royal Statistical Society 97 (1934), 558-625).
    """

    def rows(lam: float) -> dict[str, float]:
        return {rung: max(now[rung], lam * sqrt(variance)) for rung, variance in variances.items()}

    def variance(lam: float) -> float:
        return sum(variances[rung] / n for rung, n in rows(lam).items())

    low, high = 0.0, MAX_ROWS / max(map(sqrt, variances.values()), default=1.0)
    if not variances or not variance(high) <= allowed:
        return {}
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if variance(middle) <= allowed else (middle, high)
    return {rung: ceil(n) for rung, n in rows(high).items() if n > now[rung]}
