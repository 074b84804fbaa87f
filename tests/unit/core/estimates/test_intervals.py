import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from mlstrat_plugin.core.estimates.intervals import hall, t_value, wilson, z_value
from mlstrat_plugin.errors import EstimateError

Z95 = 1.959964


@pytest.mark.parametrize(
    ("wrong", "n", "low", "high"),
    [(10, 100, 0.05523, 0.17437), (0, 50, 0.0, 0.07135)],  # Wilson 1927, as tabulated by R's prop.test
)
def test_golden(wrong: int, n: int, low: float, high: float) -> None:
    assert wilson(wrong / n, n, Z95) == pytest.approx((low, high), abs=5e-6)


@given(st.integers(1, 10**6), st.floats(0, 1), st.sampled_from([0.1, 0.05, 0.001]))
def test_equals_statsmodels(n: int, share: float, alpha: float) -> None:
    wrong = round(share * n)
    expected = proportion_confint(wrong, n, alpha=alpha, method="wilson")
    assert wilson(wrong / n, n, z_value(alpha / 2)) == pytest.approx(expected, abs=1e-9)


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 5))
def test_contains_the_rate_and_stays_in_range(n: int, share: float, z: float) -> None:
    rate = round(share * n) / n
    low, high = wilson(rate, n, z)
    assert 0 <= low <= rate + 1e-12
    assert rate - 1e-12 <= high <= 1


@given(st.integers(1, 1000), st.integers(2, 50))
def test_shrinks_with_rows(n: int, factor: int) -> None:
    small, large = wilson(0.5, n, 2.0), wilson(0.5, n * factor, 2.0)
    assert large[1] - large[0] < small[1] - small[0]


@pytest.mark.parametrize(
    ("rate", "n", "z"),
    [(math.nan, 10, 1), (1.1, 10, 1), (0.5, 0, 1), (0.5, math.nan, 1), (0.5, 10, -1), (0.5, 10, math.nan)],
)
def test_refuses(rate: float, n: float, z: float) -> None:
    with pytest.raises(EstimateError):
        wilson(rate, n, z)


@pytest.mark.parametrize("tail", [0, 1, math.nan, -0.1])
def test_z_refuses(tail: float) -> None:
    with pytest.raises(EstimateError):
        z_value(tail)


@given(st.floats(0, 5), st.floats(1, 500))
def test_t_value_equals_scipy(z: float, degrees: float) -> None:
    assert t_value(z, degrees) == pytest.approx(stats.t.isf(stats.norm.sf(z), degrees), rel=1e-6, abs=1e-9)


def test_hall_follows_the_long_tail() -> None:
    # the transformation solved forward: t + g t^2 / (3 sqrt n) + g^2 t^3 / (27 n) + g / (6 sqrt n) at the bound is t
    mean, error, skewness, n, z = 2.0, 0.25, 1.5, 80.0, Z95
    for bound, sign in zip(hall(mean, error, skewness, n, z), (1, -1), strict=True):
        s, root = (mean - bound) / error, n**0.5
        forward = s + skewness * s**2 / (3 * root) + skewness**2 * s**3 / (27 * n) + skewness / (6 * root)
        assert forward == pytest.approx(sign * t_value(z, n - 1), abs=1e-9)
