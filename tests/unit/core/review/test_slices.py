"""Slices that look worse on one half, measured on the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.review.slices import FEWEST_WRONG, Candidate, is_worse, measured, promising

NIGHT = Candidate(where=(("light", "night"),), n=200, wrong=60)


@given(st.integers(1, 2000), st.floats(0, 1), st.floats(0.001, 0.9), st.floats(0.6, 0.99))
def test_worse_is_a_one_sided_bound_above_the_error(n: int, share: float, error: float, confidence: float) -> None:
    wrong = round(share * n)
    low, _ = proportion_confint(wrong, n, alpha=2 * (1 - confidence), method="wilson")
    assert is_worse(wrong, n, error, confidence) == (wrong >= FEWEST_WRONG and low > error) or low == pytest.approx(
        error
    )


def test_few_mistakes_are_never_promising() -> None:
    assert not is_worse(FEWEST_WRONG - 1, FEWEST_WRONG - 1, 0.01, 0.95)
    assert is_worse(FEWEST_WRONG, FEWEST_WRONG, 0.01, 0.95)


def test_the_most_surplus_mistakes_come_first_then_the_shorter_name() -> None:
    rainy = (("light", "night"), ("weather", "rain"))
    found = [
        Candidate(where=(("user", "7"),), n=20, wrong=18),  # 16 more than the 2 of a tenth
        Candidate(where=rainy, n=200, wrong=60),
        NIGHT,  # 40 more, like the longer one before it
        Candidate(where=(("light", "day"),), n=800, wrong=80),  # no more than everywhere
    ]
    assert [one.name for one in promising(found, 0.1, 0.95)] == [
        "light = night",
        "light = night and weather = rain",
        "user = 7",
    ]
    assert promising([], 0.1, 0.95) == []


def test_the_other_half_measures_it() -> None:
    inside, rest = ErrorTally(wrong=50, n=200), ErrorTally(wrong=80, n=800)
    found = measured(NIGHT, inside, rest, 0.95, of=4, also=("user = 7",))
    assert (found.where, found.wrong, found.also) == ("light = night", 50, ("user = 7",))
    assert found.of_errors == pytest.approx(50 / 130)
    assert (found.error.value, found.error.n, found.more_error.n) == (0.25, 200, 1000)
    assert (found.error.low, found.error.high) == pytest.approx(proportion_confint(50, 200, method="wilson"))
    newcombe = confint_proportions_2indep(50, 200, 80, 800, method="newcomb", compare="diff")
    assert (found.more_error.low, found.more_error.high) == pytest.approx(newcombe)
    assert found.confirmed


def test_more_slices_share_the_confidence() -> None:
    inside, rest = ErrorTally(wrong=32, n=200), ErrorTally(wrong=80, n=800)
    assert measured(NIGHT, inside, rest, 0.95, of=1, also=()).confirmed
    assert not measured(NIGHT, inside, rest, 0.95, of=15, also=()).confirmed


def test_a_slice_without_a_mistake_holds_none() -> None:
    found = measured(NIGHT, ErrorTally(wrong=0, n=50), ErrorTally(wrong=0, n=50), 0.95, of=1, also=())
    assert (found.of_errors, found.confirmed) == (0.0, False)


@pytest.mark.parametrize(("n", "bar"), [(500, 0.05), (200, 0.05 * 1.5)])
def test_equal_slices_are_rarely_confirmed_together(n: int, bar: float) -> None:
    """Ten slices no worse than the rest: how often any is confirmed.

    In small slices half as often again as said: a single Wilson bound misses up to 3.7 % on one side at 2.5 %.
    """
    rng, false = np.random.default_rng(61), 0
    for _ in range(500):
        rest = ErrorTally(wrong=int(rng.binomial(1800, 0.1)), n=1800)
        slices = [ErrorTally(wrong=int(k), n=n) for k in rng.binomial(n, 0.1, 10)]
        false += any(measured(NIGHT, one, rest, 0.95, 10, ()).confirmed for one in slices)
    assert false / 500 <= bar + 2 * (bar * (1 - bar) / 500) ** 0.5
