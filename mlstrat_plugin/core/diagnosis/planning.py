"""How many rows you need to measure an error, confirm a gap, or tell two models apart, before any data."""

from __future__ import annotations

from math import sqrt

from mlstrat_plugin.core.estimates.intervals import simultaneous_z, wilson, z_value
from mlstrat_plugin.core.estimates.power import (
    paired_rows,
    rows_for_error,
    rows_for_gap,
    smallest_paired_gain,
    smallest_unpaired_gain,
    unpaired_rows,
)
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.ranges import FRACTION, RANGES
from mlstrat_plugin.records.sizing import SizeLine, SizePlan
from mlstrat_plugin.records.words import GAPS

SIZES = (500, 1_000, 2_500, 5_000, 10_000, 50_000, 100_000, 1_000_000)
SMALL, LARGE = 10_000, 1_000_000  # where the course's 60/20/20 and 98/1/1 stand


def needed_rows(
    *,
    error: float,
    material_gap: float = 0.01,
    gap: float | None = None,
    discordant: float | None = None,
    rows: int | None = None,
    confidence: float = 0.95,
    power: float = 0.8,
) -> SizePlan:
    """Estimate how many rows you need before collecting data.

    Parameters
    ----------
    error : float
        Error rate that the model is expected to have, in (0, 1).
    material_gap : float
        Smallest gap worth working on, a fraction in (0, 1).
    gap : float, optional
        True gap that must be confirmed as material, above ``material_gap``; twice ``material_gap`` by default.
    discordant : float, optional
        Share of rows on which exactly one of two models is wrong, in (0, 1); ``error`` by default, which holds for two
        models that share half of their wrong rows.
    rows : int, optional
        Target rows you have, 1 or more; adds a line for them and advice on the shares of dev and test.
    confidence : float
        Two-sided for one error, joint over the four gaps of a ladder, 0.5..1.
    power : float
        Chance that the rows decide, 0.5..1.

    Raises
    ------
    EstimateError
        A number is NaN or out of its range; the message names each.

    Examples
    --------
    >>> plan = needed_rows(error=0.05, material_gap=0.01)
    >>> plan.to_know_error, plan.to_prove_gap, plan.to_compare_paired
    (1838, 9030, 3923)
    """
    _check(error, material_gap, gap, discordant, rows, confidence, power)
    gap = 2 * material_gap if gap is None else gap
    discordant = error if discordant is None else discordant
    needed = rows_for_gap(error, gap - material_gap, confidence=confidence, power=power)
    sizes = sorted({*SIZES, *([rows] if rows else [])})
    return SizePlan(
        error=error,
        material_gap=material_gap,
        gap=gap,
        discordant=discordant,
        confidence=confidence,
        power=power,
        to_know_error=rows_for_error(error, material_gap, confidence=confidence),
        to_prove_gap=needed,
        to_compare_paired=paired_rows(min(material_gap, discordant), discordant, power=power),
        to_compare_unpaired=unpaired_rows(material_gap, error, power=power),
        lines=tuple(_line(n, error, material_gap, discordant, confidence, power) for n in sizes),
        advice=_advice(needed, rows),
    )


def _line(n: int, error: float, tau: float, discordant: float, confidence: float, power: float) -> SizeLine:
    low, high = wilson(error, n, z_value((1 - confidence) / 2))
    z = simultaneous_z(confidence, len(GAPS)) + z_value(1 - power)
    return SizeLine(
        n=n,
        half_width=round((high - low) / 2, 4),
        smallest_gap=round(tau + z * sqrt(2 * error * (1 - error) / n), 4),
        smallest_gain_paired=_rounded(smallest_paired_gain(n, discordant, power=power)),
        smallest_gain_unpaired=_rounded(smallest_unpaired_gain(n, error, power=power)),
    )


def course_start(rows: int) -> str:
    """Return the shares of train, dev and test from which the course starts at so many rows.

    >>> course_start(8_000), course_start(2_000_000)
    ('60/20/20', '98/1/1')
    """
    return "60/20/20" if rows <= SMALL else "98/1/1" if rows >= LARGE else "shares between 60/20/20 and 98/1/1"


def _advice(needed: int, rows: int | None) -> tuple[str, ...]:
    twice = (
        f"Train-dev enters both variance and mismatch, so it needs about twice the rows that dev needs: {2 * needed:,}."
    )
    if rows is None:
        return (twice,)
    size = round(min(0.2 * rows, max(0.01 * rows, needed)))
    short = f" The {needed:,} that would confirm the gap are more than a fifth of your rows." if size < needed else ""
    take = f"Of {rows:,} target rows, take {size:,} each for dev and test; the course starts from {course_start(rows)}."
    return (take + short, twice)


def _check(
    error: float,
    tau: float,
    gap: float | None,
    discordant: float | None,
    rows: int | None,
    confidence: float,
    power: float,
) -> None:
    """Refuse numbers out of their ranges, all at once; a number that follows from another is not blamed for it."""
    given = {
        "error": (error, FRACTION),
        "material gap": (tau, FRACTION),
        "discordant": (discordant, FRACTION),
        "confidence": (confidence, RANGES["confidence"]),
        "power": (power, RANGES["power"]),
    }
    wrong = [
        f"{name} = {value!r} must be {allowed}"
        for name, (value, allowed) in given.items()
        if value is not None and value not in allowed
    ]
    if tau in FRACTION and not tau < (2 * tau if gap is None else gap) < 1:
        wrong.append(f"gap = {2 * tau if gap is None else gap!r} must be above the material gap and below 1")
    if not (rows is None or rows >= 1):
        wrong.append(f"rows = {rows!r} must be 1 or more")
    if wrong:
        raise EstimateError("; ".join(wrong), hint="errors and gaps are fractions: 5% is 0.05")


def _rounded(gain: float | None) -> float | None:
    return None if gain is None else round(gain, 5)
