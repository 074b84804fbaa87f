from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import normal_sample_size_one_tail

from mlstrat_plugin.core.estimates.intervals import simultaneous_z, wilson
from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.core.estimates.power import (
    paired_rows,
    rows_for_error,
    rows_for_gap,
    rows_for_mean_gap,
    smallest_mean_gain,
    smallest_paired_gain,
    smallest_unpaired_gain,
    unpaired_rows,
)
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.errors import EstimateError

Z95 = 1.959964


@pytest.mark.parametrize(("half_width", "rows"), [(0.01, (454, 1838, 3461, 8064)), (0.005, (1606, 7312, 13833, 32266))])
def test_rows_for_an_error_golden(half_width: float, rows: tuple[int, ...]) -> None:
    assert tuple(rows_for_error(error, half_width) for error in (0.01, 0.05, 0.10, 0.30)) == rows


@given(st.floats(0.005, 0.5), st.floats(0.002, 0.1))
def test_one_row_less_is_too_few(error: float, half_width: float) -> None:
    n = rows_for_error(error, half_width)
    for rows, fits in ((n, True), (n - 1, False)):
        if rows:
            low, high = wilson(error, rows, 1.9599639845400545)
            assert ((high - low) / 2 <= half_width) is fits


@pytest.mark.parametrize(
    ("gain", "discordant", "rows"),
    [(0.001, 0.005, 39243), (0.001, 0.02, 156976), (0.01, 0.05, 3923), (0.01, 0.10, 7847)],
)
def test_paired_rows_golden(gain: float, discordant: float, rows: int) -> None:
    assert paired_rows(gain, discordant) == rows  # Connor 1987


@pytest.mark.parametrize(("gain", "rows"), [(0.001, 1406512), (0.01, 13493)])
def test_unpaired_rows_golden(gain: float, rows: int) -> None:
    assert unpaired_rows(gain, 0.10) == rows


def test_unpaired_rows_equal_statsmodels() -> None:
    spread = np.sqrt(0.1 * 0.9 + 0.08 * 0.92)
    expected = normal_sample_size_one_tail(0.02, 0.8, 0.025, std_null=spread, std_alternative=spread)
    assert unpaired_rows(0.02, 0.10) == int(np.ceil(expected))


def test_paired_rows_have_the_promised_power() -> None:
    rng, n = np.random.default_rng(23), paired_rows(0.02, 0.06)
    worse, better = (0.06 - 0.02) / 2, (0.06 + 0.02) / 2
    shown = 0
    for _ in range(3000):
        broken, fixed, same = rng.multinomial(n, [worse, better, 1 - worse - better])
        tally = PairedTally(broken=int(broken), fixed=int(fixed), n=int(broken + fixed + same))
        shown += tally.estimate().bounds(Z95)[1] < 0
    assert shown / 3000 == pytest.approx(0.8, abs=0.03)


def test_rows_for_a_gap_have_the_promised_power() -> None:
    rng, n = np.random.default_rng(29), rows_for_gap(0.10, 0.02, confidence=0.95, power=0.8)
    z, shown = simultaneous_z(0.95, 4), 0
    for _ in range(3000):
        below, above = (ErrorTally(wrong=int(rng.binomial(n, p)), n=n) for p in (0.085, 0.115))
        shown += (above.estimate() - below.estimate()).bounds(z)[0] > 0.01
    assert shown / 3000 == pytest.approx(0.8, abs=0.04)


@given(st.integers(50, 10**6), st.floats(0.005, 0.4))
def test_smallest_gains_are_those_that_the_rows_show(n: int, error: float) -> None:
    paired, unpaired = smallest_paired_gain(n, error), smallest_unpaired_gain(n, error)
    if paired is not None:
        assert paired_rows(paired, error) <= n < paired_rows(paired * 0.98, error) + 2
    if unpaired is not None:
        assert unpaired_rows(unpaired, error) <= n < unpaired_rows(unpaired * 0.98, error) + 2


def test_few_rows_show_nothing() -> None:
    assert smallest_paired_gain(5, 0.01) is None
    assert smallest_unpaired_gain(5, 0.01) is None


@given(st.integers(2, 10**6), st.floats(0.01, 100))
def test_the_smallest_gain_of_means_needs_just_these_rows(n: int, deviation: float) -> None:
    gain, spread = smallest_mean_gain(n, deviation), deviation * np.sqrt(2)
    rows = normal_sample_size_one_tail(gain, 0.8, 0.025, std_null=spread, std_alternative=spread)
    assert rows == pytest.approx(n, rel=1e-9)


@given(st.floats(0.01, 0.49), st.floats(0.001, 0.1))
def test_a_gap_of_means_takes_the_rows_of_a_gap_of_rates_with_that_deviation(rate: float, distance: float) -> None:
    of_rates = rows_for_gap(rate, distance, confidence=0.95, power=0.8)
    of_means = rows_for_mean_gap(np.sqrt(rate * (1 - rate)), distance, confidence=0.95, power=0.8)
    assert abs(of_rates - of_means) <= 1  # a rate is a mean of zeros and ones


def test_rows_for_a_gap_of_means_have_the_promised_power() -> None:
    rng, deviation = np.random.default_rng(43), 3.0
    n, z = rows_for_mean_gap(deviation, 0.5, confidence=0.95, power=0.8), simultaneous_z(0.95, 4)
    shown = rng.normal(1.0, deviation * np.sqrt(2 / n), 4000) - z * deviation * np.sqrt(2 / n) > 0.5
    assert shown.mean() == pytest.approx(0.8, abs=0.02)


@given(st.floats(0.08, 0.35), st.floats(0.002, 0.02), st.floats(0.5, 0.95))
def test_more_power_and_smaller_gains_take_more_rows(error: float, gain: float, power: float) -> None:
    assert paired_rows(gain, error, power=power) < paired_rows(gain, error, power=power + 0.04)
    assert unpaired_rows(gain, error, power=power) < unpaired_rows(gain / 1.1, error, power=power)
    assert paired_rows(gain, error, power=power) <= unpaired_rows(gain, error, power=power)  # what pairing is for


def test_no_number_of_rows_is_said_to_be_so() -> None:
    with pytest.raises(EstimateError, match="million millions"):
        rows_for_error(0.5, 1e-9)
