"""Challenger against champion: goals, p-values beside independent oracles, the rows that would decide."""

from __future__ import annotations

from dataclasses import replace
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
    return WeightedPairs(**sums, row_squares=4_500.0, n=500)


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


@pytest.mark.parametrize(("n", "margin"), [(500, 0.02), (1000, 0.01), (2500, 0.005), (10_000, 0.002), (10_000, 0.01)])
@pytest.mark.parametrize(("alpha", "promised"), [(0.0025, 0.0025), (0.05, 0.05)])
def test_the_exact_size_of_the_margin(n: int, margin: float, alpha: float, promised: float) -> None:
    """A challenger that only breaks rows, and is worse by exactly the margin: every possible count is judged."""
    optimize = Optimize(split="test", goal="non-inferior", margin=margin)
    passed = old = 0.0
    for broken in range(round(5 * n * margin)):
        tally = PairedTally(broken=broken, fixed=0, n=n)
        chance = float(binom.pmf(broken, n, margin))
        found = challenge_of(
            Difference(amount=tally.estimate(), margin=tally.margin(), n=n, paired=tally), optimize, norm.isf(alpha)
        )
        passed += chance * (found.answer == "pass")
        old += chance * (tally.estimate().bounds(norm.isf(alpha))[1] < margin)
    assert passed <= promised
    assert old > alpha  # Bonett and Price, which is made for the near side


def test_superiority_keeps_bonett_and_price() -> None:
    tally = PairedTally(broken=10, fixed=60, n=1000)
    both = Difference(amount=tally.estimate(), margin=tally.margin(), n=1000, paired=tally)
    assert challenge_of(both, Optimize(), 1.645).method == "bonett-price"
    non_inferior = challenge_of(both, Optimize(goal="non-inferior", margin=0.02), 1.645)
    assert non_inferior.method == "mover of discordant shares"


def test_groups_ask_for_more_rows_by_their_design_effect() -> None:
    plain = PairedTally(broken=280, fixed=320, n=10_000)
    grouped = replace(plain, groups=200, dd=4_000, dn=-2_000, nn=500_000)
    alone, together = (
        challenge_of(Difference(amount=one.estimate(), n=10_000, paired=one), Optimize(), 2.807).rows_needed
        for one in (plain, grouped)
    )
    assert alone is not None
    assert together is not None
    effect = grouped.estimate().variance / plain.estimate().variance
    assert effect > 4
    assert together == pytest.approx(effect * alone, abs=1)


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
