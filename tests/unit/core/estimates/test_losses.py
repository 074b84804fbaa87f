from __future__ import annotations

from dataclasses import replace
from math import inf, log, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mlstrat_plugin.core.estimates.intervals import z_value
from mlstrat_plugin.core.estimates.losses import POWERS, LossTally
from mlstrat_plugin.core.estimates.tally import TallyBase
from mlstrat_plugin.errors import EstimateError
from tests.unit.core.estimates.kinds import losses_of

Z95 = 1.959964
losses = st.lists(st.floats(0, 50), min_size=3, max_size=60)
moments = st.lists(st.floats(-100, 100), min_size=3, max_size=40).filter(lambda values: np.std(values) > 0.1)


@given(losses, st.integers(1, 40))
def test_losses_add_up_in_any_chunking(values: list[float], cut: int) -> None:
    place = min(cut, len(values) - 1)
    halves, whole = LossTally.of(values[:place]) + LossTally.of(values[place:]), LossTally.of(values)
    assert halves.n == whole.n
    assert (halves.a, halves.aa, halves.aaa) == pytest.approx((whole.a, whole.aa, whole.aaa))


def test_loss_without_skewness_is_student() -> None:
    symmetric = [0.1, 0.2, 0.3, 0.4, 0.5]
    expected = stats.t.interval(0.95, 4, np.mean(symmetric), stats.sem(symmetric))
    assert LossTally.of(symmetric).estimate().bounds(z_value(0.025)) == pytest.approx(expected, abs=1e-6)


def test_hall_covers_log_losses_where_student_does_not() -> None:
    rng = np.random.default_rng(7)  # nine in ten rows answered well, one in ten confidently wrong
    truth = 0.9 * -log(0.97) + 0.1 * -log(0.02)
    misses = student = 0
    for _ in range(2000):
        values = np.where(rng.random(100) < 0.9, -log(0.97), -log(0.02))
        if values.std() == 0:
            continue
        _, high = LossTally.of(list(values)).estimate().bounds(Z95)
        misses += truth > high
        student += truth > stats.t.interval(0.95, 99, values.mean(), stats.sem(values))[1]
    assert misses / 2000 <= 0.035
    assert student / 2000 >= 0.045


@pytest.mark.parametrize("values", [[nan, 1.0], [inf, 1.0]])
def test_losses_that_are_not_numbers(values: list[float]) -> None:
    with pytest.raises(EstimateError, match="NaN or infinite"):
        LossTally.of(values)


@pytest.mark.parametrize(
    ("values", "message"),
    [([], "no rows"), ([1.0], "two independent"), ([2.0] * 9, "all 9 losses are about 2")],
)
def test_losses_without_an_interval(values: list[float], message: str) -> None:
    with pytest.raises(EstimateError, match=message):
        LossTally.of(values).estimate()


def units_of(values: list[float]) -> list[list[float]]:
    """Return the losses as groups of 1, 2, 3, 1, ... rows."""
    cuts = np.cumsum([1, 2, 3] * len(values))
    return [list(unit) for unit in np.split(np.array(values), cuts[cuts < len(values)])]


@pytest.mark.parametrize("grouped", [False, True])
@given(values=moments, origin=st.floats(-100, 100), z=st.floats(0.1, 4))
def test_another_origin_changes_no_estimate(grouped: bool, values: list[float], origin: float, z: float) -> None:
    tally = losses_of(units_of(values)) if grouped else LossTally.of(values)
    moved = tally.around(origin)
    assert moved.origin == origin
    assert moved.estimate().value == pytest.approx(np.mean(values), abs=1e-9)
    assert moved.estimate().bounds(z) == pytest.approx(tally.estimate().bounds(z), rel=1e-7, abs=1e-7)
    back = moved.around(0.0)
    assert [getattr(back, power) for power in POWERS] == pytest.approx(
        [getattr(tally, power) for power in POWERS], rel=1e-9, abs=1e-2
    )


@pytest.mark.parametrize("grouped", [False, True])
@given(values=moments, origin=st.floats(-100, 100))
def test_a_moved_tally_is_that_of_moved_losses(grouped: bool, values: list[float], origin: float) -> None:
    of = (lambda rows: losses_of(units_of(rows))) if grouped else LossTally.of
    there, moved = of(values).around(origin), of([value - origin for value in values])
    for power in POWERS:
        assert getattr(there, power) == pytest.approx(getattr(moved, power), rel=1e-9, abs=1e-6)


@given(values=moments, cut=st.integers(1, 39), first=st.floats(-100, 100), second=st.floats(-100, 100))
def test_rates_of_different_origins_add_up(values: list[float], cut: int, first: float, second: float) -> None:
    place = min(cut, len(values) - 1)
    parts = LossTally.of(values[:place]).around(first), LossTally.of(values[place:]).around(second)
    both, whole = parts[0] + parts[1], LossTally.of(values)
    assert (both.n, both.units, both.origin) == (len(values), len(values), first)
    assert both.estimate().value == pytest.approx(whole.estimate().value, abs=1e-9)
    assert both.estimate().bounds(2.0) == pytest.approx(whole.estimate().bounds(2.0), rel=1e-7, abs=1e-7)


