"""Errors of a known number of rows: exact where all were scored, narrower where a sample was."""

from __future__ import annotations

import numpy as np
import pytest

from mlstrat_plugin.core.estimates.composites import SliceTally
from mlstrat_plugin.core.estimates.finite import FiniteTally
from mlstrat_plugin.core.estimates.intervals import wilson
from mlstrat_plugin.core.estimates.losses import LossTally
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.errors import EstimateError
from tests.unit.core.estimates.kinds import tasks_of

Z95 = 1.959964


def test_all_rows_are_exact() -> None:
    found = FiniteTally(part=ErrorTally(wrong=230, n=2_536), population=2_536).estimate()
    assert found.bounds(4.0) == (230 / 2_536, 230 / 2_536)
    assert (str(found.method), found.n_effective, found.groups, found.variance) == ("exact", float("inf"), None, 0.0)


def test_a_sample_has_wilson_at_more_rows() -> None:
    # 12 of 100 of 400 rows: [.0752, .1861] (statistics section 9)
    found = FiniteTally(part=ErrorTally(wrong=12, n=100), population=400).estimate()
    assert found.bounds(Z95) == pytest.approx(wilson(0.12, 100 * 399 / 300, Z95))
    assert found.bounds(Z95) == pytest.approx((0.0752, 0.1861), abs=5e-5)
    assert str(found.method) == "wilson"


def test_other_bounds_come_nearer_by_the_root_of_what_is_left() -> None:
    losses = LossTally.of([0.1, 0.4, 2.0, 0.7, 0.3])
    low, high = losses.estimate().bounds(2.0)
    found = FiniteTally(part=losses, population=9).estimate()
    left = np.sqrt(4 / 8)
    assert found.bounds(2.0) == pytest.approx((0.7 - left * (0.7 - low), 0.7 + left * (high - 0.7)))


def test_parts_add_up_and_pass_on_what_they_know() -> None:
    parts = [FiniteTally(part=ErrorTally(wrong=k, n=n), population=3 * n) for k, n in ((1, 10), (4, 30))]
    both = parts[0] + parts[1]
    assert (both.n, both.wrong, both.population) == (40, 5, 120)
    slices = FiniteTally(part=SliceTally(parts={"day": ErrorTally(wrong=1, n=9)}, rule="mean"), population=9)
    assert slices.remarks().slices == {"day"}
    tasks = FiniteTally(part=tasks_of([[(1, 0)], [(0, -1)], [(1, 1)]], grouped=False), population=3).by_task()
    assert {name: (task.n, task.estimate().variance) for name, task in tasks.items()} == {
        "pedestrian": (3, 0.0),
        "car": (2, 0.0),
    }


def test_more_rows_than_there_are() -> None:
    with pytest.raises(EstimateError, match="10 rows were scored of 9"):
        FiniteTally(part=ErrorTally(wrong=1, n=10), population=9)


def test_a_sample_of_the_training_rows_is_covered_and_not_more() -> None:
    """80 % of 1,000 rows scored: an interval of a sample from everywhere is 2.2 times as wide."""
    rng, held, widths = np.random.default_rng(73), 0, []
    wrong = np.zeros(1_000, dtype=int)
    wrong[:70] = 1
    for _ in range(1_000):
        k = int(rng.choice(wrong, 800, replace=False).sum())
        low, high = FiniteTally(part=ErrorTally(wrong=k, n=800), population=1_000).estimate().bounds(Z95)
        held += low <= 0.07 <= high
        plain = wilson(k / 800, 800, Z95)
        widths.append((plain[1] - plain[0]) / (high - low))
    assert 0.935 <= held / 1_000 <= 0.985
    assert np.mean(widths) == pytest.approx(2.24, abs=0.02)
