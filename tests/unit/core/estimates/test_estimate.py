import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from mlstrat_plugin.core.estimates.estimate import Estimate, constant
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.errors import EstimateError

tallies = st.integers(1, 5000).flatmap(lambda n: st.builds(lambda k: ErrorTally(wrong=k, n=n), st.integers(0, n)))


def test_newcombe_1998() -> None:
    gap = ErrorTally(wrong=56, n=70).estimate() - ErrorTally(wrong=48, n=80).estimate()
    assert gap.value == pytest.approx(0.2)
    assert gap.interval(0.95) == pytest.approx((0.05243, 0.33387), abs=5e-6)  # published: .0524, .3339


@given(tallies, tallies)
def test_equals_statsmodels_newcombe(a: ErrorTally, b: ErrorTally) -> None:
    gap = a.estimate() - b.estimate()
    expected = confint_proportions_2indep(a.wrong, a.n, b.wrong, b.n, method="newcomb", compare="diff")
    assert gap.interval(0.95) == pytest.approx(expected, abs=1e-9)


@given(tallies, tallies)
def test_swapping_signs_swaps_bounds(a: ErrorTally, b: ErrorTally) -> None:
    x, y = a.estimate(), b.estimate()
    low, high = (x - y).bounds(2.0)
    assert (y - x).bounds(2.0) == pytest.approx((-high, -low))
    assert low <= (x - y).value <= high


def test_a_shared_term_cancels() -> None:
    train, train_dev, dev = (ErrorTally(wrong=k, n=1000).estimate() for k in (10, 50, 90))
    contrast = (dev - train_dev) - (train_dev - train)
    assert dict(contrast.terms) == {dev: 1.0, train_dev: -2.0, train: 1.0}
    assert dict((train - train).terms) == {}
    assert (train - train).bounds(2.0) == (0.0, 0.0)
    assert (0.5 * train + 0.5 * train).terms == {train: 1.0}


def test_one_sided_bounds_are_those_of_twice_the_tail() -> None:
    estimate = ErrorTally(wrong=5, n=100).estimate()
    assert (estimate.lower(0.95), estimate.upper(0.95)) == pytest.approx(estimate.interval(0.90))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_estimates_are_finite(value: float) -> None:
    with pytest.raises(EstimateError):
        constant(value)


def test_estimates_rest_on_rows() -> None:
    with pytest.raises(EstimateError):
        Estimate(0.5, lambda _: (0, 1), 0, "wilson")
