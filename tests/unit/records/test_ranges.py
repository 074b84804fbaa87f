"""Ranges: which numbers are in, and how they read."""

from math import inf, nan

import numpy as np
import pytest

from mlstrat_plugin.records.metrics import METRICS, metric_named
from mlstrat_plugin.records.ranges import LOSS_GAP, RATE_GAP, Range, gap_range

HALF_OPEN = Range(low=0.5, high=1, high_open=True)
SHARE = Range(low=0, high=1, low_open=True)
COUNT = Range(low=1)


@pytest.mark.parametrize(
    ("allowed", "inside", "outside"),
    [
        (HALF_OPEN, (0.5, 0.999, np.float32(0.75)), (0.4999, 1, 1.0, -1)),
        (SHARE, (1e-9, 1), (0, 1.0001)),
        (COUNT, (1, 10**12, np.int64(3)), (0, 0.999)),
    ],
    ids=str,
)
def test_ends(allowed: Range, inside: tuple[float, ...], outside: tuple[float, ...]) -> None:
    assert [value for value in inside if value not in allowed] == []
    assert [value for value in outside if value in allowed] == []


@pytest.mark.parametrize("allowed", [HALF_OPEN, SHARE, COUNT, Range(low=0, low_open=True)], ids=str)
@pytest.mark.parametrize("value", [nan, inf, -inf, "0.7", None])
def test_what_is_never_in_range(allowed: Range, value: object) -> None:
    assert value not in allowed


def test_words() -> None:
    assert str(HALF_OPEN) == "in [0.5, 1)"
    assert str(SHARE) == "in (0, 1]"
    assert str(Range(low=0, high=1, low_open=True, high_open=True)) == "in (0, 1)"
    assert str(Range(low=1_000, high=10_000_000)) == "from 1,000 to 10,000,000"
    assert str(COUNT) == "no less than 1"
    assert str(Range(low=0, low_open=True)) == "above 0"


def test_only_rates_have_gaps_below_one() -> None:
    for metric in METRICS:
        assert gap_range(metric) is (RATE_GAP if metric.is_rate else LOSS_GAP)
    assert gap_range(metric_named("pipelines.costs.expected_cost")) is RATE_GAP
    assert 1.0 not in RATE_GAP
    assert 1.0 in LOSS_GAP
    assert 0.0 not in LOSS_GAP
