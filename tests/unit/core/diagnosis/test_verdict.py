"""From gaps to one answer: each answer by its rule, and how often simulated ladders get a wrong one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mlstrat_plugin.core.diagnosis.verdict import gaps_of, judge
from mlstrat_plugin.core.estimates.estimate import constant
from mlstrat_plugin.core.estimates.tallies import ErrorTally
from mlstrat_plugin.records.words import LADDER


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
