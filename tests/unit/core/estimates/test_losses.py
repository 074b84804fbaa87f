from __future__ import annotations

from math import inf, log, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mlstrat_plugin.core.estimates.intervals import z_value
from mlstrat_plugin.core.estimates.losses import LossTally
from mlstrat_plugin.errors import EstimateError

Z95 = 1.959964
losses = st.lists(st.floats(0, 50), min_size=3, max_size=60)


@given(losses, st.integers(1, 40))
def test_losses_add_up_in_any_chunking(values: list[float], cut: int) -> None:
    place = min(cut, len(values) - 1)
    halves, whole = LossTally.of(values[:place]) + LossTally.of(values[place:]), LossTally.of(values)
    assert halves.n == whole.n
    assert (halves.a, halves.aa, halves.aaa) == pytest.approx((whole.a, whole.aa, whole.aaa))


def test_loss_without_skewness_is_student() -> None:
    symmetric = [0.1, 0.2, 0.3, 0.4, 0.5]
    expected = stats.t.interval(0.95, 4, np.mean(symmetric), stats.sem(symmetric))
    assert LossTally.of(symmetric).estimate().bounds(z_value(0.025)) == pytest.approx(expected, abs=1e-6)


def test_hall_covers_log_losses_where_student_does_not() -> None:
    rng = np.random.default_rng(7)  # nine in ten rows answered well, one in ten confidently wrong
    truth = 0.9 * -log(0.97) + 0.1 * -log(0.02)
    misses = student = 0
    for _ in range(2000):
        values = np.where(rng.random(100) < 0.9, -log(0.97), -log(0.02))
        if values.std() == 0:
            continue
        _, high = LossTally.of(list(values)).estimate().bounds(Z95)
        misses += truth > high
        student += truth > stats.t.interval(0.95, 99, values.mean(), stats.sem(values))[1]
    assert misses / 2000 <= 0.035
    assert student / 2000 >= 0.045


@pytest.mark.parametrize("values", [[nan, 1.0], [inf, 1.0]])
def test_losses_that_are_not_numbers(values: list[float]) -> None:
    with pytest.raises(EstimateError, match="NaN or infinite"):
        LossTally.of(values)


@pytest.mark.parametrize(
    ("values", "message"), [([], "no rows"), ([1.0], "two independent"), ([2.0] * 9, "as good as")]
)
def test_losses_without_an_interval(values: list[float], message: str) -> None:
    with pytest.raises(EstimateError, match=message):
        LossTally.of(values).estimate()
