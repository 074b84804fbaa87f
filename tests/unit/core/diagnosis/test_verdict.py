"""From gaps to one answer: each answer by its rule, and how often simulated ladders get a wrong one."""

from __future__ import annotations

import math
from random import Random
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.core.diagnosis.verdict import Verdict, gaps_of, judge, lean, material_gap, withhold
from mlstrat_plugin.core.estimates.estimate import Estimate, constant
from mlstrat_plugin.core.estimates.intervals import simultaneous_z, z_value
from mlstrat_plugin.core.estimates.methods import Method
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.records.words import GAPS, LADDER, Settings

TAU = 0.01
ladders = st.fixed_dictionaries(
    {rung: st.tuples(st.integers(0, 400), st.sampled_from([400, 3_000, 100_000])) for rung in LADDER}
)


def normal(value: float, error: float) -> Estimate:
    """Return a mean with a standard error."""
    bounds = lambda z: (value - z * error, value + z * error)  # noqa: E731 - it is one
    return Estimate(value, bounds, 1000.0, Method("normal"), is_rate=False)


def of_gaps(*points: float, error: float) -> dict[str, Estimate]:
    """Return a ladder with these gaps in points, each error with the same standard error but for the human level."""
    values = np.cumsum([1.0, *points]) / 100
    return {
        rung: constant(float(value)) if rung == "human" else normal(float(value), error / 100)
        for rung, value in zip(LADDER, values, strict=False)
    }


def judged(ladder: dict[str, Estimate], **changes: float) -> Verdict:
    return judge(gaps_of(ladder), **{"tau": TAU, "confidence": 0.95, "also_large": 0.8, **changes})


@pytest.mark.parametrize(
    ("points", "error", "diagnosis", "problems"),
    [
        ((0.1, 9.0, 0.1, 0.1), 0.1, "variance", ("variance",)),
        ((5.0, 5.1, 0.1, 0.1), 0.1, "tied", ("variance", "bias")),  # both matter, neither is surely the larger
        ((0.1, 9.0, 3.0, 0.1), 1.5, "unranked", ("variance",)),  # variance matters, mismatch may be larger
        ((0.1, 0.2, 0.1, 0.0), 0.1, "ok", ()),
        ((0.1, 2.0, 0.1, 0.1), 1.0, "inconclusive", ()),
        ((-9.0, -9.0, -9.0, -9.0), 0.1, "ok", ()),
        ((0.1, 9.0, 7.5, 0.1), 0.1, "variance", ("variance", "mismatch")),
    ],
)
def test_each_answer(points: tuple[float, ...], error: float, diagnosis: str, problems: tuple[str, ...]) -> None:
    verdict = judged(of_gaps(*points, error=error))
    assert (verdict.diagnosis, verdict.problems) == (diagnosis, problems)


def test_another_large_gap_is_named_from_its_share_of_the_largest_on() -> None:
    ladder = of_gaps(0.1, 9.0, 7.5, 0.1, error=0.1)
    assert judged(ladder).also_large == ("mismatch",)
    assert judged(ladder, also_large=0.84).also_large == ()
    assert judged(of_gaps(5.0, 5.1, 0.1, 0.1, error=0.1)).also_large == ()  # tied: it is said already


@given(ladders)
def test_statuses_and_answer_follow_the_bounds(counts: dict[str, tuple[int, int]]) -> None:
    gaps = gaps_of({rung: ErrorTally(wrong=k, n=n).estimate() for rung, (k, n) in counts.items()})
    verdict = judge(gaps, tau=TAU, confidence=0.95, also_large=0.8)
    z = simultaneous_z(0.95, 4)
    for gap in gaps:
        low, high = gap.amount.bounds(z)
        assert (verdict.statuses[gap.name] == "material") == (low > TAU)
        assert (verdict.statuses[gap.name] == "negative") == (high < -TAU)
        assert (verdict.statuses[gap.name] == "unclear") == (low <= TAU < high)
    amounts = {gap.name: gap.amount for gap in gaps}
    assert set(verdict.problems) == {name for name, status in verdict.statuses.items() if status == "material"}
    assert list(verdict.problems) == sorted(verdict.problems, key=lambda name: -amounts[name].value)
    assert verdict.best in verdict.contenders
    for name in {*GAPS} - {*verdict.contenders}:
        assert (amounts[verdict.best] - amounts[name]).bounds(z_value(0.05))[0] > 0
    assert (verdict.diagnosis == "ok") == all(gap.amount.bounds(z_value(0.05))[1] <= TAU for gap in gaps)
    if verdict.diagnosis in GAPS:
        assert verdict.contenders == (verdict.diagnosis,)
        assert verdict.diagnosis == verdict.problems[0]


def test_of_equal_gaps_the_earlier_is_the_largest() -> None:
    ladder = {rung: constant(value) for rung, value in zip(LADDER, (0.0, 0.25, 0.5, 0.5, 0.5), strict=True)}
    assert judged(ladder).best == "bias"
    assert judged(ladder).diagnosis == "tied"


