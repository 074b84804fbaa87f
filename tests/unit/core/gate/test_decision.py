"""The gate's arithmetic: known answers, independent oracles, and what may never promote."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm
from statsmodels.stats.contingency_tables import mcnemar

from mlstrat_plugin.core.estimates.estimate import Estimate, constant
from mlstrat_plugin.core.estimates.paired import PairedTally, WeightedPairs
from mlstrat_plugin.core.estimates.tallies import ErrorTally
from mlstrat_plugin.core.gate.decision import (
    challenge_of,
    fewest_rows,
    judge,
    look_quantile,
    outcome,
    sealed_challenge,
    sealed_condition,
    unmeasured,
)
from mlstrat_plugin.core.gate.signing import DECISION_TAG, SIGNATURE_TAG, Warrant, refusal, signature
from mlstrat_plugin.errors import GateError
from mlstrat_plugin.params.gate import Optimize
from mlstrat_plugin.records.gate import Looks

KEY = b"k" * 32
WARRANT = Warrant(
    model="digits", alias="champion", version="7", run_id="r", policy_hash="p", champion="6", decision="promote"
)


def looks(**changes: object) -> Looks:
    given = {"used": 1, "budget": 20, "won": 0, "promotions": 1, "seen_before": False, "alpha": 0.0025, "z": 2.8}
    return Looks(mode="sealed", **{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("budget", "promotions", "alpha", "z"),
    [
        (1, 1, 5e-2, 1.64),
        (10, 1, 5e-3, 2.58),
        (20, 1, 2.5e-3, 2.81),
        (50, 1, 1e-3, 3.09),
        (20, 2, 2.4e-4, 3.49),
        (20, 3, 3.7e-5, 3.96),
    ],
)
def test_the_budget_of_looks(budget: int, promotions: int, alpha: float, z: float) -> None:
    found = look_quantile(budget=budget, promotions=promotions, confidence=0.95, sealed=True)
    assert found[0] == pytest.approx(alpha, rel=0.02)
    assert found[1] == pytest.approx(z, abs=0.006)
    assert look_quantile(budget=budget, promotions=promotions, confidence=0.95, sealed=False)[1] >= found[1]


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


def test_weighted_pairs_of_equal_weight_are_plain_pairs() -> None:
    plain = PairedTally(broken=12, fixed=30, n=500).estimate()
    sums = {"weight": 1500, "change": 3 * -18, "discordant": 9 * 42, "signed": 9 * -18, "squares": 9 * 500}
    weighted = WeightedPairs(**sums, classes=(3.0,), n=500).estimate()
    assert weighted.value == pytest.approx(plain.value)
    assert weighted.interval(0.95) == pytest.approx(plain.interval(0.95))


@pytest.mark.parametrize(
    ("broken", "fixed", "margin", "goal", "answer"),
    [
        (10, 60, 0.0, "superior", "pass"),
        (10, 60, 0.04, "superior", "unclear"),
        (60, 10, 0.0, "superior", "fail"),
        (30, 30, 0.0, "superior", "unclear"),
        (30, 30, 0.03, "non-inferior", "pass"),
        (90, 10, 0.03, "non-inferior", "fail"),
    ],
)
def test_goals(broken: int, fixed: int, margin: float, goal: str, answer: str) -> None:
    tally = PairedTally(broken=broken, fixed=fixed, n=1000)
    optimize = Optimize(split="test", goal=goal, margin=margin)  # type: ignore[arg-type]
    found = challenge_of(tally.estimate(), optimize, 1.645, paired=tally, alpha=0.05, n=1000, method="bonett-price")
    assert found.answer == answer
    assert found.p_method.startswith("mcnemar")


def test_the_rows_that_would_decide_are_said() -> None:
    tally = PairedTally(broken=25, fixed=35, n=1000)
    found = challenge_of(tally.estimate(), Optimize(), 1.645, paired=tally, alpha=0.05, n=1000, method="bonett-price")
    assert found.answer == "unclear"
    assert found.rows_needed is not None
    share = found.rows_needed / 1000
    more = PairedTally(broken=round(25 * share), fixed=round(35 * share), n=found.rows_needed)
    assert more.estimate().bounds(norm.isf(0.05))[1] < 0


def test_the_p_value_of_groups_belongs_to_their_bounds() -> None:
    tally = PairedTally(broken=300, fixed=420, n=2128, groups=270, dd=1500, dn=-900, nn=20000)
    change = tally.estimate()
    found = challenge_of(change, Optimize(), 1.645, paired=tally, alpha=0.05, n=2128, method=change.method)
    assert found.p_value is not None
    assert 0 < found.p_value < 0.05
    assert change.bounds(norm.isf(found.p_value))[1] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("amount", "limit", "answer"),
    [
        (ErrorTally(wrong=50, n=1000).estimate(), 0.1, "pass"),
        (ErrorTally(wrong=50, n=1000).estimate(), 0.052, "unclear"),
        (ErrorTally(wrong=50, n=1000).estimate(), 0.03, "fail"),
        (constant(0.1), 0.1, "pass"),
        (None, 1e9, "unclear"),
        (Estimate(0.01, lambda z: (0.0, nan), 10.0, "broken"), 1.0, "unclear"),
        (Estimate(0.01, lambda z: (-inf, inf), 10.0, "broken"), 1e308, "unclear"),
    ],
)
def test_conditions_fail_closed(amount: Estimate | None, limit: float, answer: str) -> None:
    assert judge("error/test", limit, amount, 1.645, n=1000, method="wilson").answer == answer


@given(
    st.lists(st.sampled_from(["pass", "fail", "unclear"]), max_size=4),
    st.sampled_from(["pass", "fail", "unclear", None]),
    st.booleans(),
)
def test_only_all_passes_promote(answers: list[str], challenge: str | None, problem: bool) -> None:
    from dataclasses import replace

    results = [replace(judge("m", 1, constant(0), 1, n=1, method="exact"), answer=a) for a in answers]  # type: ignore[arg-type]
    tally = PairedTally(broken=0, fixed=90, n=1000)
    one = challenge_of(tally.estimate(), Optimize(), 1.6, paired=tally, alpha=0.05, n=1000, method="bonett-price")
    against = None if challenge is None else replace(one, answer=challenge)  # type: ignore[arg-type]
    decision, reason = outcome(results, against, looks(), ["stale"] if problem else [])
    every = [*answers, *([challenge] if challenge else [])]
    assert (decision == "promote") == (bool(every) and set(every) == {"pass"} and not problem)
    assert reason


def test_spent_test_sets_refuse() -> None:
    passing = [judge("m", 1, constant(0), 1, n=1, method="exact")]
    tally = PairedTally(broken=0, fixed=90, n=1000)
    against = challenge_of(tally.estimate(), Optimize(), 1.6, paired=tally, alpha=0.05, n=1000, method="bonett-price")
    assert outcome(passing, against, looks(used=20), [])[0] == "promote"
    assert outcome(passing, against, looks(used=21), [])[0] == "refuse"
    assert "spent" in outcome(passing, against, looks(won=1), [])[1]
    assert outcome(passing, None, looks(won=1), [])[0] == "promote"  # nothing is compared, so nothing is spent again
    assert outcome(passing, unmeasured(Optimize(), "no rows"), looks(), [])[0] == "unclear"


def test_sealed_results_say_nothing_of_the_test_set() -> None:
    result = sealed_condition(
        judge("error/test[night]", 0.5, ErrorTally(wrong=1, n=90).estimate(), 2.8, n=90, method="w")
    )
    assert (result.value, result.low, result.high, result.answer) == (None, None, None, "unclear")
    dev = judge("error/dev", 0.5, ErrorTally(wrong=1, n=90).estimate(), 1.6, n=90, method="w")
    assert sealed_condition(dev) == dev
    tally = PairedTally(broken=3, fixed=9, n=100)
    one = challenge_of(tally.estimate(), Optimize(), 1.6, paired=tally, alpha=0.05, n=100, method="bonett-price")
    hidden = sealed_challenge(one)
    assert hidden is not None
    assert {
        hidden.change,
        hidden.low,
        hidden.high,
        hidden.fixed,
        hidden.broken,
        hidden.p_value,
        hidden.rows_needed,
    } == {None}


def test_fewest_rows_is_the_first_sample_whose_maximum_can_show_it() -> None:
    for quantile, alpha in ((0.95, 0.05), (0.99, 0.05), (0.9, 0.01), (0.5, 0.05)):
        n = fewest_rows(quantile, alpha)
        assert quantile**n <= alpha < quantile ** (n - 1)


def signed(warrant: Warrant, key: bytes = KEY) -> dict[str, str]:
    return {DECISION_TAG: warrant.text(), SIGNATURE_TAG: signature(warrant, key)}


def test_a_valid_decision_moves_its_own_version_once_its_champion_is_there() -> None:
    assert refusal(WARRANT, signed(WARRANT), KEY) == ""


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("model", "other", "for the model"),
        ("alias", "prod", "for the alias"),
        ("version", "8", "for the version '7'"),
        ("run_id", "s", "for the run"),
        ("champion", "9", "champion is now 9"),
        ("champion", "", "champion is now none"),
    ],
)
def test_copied_and_replayed_decisions(field: str, value: str, why: str) -> None:
    from dataclasses import replace

    assert why in refusal(replace(WARRANT, **{field: value}), signed(WARRANT), KEY)


def test_no_clock_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose clock is wrong by years decides the same: a decision ends with its champion, not with a date."""
    tags = signed(WARRANT)
    for now in (0.0, 4e9):
        monkeypatch.setattr("time.time", lambda now=now: now)
        assert refusal(WARRANT, tags, KEY) == ""
        assert "champion is now 9" in refusal(replaced(champion="9"), tags, KEY)


