"""Sample sizes: the rows that measure an error, detect a gap, or tell two models apart."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.intervals import simultaneous_z, wilson, z_value
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.words import GAPS

if TYPE_CHECKING:
    from collections.abc import Callable


COMPARISON_TAIL = 0.025  # one-sided: a difference of two models is claimed in one direction


def rows_for_error(error: float, half_width: float, *, confidence: float = 0.95) -> int:
    """Return the fewest rows whose Wilson interval of this error is no wider than +- ``half_width``.

    >>> [rows_for_error(error, 0.01) for error in (0.01, 0.05, 0.10, 0.30)]
    [454, 1838, 3461, 8064]
    """
    z = z_value((1 - confidence) / 2)

    def fits(n: int) -> bool:
        low, high = wilson(error, n, z)
        return (high - low) / 2 <= half_width

    return _fewest(fits, "known that well")


def rows_for_gap(error: float, distance: float, *, confidence: float, power: float) -> int:
    """Return the rows of each of two splits at which a gap's bound clears a threshold ``distance`` away.

    The confidence is joint over the four gaps of a ladder; both splits are taken to have the same error.

    >>> rows_for_gap(0.05, 0.01, confidence=0.95, power=0.8)
    9030
    """
    z = simultaneous_z(confidence, len(GAPS)) + z_value(1 - power)
    return ceil(z * z * 2 * error * (1 - error) / distance**2)


def rows_for_mean_gap(deviation: float, distance: float, *, confidence: float, power: float) -> int:
    """Return the same for a metric that is not a rate, by the standard deviation of a row's error.

    >>> rows_for_mean_gap(3.0, 0.5, confidence=0.95, power=0.8)
    685
    """
    z = simultaneous_z(confidence, len(GAPS)) + z_value(1 - power)
    return ceil(z * z * 2 * deviation**2 / distance**2)


def smallest_mean_gain(n: int, deviation: float, *, power: float = 0.8) -> float:
    """Return the smallest gain that two samples of ``n`` rows show with that power, in the unit of the deviation.

    >>> round(smallest_mean_gain(1_000, 3.0), 3)
    0.376
    """
    return (z_value(COMPARISON_TAIL) + z_value(1 - power)) * deviation * sqrt(2 / n)


def paired_rows(gain: float, discordant: float, *, power: float = 0.8, tail: float = COMPARISON_TAIL) -> int:
    """Return the rows on which two models have to be scored to show that one is better by ``gain``.

    ``discordant`` is the share of rows where exactly one of them is wrong, at least ``gain``. Source: R. J. Connor,
    Sample size for testing differences in proportions for the paired-sample design, Biometrics 43 (1987), 207-211.

    >>> paired_rows(0.01, 0.05), paired_rows(0.001, 0.02)
    (3923, 156976)
    """
    z_tail, z_power = z_value(tail), z_value(1 - power)
    spread = max(discordant - gain * gain, 0.0)
    return ceil((z_tail * sqrt(discordant) + z_power * sqrt(spread)) ** 2 / gain**2)


def unpaired_rows(gain: float, error: float, *, power: float = 0.8, tail: float = COMPARISON_TAIL) -> int:
    """Return the rows of each of two separate samples that show that an error fell from ``error`` by ``gain``.

    >>> unpaired_rows(0.01, 0.10)
    13493
    """
    after = max(error - gain, 0.0)
    spread = error * (1 - error) + after * (1 - after)
    return ceil((z_value(tail) + z_value(1 - power)) ** 2 * spread / gain**2)


def smallest_paired_gain(n: int, discordant: float, *, power: float = 0.8) -> float | None:
    """Return the smallest gain that ``n`` shared rows show with that power, or nothing if none does.

    >>> round(smallest_paired_gain(3923, 0.05), 4)
    0.01
    """
    return _smallest(lambda gain: paired_rows(gain, discordant, power=power) <= n, discordant)


def smallest_unpaired_gain(n: int, error: float, *, power: float = 0.8) -> float | None:
    """Return the smallest gain that two samples of ``n`` rows show with that power, or nothing if none does.

    >>> round(smallest_unpaired_gain(13493, 0.10), 4)
    0.01
    """
    return _smallest(lambda gain: unpaired_rows(gain, error, power=power) <= n, error)


def _fewest(fits: Callable[[int], bool], what: str) -> int:
    """Return the smallest count for which ``fits`` holds, by doubling and halving."""
    high = 1
    while not fits(high):
        high *= 2
        if high > 10**12:
            raise EstimateError(f"no count of rows up to a million millions is {what}")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def _smallest(shows: Callable[[float], bool], largest: float) -> float | None:
    """Return the smallest gain up to ``largest`` that is shown, by halving."""
    if not shows(largest):
        return None
    low, high = 0.0, largest
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high