@pytest.mark.parametrize(
    ("missing", "names"),
    [
        ((), GAPS),
        (("human",), ("variance", "mismatch", "dev-overfit")),
        (("train-dev",), ("bias", "variance+mismatch", "dev-overfit")),
        (("train", "train-dev"), ("bias+variance+mismatch", "dev-overfit")),
        (("dev",), ("bias", "variance", "mismatch+dev-overfit")),
        (("train", "train-dev", "dev", "test"), ()),
    ],
)
def test_missing_rungs_merge_the_gaps_on_their_sides(missing: tuple[str, ...], names: tuple[str, ...]) -> None:
    ladder = {rung: e for rung, e in of_gaps(1, 2, 3, 4, error=0.1).items() if rung not in missing}
    gaps = gaps_of(ladder)
    assert tuple(gap.name for gap in gaps) == names
    values = [error.value for error in ladder.values()]
    assert sum(gap.amount.value for gap in gaps) == pytest.approx(values[-1] - values[0])  # no gap is lost


def test_one_distribution_makes_the_merged_gap_variance() -> None:
    ladder = {rung: constant(0.1) for rung in ("train", "dev")}
    assert [gap.name for gap in gaps_of(ladder, same_distribution=True)] == ["variance"]
    whole = {rung: constant(0.1) for rung in LADDER}
    assert [gap.name for gap in gaps_of(whole, same_distribution=True)] == list(GAPS)


@pytest.mark.parametrize(("dev", "tau"), [(None, 0.01), (0.05, 0.01), (0.3, 0.03)])
def test_the_larger_of_two_material_gaps_counts(dev: float | None, tau: float) -> None:
    assert material_gap(Settings(material_gap=0.01, material_gap_relative=0.1), dev) == pytest.approx(tau)


def test_what_rests_on_few_groups_is_taken_back() -> None:
    gaps = gaps_of(of_gaps(0.1, 9.0, 7.5, 0.1, error=0.1))
    verdict = judge(gaps, tau=TAU, confidence=0.95, also_large=0.8)
    assert withhold(verdict, gaps, ()) == verdict
    left = withhold(verdict, gaps, ("dev",))
    assert left.statuses == {**verdict.statuses, "mismatch": "unclear", "dev-overfit": "unclear"}
    assert (left.diagnosis, left.problems, left.also_large) == ("inconclusive", ("variance",), ())
    assert withhold(verdict, gaps, ("train-dev",)).problems == ()


@pytest.mark.parametrize(("bias", "variance"), [(1.0, 1.0), (1.0, 2.0), (3.0, 1.0)])
def test_the_lean_is_the_probability_of_the_largest_gap(bias: float, variance: float) -> None:
    """Two gaps of normal errors: variance - bias = train-dev - 2 train + human, of variance 5 e²."""
    error = 0.5
    ladder = of_gaps(bias, variance, error=error)
    said = lean(ladder, gaps_of(ladder), draws=20_000, rng=Random(7))
    chance = NormalDist(variance - bias, error * math.sqrt(5)).cdf(0)  # that bias is the larger
    assert said.problem == ("bias" if chance > 0.5 else "variance") or bias == variance
    assert said.probability == pytest.approx(max(chance, 1 - chance), abs=0.012)


def test_declared_ladders_lean_for_sure() -> None:
    ladder = {rung: constant(value) for rung, value in zip(LADDER, (0.01, 0.02, 0.09, 0.1, 0.1), strict=True)}
    said = lean(ladder, gaps_of(ladder), draws=10, rng=Random(1))
    assert (said.problem, said.probability) == ("variance", 1.0)


@pytest.mark.slow
def test_four_gaps_at_the_material_gap_are_rarely_called_material() -> None:
    """Truth: all four gaps equal the material gap, the worst case; at most 5 % may be called material."""
    rng, false, runs = np.random.default_rng(5), 0, 600
    truth, n = (0.02, 0.03, 0.04, 0.05), 10_000
    for _ in range(runs):
        ladder = {"human": constant(0.01)} | {
            rung: ErrorTally(wrong=int(rng.binomial(n, p)), n=n).estimate()
            for rung, p in zip(LADDER[1:], truth, strict=True)
        }
        false += bool(judge(gaps_of(ladder), tau=0.01, confidence=0.95, also_large=0.8).problems)
    assert false / runs <= 0.055 + 2 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.slow
def test_near_ties_are_rarely_called_the_wrong_way() -> None:
    rng, wrong, argmax_wrong, runs = np.random.default_rng(6), 0, 0, 600
    truth, n = (0.02, 0.03, 0.045, 0.045), 2_500
    for _ in range(runs):
        ladder = {"human": constant(0.01)} | {
            rung: ErrorTally(wrong=int(rng.binomial(n, p)), n=n).estimate()
            for rung, p in zip(LADDER[1:], truth, strict=True)
        }
        gaps = gaps_of(ladder)
        verdict = judge(gaps, tau=0.01, confidence=0.95, also_large=0.8)
        wrong += verdict.diagnosis in ("bias", "variance", "dev-overfit")
        argmax_wrong += verdict.best != "mismatch"
    assert wrong / runs <= 0.04
    assert argmax_wrong / runs > 0.15  # what naming the largest point gap would have got wrong
