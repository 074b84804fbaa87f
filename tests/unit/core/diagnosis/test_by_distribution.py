from __future__ import annotations

import numpy as np
import pytest

from mlstrat_plugin.core.diagnosis.by_distribution import statements, tallies_by_distribution
from mlstrat_plugin.core.estimates.estimate import constant
from mlstrat_plugin.core.estimates.rates import ErrorTally

ROLES = {"web": "auxiliary", "mobile": "target"}


def test_the_course_example() -> None:
    # 'Structuring Machine Learning Projects': 4 / 7 / 10 % on general speech, 6 / 6 / 6 % in the rear-view mirror
    names = ("human", "trained-on", "not-trained-on")
    general = {name: constant(percent / 100) for name, percent in zip(names, (4, 7, 10), strict=True)}
    mirror = {name: constant(percent / 100) for name, percent in zip(names, (6, 6, 6), strict=True)}
    told = statements({"auxiliary": general, "target": mirror}, confidence=0.95)
    assert {name: pytest.approx(100 * said.value) for name, said in told.items()} == {
        "bias on auxiliary": 3,
        "variance on auxiliary": 3,
        "mismatch": -4,
        "bias on target": 0,
        "variance on target": 0,
        "intrinsic difficulty": 2,
        "human-adjusted mismatch": -6,
    }


def test_cells_are_what_was_trained_on_and_what_was_not() -> None:
    by_source = {
        "train": {"web": ErrorTally(wrong=1, n=100), "mobile": ErrorTally(wrong=2, n=50)},
        "train-dev": {"web": ErrorTally(wrong=3, n=60), "mobile": ErrorTally(wrong=9, n=20)},
        "dev": {"mobile": ErrorTally(wrong=4, n=70)},
        "test": {"mobile": ErrorTally(wrong=5, n=80)},
    }
    cells = tallies_by_distribution(by_source, ROLES)
    assert cells["auxiliary"] == {"trained-on": ErrorTally(wrong=1, n=100), "not-trained-on": ErrorTally(wrong=3, n=60)}
    assert cells["target"] == {"trained-on": ErrorTally(wrong=2, n=50), "not-trained-on": ErrorTally(wrong=4, n=70)}


def test_two_auxiliary_sources_are_one_distribution() -> None:
    by_source = {"train": {"web": ErrorTally(wrong=1, n=100), "shop": ErrorTally(wrong=2, n=50)}}
    cells = tallies_by_distribution(by_source, {"web": "auxiliary", "shop": "auxiliary"})
    assert cells == {"auxiliary": {"trained-on": ErrorTally(wrong=3, n=150)}}


def test_only_what_was_measured_is_said() -> None:
    cells = {"auxiliary": {"not-trained-on": constant(0.05)}, "target": {"not-trained-on": constant(0.2)}}
    assert list(statements(cells, confidence=0.95)) == ["mismatch"]


def test_the_adjusted_mismatch_covers_with_four_noisy_cells() -> None:
    rng, held = np.random.default_rng(43), 0
    truth = {
        "auxiliary": {"human": 0.04, "not-trained-on": 0.10},
        "target": {"human": 0.06, "not-trained-on": 0.11},
    }
    for _ in range(2000):
        cells = {
            role: {row: ErrorTally(wrong=int(rng.binomial(800, p)), n=800).estimate() for row, p in rows.items()}
            for role, rows in truth.items()
        }
        said = statements(cells, confidence=0.95)["human-adjusted mismatch"]
        held += said.low <= -0.01 <= said.high
    assert held / 2000 == pytest.approx(0.95, abs=0.012)
