"""The budget of looks: known levels, what a spent test set says, and equal models over a whole budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.core.gate.challenge import not_compared
from mlstrat_plugin.core.gate.looks import look_quantile, spent
from mlstrat_plugin.params.gate import Optimize
from mlstrat_plugin.records.gate import Looks, Problem

LOOKS = Looks(used=1, budget=20, won=0, promotions=1, seen_before=False, alpha=0.0025, z=2.8, mode="sealed")


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


def test_spent_test_sets_are_said_with_their_code() -> None:
    compared = not_compared(Optimize(), Problem(code="rows_differ", message="no rows"))
    assert spent(replace(LOOKS, used=20), compared) == ()
    assert [problem.code for problem in spent(replace(LOOKS, used=21), None)] == ["looks_spent"]
    (won,) = spent(replace(LOOKS, won=1), compared)
    assert won.code == "promotions_spent"
    assert won.message.endswith("refresh the test set")
    assert spent(replace(LOOKS, won=1), None) == ()  # nothing is compared, so nothing is spent again


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
