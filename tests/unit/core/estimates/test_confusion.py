from __future__ import annotations

from collections import Counter
from math import nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score
from statsmodels.stats.proportion import proportion_confint

from mlstrat_plugin.core.estimates.confusion import BalancedError, ConfusionTally, Function, MacroF1
from mlstrat_plugin.core.estimates.intervals import wilson
from mlstrat_plugin.errors import EstimateError

Z95 = 1.959964
REPLICATES = 300
pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=80)


def tally(rows: list[tuple[Any, Any]], scorer: Any = None) -> ConfusionTally:
    return ConfusionTally(parts={"": dict(Counter(rows))}, scorer=scorer or MacroF1())


def accuracy_error(counts: np.ndarray, _labels: tuple[Any, ...]) -> float:
    return float(1 - counts.trace() / counts.sum())


ERROR = Function(call=accuracy_error, name="tests.accuracy_error", draws=2000)


@given(pairs)
def test_macro_f1_equals_scikit_learn(rows: list[tuple[int, int]]) -> None:
    truth, answer = zip(*rows, strict=True)
    expected = 1 - f1_score(truth, answer, average="macro", zero_division=0)
    assert tally(rows).estimate().value == pytest.approx(expected, abs=1e-12)


@given(pairs, st.integers(1, 60))
def test_counts_add_up_in_any_chunking(rows: list[tuple[int, int]], cut: int) -> None:
    place = min(cut, len(rows) - 1)
    both, whole = tally(rows[:place]) + tally(rows[place:]), tally(rows)
    assert both.parts == whole.parts
    assert both.estimate().bounds(2.0) == pytest.approx(whole.estimate().bounds(2.0))


def test_macro_f1_influence_is_the_numerical_derivative() -> None:
    counts = np.array([[50, 3, 2], [4, 60, 1], [0, 5, 30]])
    n, labels = counts.sum(), (0, 1, 2)
    scorer, step = MacroF1(), 1e-6
    base = scorer.value(counts, labels)
    influence = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            moved = counts / n * (1 - step)
            moved[i, j] += step
            influence[i, j] = (scorer.value(moved, labels) - base) / step
    variance = (counts / n * influence**2).sum() / n
    _, n_effective = scorer.bounds(counts[None], labels, grouped=False)
    assert base * (1 - base) / n_effective == pytest.approx(variance, rel=1e-3)


def test_function_is_close_to_wilson_where_both_hold() -> None:
    rows = [(0, 0)] * 900 + [(0, 1)] * 100
    bounds = tally(rows, ERROR).estimate().bounds(Z95)
    assert bounds == pytest.approx(wilson(0.1, 1000, Z95), abs=0.003)


def test_function_is_the_same_on_every_call_and_follows_its_seed() -> None:
    rows = [(0, 0)] * 90 + [(0, 1)] * 10
    first = tally(rows, ERROR).estimate().bounds(Z95)
    assert tally(rows, ERROR).estimate().bounds(Z95) == first
    other = Function(call=accuracy_error, name="tests.accuracy_error", draws=2000, seed=1)
    assert tally(rows, other).estimate().bounds(Z95) != first


def test_function_without_a_wrong_row_is_not_certain() -> None:
    low, high = tally([(0, 0)] * 50, ERROR).estimate().bounds(Z95)
    assert (low, high) == pytest.approx(wilson(0, 50, Z95))


def test_far_bounds_do_not_rest_on_a_handful_of_replicates() -> None:
    rows = [(0, 0)] * 900 + [(0, 1)] * 100
    estimate = tally(rows, ERROR).estimate()
    assert estimate.bounds(5.0)[0] < estimate.bounds(3.0)[0] < estimate.bounds(1.0)[0] < 0.1


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


def broken(_counts: np.ndarray, _labels: tuple[Any, ...]) -> float:
    raise ZeroDivisionError("no such class")


@pytest.mark.parametrize(
    ("call", "message"), [(broken, "ZeroDivisionError: no such class"), (lambda *_: nan, "returned nan")]
)
def test_a_function_that_fails(call: Any, message: str) -> None:
    with pytest.raises(EstimateError, match=message):
        tally([(0, 1), (1, 1)], Function(call=call, name="mine.metric")).estimate()