def replaced(**changes: str) -> Warrant:
    from dataclasses import replace

    return replace(WARRANT, **changes)


def test_forged_decisions() -> None:
    from dataclasses import replace

    refused = replace(WARRANT, decision="refuse")
    assert "gate said refuse" in refusal(WARRANT, signed(refused), KEY)
    assert refusal(WARRANT, signed(replace(refused, forced="hotfix")), KEY) == ""
    edited = {**signed(refused), DECISION_TAG: WARRANT.text()}
    assert "signature" in refusal(WARRANT, edited, KEY)
    assert "signature" in refusal(WARRANT, signed(WARRANT, b"x" * 32), KEY)
    assert "no MLSTRAT_GATE_KEY" in refusal(WARRANT, signed(WARRANT), b"")
    assert "carries no decision" in refusal(WARRANT, {}, KEY)
    for text in ("", "[]", "{}", "null", '{"model": 1}', "{"):
        assert "cannot be read" in refusal(WARRANT, {**signed(WARRANT), DECISION_TAG: text}, KEY)
    assert refusal(WARRANT, {**signed(WARRANT), SIGNATURE_TAG: "é"}, KEY)
    with pytest.raises(GateError, match="32 or more"):
        signature(WARRANT, b"short")


def false_promotions(rule: str, *, rounds: int, seed: int, budget: int = 20, n: int = 2000) -> float:
    """Return how often any of so many challengers that equal the champion is promoted."""
    rng = np.random.default_rng(seed)
    z = look_quantile(budget=budget, promotions=1, confidence=0.95, sealed=True)[1]
    promoted = 0
    for _ in range(rounds):
        broken, fixed = rng.multinomial(n, [0.03, 0.03, 0.94], size=budget).T[:2]
        if rule == "point":
            promoted += bool((fixed > broken).any())
            continue
        pairs = [PairedTally(broken=int(b), fixed=int(f), n=n) for b, f in zip(broken, fixed, strict=True)]
        quantile = z if rule == "budget" else 1.645
        promoted += any(pair.estimate().bounds(quantile)[1] < 0 for pair in pairs)
    return promoted / rounds


@pytest.mark.slow
def test_equal_challengers_over_a_whole_budget() -> None:
    """The reduced form of bench/gate_calibration.py: 400 budgets of 20 looks, known to about a point."""
    assert false_promotions("budget", rounds=400, seed=1) <= 0.08
    assert false_promotions("each", rounds=100, seed=2) > 0.4
    assert false_promotions("point", rounds=100, seed=3) > 0.9