def test_losses_far_from_zero_keep_their_digits() -> None:
    """Losses of a million and a little noise, centred, say as much as the noise alone; from 0 on they would not."""
    noise = list(np.random.default_rng(13).gamma(2.0, 2.0, 200))
    expected = [1e6 + bound for bound in LossTally.of(noise).estimate().bounds(Z95)]
    far = replace(LossTally.of(noise), origin=1e6)
    saved = far.rounded()
    assert saved.estimate().value == pytest.approx(1e6 + np.mean(noise), abs=1e-6)
    assert saved.estimate().bounds(Z95) == pytest.approx(expected, rel=0, abs=1e-6)
    width = expected[1] - expected[0]
    low, high = TallyBase.rounded(far.around(0.0)).estimate().bounds(Z95)
    assert high - low < 0.01 * width  # twelve digits of sums around 0 hold nothing of the noise


def test_far_losses_add_up_without_a_loss_of_digits() -> None:
    noise = list(np.random.default_rng(13).gamma(2.0, 2.0, 200))
    parts = [replace(LossTally.of(part), origin=1e6).rounded() for part in (noise[:70], noise[70:])]
    assert parts[0].origin != parts[1].origin
    bounds = (parts[0] + parts[1]).estimate().bounds(Z95)
    assert bounds == pytest.approx([1e6 + b for b in LossTally.of(noise).estimate().bounds(Z95)], rel=0, abs=1e-6)


@given(moments)
def test_a_rounded_tally_is_centred(values: list[float]) -> None:
    rounded = LossTally.of(values).rounded()
    assert abs(rounded.a / rounded.n) <= 1e-9
    assert rounded.origin == pytest.approx(np.mean(values), abs=1e-9)
    assert LossTally.of([]).rounded() == LossTally.of([])


def test_groups_of_one_row_are_rows() -> None:
    values = [0.1, 0.4, 2.0, 0.7, 0.3]
    rows, groups = LossTally.of(values).estimate(), losses_of([[value] for value in values]).estimate()
    assert groups.bounds(2.0) == pytest.approx(rows.bounds(2.0))
    assert (rows.groups, groups.groups) == (None, 5.0)


def test_copies_of_a_row_count_once() -> None:
    values = [0.1, 0.4, 2.0, 0.7, 0.3]
    once, copies = LossTally.of(values).estimate(), losses_of([[value] * 20 for value in values]).estimate()
    assert copies.bounds(2.0) == pytest.approx(once.bounds(2.0))
    assert copies.n_effective == pytest.approx(5)


def test_rows_and_groups_refuse_each_other() -> None:
    with pytest.raises(EstimateError, match="do not add up"):
        LossTally.of([1.0, 2.0]) + losses_of([[1.0, 2.0], [3.0]])


def jackknife(units: list[list[float]]) -> float:
    """Return (G - 1)/G times the summed squares of the means without each unit in turn around the mean of all."""
    everything = np.concatenate([np.array(unit) for unit in units])
    left_out = [(everything.sum() - sum(unit)) / (len(everything) - len(unit)) for unit in units]
    return float((len(units) - 1) / len(units) * sum((mean - everything.mean()) ** 2 for mean in left_out))


def unequal(sizes: list[int], seed: int = 3) -> list[list[float]]:
    rng = np.random.default_rng(seed)
    return [list(rng.lognormal(rng.normal(0, 0.5), 1, size)) for size in sizes]


@pytest.mark.parametrize(
    ("sizes", "excess"),
    [
        ([200] + [10] * 100, 0.001),
        ([500] + [5] * 100, 0.001),
        ([100] * 5 + [5] * 200, 0.001),
        ([max(1, round(500 / (i + 1))) for i in range(100)], 0.01),
        ([90, 3, 4], 0.02),
    ],
    ids=["one giant", "one of half the rows", "two sizes", "zipf", "three groups"],
)
def test_groups_of_unequal_size_have_the_variance_of_the_jackknife(sizes: list[int], excess: float) -> None:
    units = unequal(sizes)
    tally = losses_of(units)
    found = tally.estimate()
    assert found.groups is not None
    assert str(found.method) == "grouped jackknife t"
    low, high = found.bounds(1.5)
    assert (low + high) / 2 == pytest.approx(found.value)
    reach = stats.t.ppf(stats.norm.cdf(1.5), found.groups - 1) * np.sqrt(jackknife(units))
    assert reach * (1 - 1e-9) <= (high - low) / 2 <= reach * (1 + excess)
    assert tally.around(7.0).estimate().bounds(1.5) == pytest.approx((low, high), rel=1e-6)
    halves = losses_of(units[:2]) + losses_of(units[2:])
    assert halves.estimate().bounds(1.5) == pytest.approx((low, high), rel=1e-9)


def test_losses_whose_cubes_are_no_numbers_have_an_interval() -> None:
    low, high = LossTally.of([1e-110, 2e-110, 4e-110]).estimate().bounds(1.0)
    assert low < 7e-110 / 3 < high


def test_one_giant_group_is_covered() -> None:
    """Hall's skewness over the effective number of groups covered 25 % here."""
    rng = np.random.default_rng(11)
    truth, held = np.exp(0.125 + 0.5), 0
    sizes = np.array([500] + [5] * 100)
    for _ in range(400):
        units = [list(rng.lognormal(rng.normal(0, 0.5), 1, size)) for size in sizes]
        low, high = losses_of(units).estimate().bounds(Z95)
        held += low <= truth <= high
    assert held / 400 >= 0.93
