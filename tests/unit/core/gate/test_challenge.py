"""Challenger against champion: goals, p-values beside independent oracles, the rows that would decide."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm
from statsmodels.stats.contingency_tables import mcnemar

from mlstrat_plugin.core.estimates.estimate import Estimate
from mlstrat_plugin.core.estimates.paired import PairedTally, WeightedPairs
from mlstrat_plugin.core.gate.challenge import Difference, challenge_of, not_compared, sealed_challenge
from mlstrat_plugin.params.gate import Optimize
from mlstrat_plugin.records.gate import Problem


def paired(broken: int, fixed: int, n: int = 1000) -> Difference:
    tally = PairedTally(broken=broken, fixed=fixed, n=n)
    return Difference(amount=tally.estimate(), n=n, paired=tally)


@given(st.integers(0, 300), st.integers(0, 300))
def test_mid_p_beside_scipy_and_the_exact_test_of_statsmodels(broken: int, fixed: int) -> None:
    tally = PairedTally(broken=broken, fixed=fixed, n=1000)
    n = broken + fixed
    expected = binom.cdf(broken - 1, n, 0.5) + 0.5 * binom.pmf(broken, n, 0.5)
    assert tally.mid_p() == pytest.approx(expected, rel=1e-6, abs=1e-12)
    if broken < fixed:  # the exact two-sided test counts the whole probability of what was seen, on both sides
        exact = mcnemar([[0, broken], [fixed, 0]], exact=True).pvalue
        assert 2 * (tally.mid_p() + 0.5 * binom.pmf(broken, n, 0.5)) == pytest.approx(exact, rel=1e-6)


def test_bonett_and_prices_example() -> None:
    low, high = PairedTally(broken=1, fixed=7, n=21).estimate().interval(0.95)
    assert (round(low, 3), round(high, 3)) == (-0.508, -0.013)


def equal_weights() -> WeightedPairs:
    sums = {"weight": 1500, "change": 3 * -18, "discordant": 9 * 42, "signed": 9 * -18, "squares": 9 * 500}
    return WeightedPairs(**sums, classes=(3.0,), n=500)


def test_weighted_pairs_of_equal_weight_are_plain_pairs() -> None:
    plain, weighted = PairedTally(broken=12, fixed=30, n=500).estimate(), equal_weights().estimate()
    assert weighted.value == pytest.approx(plain.value)
    assert weighted.interval(0.95) == pytest.approx(plain.interval(0.95))


@pytest.mark.parametrize(
    ("broken", "fixed", "margin", "goal", "answer", "code"),
    [
        (10, 60, 0.0, "superior", "pass", ""),
        (10, 60, 0.04, "superior", "unclear", "bounds_open"),
        (60, 10, 0.0, "superior", "fail", "not_better"),
        (30, 30, 0.0, "superior", "unclear", "bounds_open"),
        (30, 30, 0.03, "non-inferior", "pass", ""),
        (90, 10, 0.03, "non-inferior", "fail", "not_better"),
    ],
)
def test_goals(broken: int, fixed: int, margin: float, goal: str, answer: str, code: str) -> None:
    optimize = Optimize(split="test", goal=goal, margin=margin)  # type: ignore[arg-type]
    found = challenge_of(paired(broken, fixed), optimize, 1.645)
    assert (found.answer, found.code) == (answer, code)
    assert (found.fixed, found.broken, found.n) == (fixed, broken, 1000)


def test_bounds_that_are_not_finite_are_unclear() -> None:
    found = challenge_of(Difference(amount=Estimate(-0.1, lambda z: (-inf, inf), 9.0, "x"), n=9), Optimize(), 1.645)
    assert (found.answer, found.code, found.change) == ("unclear", "not_measured", None)


def test_the_rows_that_would_decide_are_said() -> None:
    found = challenge_of(paired(25, 35), Optimize(), norm.isf(0.05))
    assert found.answer == "unclear"
    assert found.rows_needed is not None
    share = found.rows_needed / 1000
    more = PairedTally(broken=round(25 * share), fixed=round(35 * share), n=found.rows_needed)
    assert more.estimate().bounds(norm.isf(0.05))[1] < 0


def test_the_p_value_is_mcnemars_only_for_independent_rows_that_count_alike() -> None:
    plain = paired(12, 30, 500)
    assert challenge_of(plain, Optimize(), 1.645).p_method == "mcnemar mid-p, one-sided"
    weighted = Difference(amount=equal_weights().estimate(), n=500, paired=plain.paired, weighted=True)
    assert challenge_of(weighted, Optimize(), 1.645).p_method == "one-sided, weighted pairs"
    tally = PairedTally(broken=300, fixed=420, n=2128, groups=270, dd=1500, dn=-900, nn=20000)
    change = tally.estimate()
    found = challenge_of(Difference(amount=change, n=2128, paired=tally), Optimize(), 1.645)
    assert found.p_method == "one-sided, grouped bonett-price"
    assert found.p_value is not None
    assert 0 < found.p_value < 0.05
    assert change.bounds(norm.isf(found.p_value))[1] == pytest.approx(0, abs=1e-4)


def test_a_comparison_that_could_not_be_made_is_unclear() -> None:
    found = not_compared(Optimize(), Problem(code="rows_differ", message="no rows"))
    assert (found.answer, found.code, found.note, found.change) == ("unclear", "rows_differ", "no rows", None)


def test_a_sealed_comparison_says_nothing_of_the_test_set() -> None:
    hidden = sealed_challenge(challenge_of(paired(3, 9, 100), Optimize(), 1.6))
    numbers = (hidden.change, hidden.low, hidden.high, hidden.fixed, hidden.broken, hidden.p_value, hidden.rows_needed)
    assert set(numbers) == {None}
    assert (hidden.answer, hidden.code) == ("unclear", "sealed")