def test_no_rows() -> None:
    with pytest.raises(EstimateError, match="no rows"):
        tally([]).estimate()


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true", "ignore:A single label was found")
@given(pairs)
def test_balanced_error_equals_scikit_learn(rows: list[tuple[int, int]]) -> None:
    truth, answer = zip(*rows, strict=True)
    estimate = tally(rows, BalancedError()).estimate()
    assert estimate.value == pytest.approx(1 - balanced_accuracy_score(truth, answer), abs=1e-12)
    low, high = estimate.bounds(2.0)
    assert 0 <= low <= estimate.value + 1e-12
    assert estimate.value - 1e-12 <= high <= 1


def test_balanced_error_of_one_class_is_its_plain_error() -> None:
    estimate = tally([("cat", "cat")] * 83 + [("cat", "dog")] * 7, BalancedError()).estimate()
    assert estimate.bounds(2.0) == pytest.approx(wilson(7 / 90, 90, 2.0))
    assert estimate.method.name == "balanced wilson"


def test_classes_without_rows_do_not_count() -> None:
    # 'fox' is only ever answered: it has no recall, and is no third class of the mean
    rows = [("cat", "cat")] * 90 + [("cat", "fox")] * 10 + [("dog", "dog")] * 40 + [("dog", "fox")] * 10
    estimate = tally(rows, BalancedError()).estimate()
    assert estimate.value == pytest.approx((0.1 + 0.2) / 2)
    first, second = (proportion_confint(k, n, method="wilson") for k, n in ((10, 100), (10, 50)))
    below, above = (np.hypot(0.1 - first[0], 0.2 - second[0]), np.hypot(first[1] - 0.1, second[1] - 0.2))
    assert estimate.interval(0.95) == pytest.approx((0.15 - below / 2, 0.15 + above / 2), abs=1e-9)


@pytest.mark.parametrize("right", [True, False])
def test_balanced_error_at_its_ends_is_not_certain(right: bool) -> None:
    estimate = tally([(c, c if right else 1 - c) for c in (0, 1) for _ in range(20)], BalancedError()).estimate()
    assert estimate.value == (0.0 if right else 1.0)
    low, high = estimate.bounds(Z95)
    assert 0.05 < high - low < 0.3
    assert (low if right else 1 - high) == pytest.approx(0.0)


def test_balanced_error_covers_where_rows_are_independent() -> None:
    rng, held = np.random.default_rng(47), 0
    sizes, rates = (400, 60, 25), (0.05, 0.15, 0.3)  # rare classes are the hard ones
    for _ in range(REPLICATES):
        wrong = [int(k) for k in rng.binomial(sizes, rates)]
        cells = {(c, c): n - k for c, (n, k) in enumerate(zip(sizes, wrong, strict=True))}
        cells |= {(c, (c + 1) % 3): k for c, k in enumerate(wrong)}
        low, high = ConfusionTally(parts={"": cells}, scorer=BalancedError()).estimate().bounds(Z95)
        held += low <= np.mean(rates) <= high
    assert held / REPLICATES >= 0.91


def test_balanced_error_covers_where_groups_hold_several_classes() -> None:
    """40 users with 12 rows each of three classes; what is hard about a user is hard in all of the user's classes."""
    rng, held, naive = np.random.default_rng(53), 0, 0
    for _ in range(REPLICATES):
        parts = {}
        for user, rate in enumerate(rng.beta(1.0, 4.0, 40)):  # a fifth wrong in the mean
            sizes = rng.multinomial(12, (0.6, 0.3, 0.1))
            wrong = rng.binomial(sizes, rate)
            cells = {(c, c): int(n - k) for c, (n, k) in enumerate(zip(sizes, wrong, strict=True)) if n}
            parts[f"{user:02x}"] = cells | {(c, (c + 1) % 3): int(k) for c, k in enumerate(wrong) if k}
        low, high = ConfusionTally(parts=parts, scorer=BalancedError()).estimate().bounds(Z95)
        held += low <= 0.2 <= high
        together: Counter[tuple[int, int]] = Counter()
        for cells in parts.values():
            together.update(cells)
        low, high = ConfusionTally(parts={"": dict(together)}, scorer=BalancedError()).estimate().bounds(Z95)
        naive += low <= 0.2 <= high
    assert held / REPLICATES >= 0.91
    assert naive / REPLICATES < 0.91  # what taking the rows as independent would have covered


def test_one_group_of_balanced_rows_says_nothing() -> None:
    parts = {"0a": {(0, 0): 30, (0, 1): 5, (1, 1): 20}}
    assert ConfusionTally(parts=parts, scorer=BalancedError()).estimate().bounds(Z95) == (0.0, 1.0)
