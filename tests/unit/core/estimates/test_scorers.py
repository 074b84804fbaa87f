"""Metrics of the confusion matrix against scikit-learn, a numerical derivative, and simulation."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score
from statsmodels.stats.proportion import proportion_confint

from mlstrat_plugin.core.estimates.confusion import ConfusionTally
from mlstrat_plugin.core.estimates.intervals import wilson
from mlstrat_plugin.core.estimates.scorers import BalancedError, Function, MacroF1
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


def smoothed(counts: np.ndarray) -> np.ndarray:
    """Return the counts with half a right and half a wrong row of each class, which goes where answers go."""
    more = counts + 0.5 * np.eye(len(counts))
    for i in range(len(counts)):
        answers = counts.sum(axis=0).astype(float)
        answers[i] = 0
        more[i] += 0.5 * answers / answers.sum()
    return more


def test_macro_f1_influence_is_the_numerical_derivative() -> None:
    raw = np.array([[50, 3, 2], [4, 60, 1], [0, 5, 30]])
    counts = smoothed(raw)
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
    bounds, n_effective = scorer.bounds(raw[None], labels, grouped=False)
    assert base * (1 - base) / n_effective == pytest.approx(variance, rel=1e-3)
    assert bounds(2.0) == pytest.approx(wilson(scorer.value(raw, labels), n_effective, 2.0))


def covered(draw: Any, scorer: Any, truth: float, replicates: int = REPLICATES) -> float:
    """Return how often the 95 % interval of drawn parts of counts holds the truth."""
    held = 0
    for _ in range(replicates):
        low, high = ConfusionTally(parts=draw(), scorer=scorer).estimate().bounds(Z95)
        held += low <= truth <= high
    return held / replicates


def test_macro_f1_covers_where_a_rare_class_may_show_no_mistake() -> None:
    """1,000 rows, 1 % of them of the rare class, of which one in ten is missed: 71 % without the half rows."""
    rng = np.random.default_rng(59)
    chances = np.array([0.985, 0.005, 0.001, 0.009])  # right and wrong of the large class, missed and found
    truth = MacroF1().value(np.array([[0.985, 0.005], [0.001, 0.009]]), (0, 1))

    def draw() -> dict[str, Any]:
        cells = rng.multinomial(1000, chances)
        return {"": {pair: int(k) for pair, k in zip(((0, 0), (0, 1), (1, 0), (1, 1)), cells, strict=True) if k}}

    assert covered(draw, MacroF1(), truth) >= 0.91


def users(rng: Any, groups: int, size: int, p: float) -> Any:
    """Return a drawing of groups with rates of their own (correlation 0.3) over three classes."""

    def draw() -> dict[str, Any]:
        parts = {}
        for user, rate in enumerate(rng.beta(p * 7 / 3, (1 - p) * 7 / 3, groups)):
            sizes = rng.multinomial(size, (0.6, 0.3, 0.1))
            wrong = rng.binomial(sizes, rate)
            cells = {(c, c): int(n - k) for c, (n, k) in enumerate(zip(sizes, wrong, strict=True)) if n > k}
            parts[f"{user:02x}"] = cells | {(c, (c + 1) % 3): int(k) for c, k in enumerate(wrong) if k}
        return parts

    return draw


@pytest.mark.parametrize("scorer", [MacroF1(), BalancedError(), ERROR], ids=["macro-f1", "balanced", "function"])
def test_groups_with_few_wrong_answers_are_covered(scorer: Any) -> None:
    """50 groups of 20 rows, 1 % wrong: 75 to 80 % without the pseudo-part."""
    shares, p = np.array([0.6, 0.3, 0.1]), 0.01
    chances = np.diag(shares * (1 - p)) + np.roll(np.diag(shares * p), 1, axis=1)
    scorer = Function(call=accuracy_error, name="f", draws=200) if scorer is ERROR else scorer
    truth = scorer.value(chances * 1e6, (0, 1, 2))
    assert covered(users(np.random.default_rng(61), 50, 20, p), scorer, truth, 200) >= 0.9


def test_one_wrong_of_a_thousand_has_the_interval_of_a_rate() -> None:
    bounds = tally([(0, 0)] * 500 + [(1, 1)] * 499 + [(1, 0)], ERROR).estimate().bounds(Z95)
    assert bounds == pytest.approx((0.00018, 0.0056), abs=5e-5)


def cost(counts: np.ndarray, _labels: tuple[Any, ...]) -> float:
    return float(5 * counts[1, 0] + 2 * counts[0, 1]) / counts.sum() * 10


def test_values_that_are_not_rates_have_percentiles() -> None:
    rows = [(0, 0)] * 600 + [(0, 1)] * 150 + [(1, 0)] * 50 + [(1, 1)] * 200
    estimate = tally(rows, Function(call=cost, name="cost", draws=4000)).estimate()
    assert (estimate.value, estimate.is_rate) == (5.5, False)
    spread = np.sqrt(((0.05 * 50**2 + 0.15 * 20**2) - 5.5**2) / 1000)  # of a mean of 1,000 costs
    low, high = estimate.bounds(Z95)
    assert (high - low) / 2 == pytest.approx(Z95 * spread, rel=0.1)
    assert low < 5.5 < high
    assert estimate.bounds(5.0)[0] < low


def test_a_cost_that_never_changes_has_no_interval() -> None:
    with pytest.raises(EstimateError, match="in every resample"):
        tally([(0, 0)] * 50, Function(call=lambda _counts, _labels: 7.0, name="seven")).estimate()


def test_function_is_close_to_wilson_where_both_hold() -> None:
    rows = [(0, 0)] * 900 + [(0, 1)] * 100
    bounds = tally(rows, ERROR).estimate().bounds(Z95)
    assert bounds == pytest.approx(wilson(0.1, 1000, Z95), abs=0.003)


def test_function_is_the_same_on_every_call_and_follows_its_seed() -> None:
    rows = [(0, 0)] * 95 + [(0, 1)] * 5 + [(1, 1)] * 12 + [(1, 0)] * 4  # the rare class decides
    mean = Function(call=lambda counts, _labels: float(_missed(counts)), name="mean miss", draws=2000)
    first = tally(rows, mean).estimate().bounds(Z95)
    assert tally(rows, mean).estimate().bounds(Z95) == first
    other = tally(rows, replace(mean, seed=1)).estimate().bounds(Z95)
    assert other != first
    assert other == pytest.approx(first, rel=0.1)


def _missed(counts: np.ndarray) -> float:
    return float((1 - counts.diagonal() / np.maximum(counts.sum(axis=1), 1)).mean())


def test_function_without_a_wrong_row_is_not_certain() -> None:
    low, high = tally([(0, 0)] * 50, ERROR).estimate().bounds(Z95)
    assert (low, high) == pytest.approx(wilson(0, 50, Z95))


def test_far_bounds_do_not_rest_on_a_handful_of_replicates() -> None:
    rows = [(0, 0)] * 900 + [(0, 1)] * 100
    estimate = tally(rows, ERROR).estimate()
    assert estimate.bounds(5.0)[0] < estimate.bounds(3.0)[0] < estimate.bounds(1.0)[0] < 0.1


def broken(_counts: np.ndarray, _labels: tuple[Any, ...]) -> float:
    raise ZeroDivisionError("no such class")


@pytest.mark.parametrize(
    ("call", "message"), [(broken, "ZeroDivisionError: no such class"), (lambda *_: nan, "returned nan")]
)
def test_a_function_that_fails(call: Any, message: str) -> None:
    with pytest.raises(EstimateError, match=message):
        tally([(0, 1), (1, 1)], Function(call=call, name="mine.metric")).estimate()


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
