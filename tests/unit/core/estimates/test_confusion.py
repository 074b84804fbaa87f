"""Counts by label and prediction: they add up, and groups widen what is made of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.core.estimates.confusion import ConfusionTally
from mlstrat_plugin.core.estimates.scorers import Function, MacroF1
from mlstrat_plugin.errors import EstimateError

Z95 = 1.959964
REPLICATES = 300
pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=80)


def tally(rows: list[tuple[Any, Any]], scorer: Any = None) -> ConfusionTally:
    return ConfusionTally(parts={"": dict(Counter(rows))}, scorer=scorer or MacroF1())


def accuracy_error(counts: np.ndarray, _labels: tuple[Any, ...]) -> float:
    return float(1 - counts.trace() / counts.sum())


ERROR = Function(call=accuracy_error, name="tests.accuracy_error", draws=2000)


@given(pairs, st.integers(1, 60))
def test_counts_add_up_in_any_chunking(rows: list[tuple[int, int]], cut: int) -> None:
    place = min(cut, len(rows) - 1)
    both, whole = tally(rows[:place]) + tally(rows[place:]), tally(rows)
    assert both.parts == whole.parts
    assert both.estimate().bounds(2.0) == pytest.approx(whole.estimate().bounds(2.0))


@pytest.mark.parametrize("scorer", [MacroF1(), ERROR])
def test_groups_widen_the_interval(scorer: Any) -> None:
    rng = np.random.default_rng(3)
    parts = {}
    for i in range(60):  # 20 rows a group, which are nearly all right or nearly all wrong
        rate = rng.choice([0.02, 0.5])
        wrong = rng.binomial(20, rate)
        parts[f"{i:02x}"] = {(0, 0): 10, (1, 1): 10 - min(wrong, 10), (1, 0): min(wrong, 10)}
    together: Counter[tuple[int, int]] = Counter()
    for cells in parts.values():
        together.update(cells)
    alone = ConfusionTally(parts={"": dict(together)}, scorer=scorer).estimate()
    grouped = ConfusionTally(parts=parts, scorer=scorer).estimate()
    assert grouped.value == pytest.approx(alone.value)
    width = [b - a for a, b in (alone.bounds(Z95), grouped.bounds(Z95))]
    assert width[1] > 1.2 * width[0]
    assert grouped.groups == pytest.approx(60)


def test_no_rows() -> None:
    with pytest.raises(EstimateError, match="no rows"):
        tally([]).estimate()
