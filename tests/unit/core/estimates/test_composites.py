from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from mlstrat_plugin.core.estimates.composites import SliceTally, TaskTally
from mlstrat_plugin.core.estimates.intervals import wilson
from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.errors import EstimateError
from tests.unit.core.estimates.kinds import tasks_of

TASKS = ("pedestrian", "car")
answers = st.lists(st.tuples(*[st.sampled_from([None, False, True])] * 2), min_size=3, max_size=60)


def parts(*counts: tuple[int, int]) -> dict[str, ErrorTally]:
    return {f"region {i}": ErrorTally(wrong=k, n=n) for i, (k, n) in enumerate(counts)}


def row(wrong: tuple[bool | None, ...]) -> TaskTally:
    a = tuple(float(w is True) for w in wrong)
    b = tuple(float(w is not None) for w in wrong)
    return TaskTally(
        tasks=TASKS,
        n=int(any(b)),
        units=int(any(b)),
        a=a,
        b=b,
        aa=tuple(tuple(x * y for y in a) for x in a),
        ab=tuple(tuple(x * y for y in b) for x in a),
        bb=tuple(tuple(x * y for y in b) for x in b),
        nn=float(any(b)),
        grouped=False,
    )


def test_mean_over_equal_slices_is_near_the_pooled_error() -> None:
    mean = SliceTally(parts=parts((20, 500), (20, 500)), rule="mean").estimate()
    assert mean.value == pytest.approx(0.04)
    assert mean.bounds(2.0) == pytest.approx(wilson(0.04, 1000, 2.0), abs=0.003)


def test_shared_groups_add_distances() -> None:
    two = parts((20, 500), (20, 500))
    apart = SliceTally(parts=two, rule="mean").estimate().bounds(2.0)
    shared = SliceTally(parts=two, rule="mean", shared_groups=True).estimate().bounds(2.0)
    assert shared == pytest.approx(wilson(0.04, 500, 2.0))
    assert shared[0] < apart[0] < apart[1] < shared[1]


def test_worst_slice_does_not_trust_the_winner() -> None:
    four = parts((2, 100), (3, 100), (2, 100), (9, 100))
    worst = SliceTally(parts=four, rule="worst").estimate()
    low, high = worst.bounds(1.96)
    assert (worst.value, str(worst.method)) == (0.09, "worst of 4 slices")
    assert low < wilson(0.09, 100, 1.96)[0]
    assert high == pytest.approx(wilson(0.09, 100, 1.96)[1])


def test_worst_slice_covers_when_all_are_equal() -> None:
    rng = np.random.default_rng(11)
    low_misses = high_misses = 0
    for _ in range(2000):
        counts = [(int(k), 200) for k in rng.binomial(200, 0.05, size=6)]
        low, high = SliceTally(parts=parts(*counts), rule="worst").estimate().bounds(1.96)
        low_misses += low > 0.05
        high_misses += high < 0.05
    # a single Wilson bound misses up to 3.7 % on one side at nominal 2.5 %
    assert low_misses / 2000 <= 0.037
    assert high_misses / 2000 <= 0.037


def test_the_worst_of_tiny_slices_is_covered() -> None:
    rng, held = np.random.default_rng(79), 0
    rates = np.append(np.full(19, 0.1), 0.3)
    for _ in range(600):
        slices = parts(*((int(k), 5) for k in rng.binomial(5, rates)))
        low, high = SliceTally(parts=slices, rule="worst").estimate().bounds(1.96)
        held += low <= 0.3 <= high
    assert held / 600 >= 0.95


def test_tiny_slices_have_exact_bounds() -> None:
    one = SliceTally(parts=parts((1, 20)), rule="mean").estimate()
    assert one.bounds(1.96) == pytest.approx(proportion_confint(1, 20, alpha=2 * norm.sf(1.96), method="beta"))
    none, every = (SliceTally(parts=parts((k, 20)), rule="mean").estimate().bounds(1.96) for k in (0, 20))
    assert (none[0], every[1]) == (0.0, 1.0)


def test_slices_add_up_by_name() -> None:
    whole = SliceTally(parts=parts((1, 10), (2, 10)), rule="mean") + SliceTally(parts=parts((3, 10)), rule="mean")
    assert whole.parts == parts((4, 20), (2, 10))
    assert whole.n == 30


def test_grouped_slices_keep_the_fewest_groups() -> None:
    many = reduce(add, [RatioTally.group(wrong=1, n=5)] * 40)
    few = reduce(add, [RatioTally.group(wrong=1, n=5)] * 4)
    estimate = SliceTally(parts={"a": many, "b": few}, rule="mean").estimate()
    assert estimate.groups == pytest.approx(4)
    assert str(estimate.method) == "grouped mean of 2 slices"


def test_one_task_is_the_plain_error() -> None:
    rows = reduce(add, (row((i < 7, i < 7)) for i in range(90)))
    # both tasks always agree: their mean is one task, no more rows than one
    assert rows.estimate().bounds(2.0) == pytest.approx(wilson(7 / 90, 90, 2.0))
    assert rows.task("car") == ErrorTally(wrong=7, n=90)


def test_independent_tasks_count_twice() -> None:
    rng = np.random.default_rng(5)
    rows = reduce(add, (row((bool(a), bool(b))) for a, b in rng.random((4000, 2)) < 0.2))
    assert rows.estimate().n_effective == pytest.approx(8000, rel=0.06)


def test_without_a_wrong_answer_tasks_count_no_more_than_rows() -> None:
    right = reduce(add, [row((False, False))] * 50).estimate()
    assert right.bounds(2.0) == pytest.approx(wilson(0.0, 50, 2.0))


def test_grouped_tasks_have_a_pseudo_group() -> None:
    units = [[(1, 1)] * 3, [(0, 0)] * 4, [(0, -1)] * 2, [(0, 0)] * 3]  # 12 rows, tasks of 12 and 10
    found = tasks_of(units, grouped=True).estimate()
    wrong, labelled = np.array([[3, 3], [0, 0], [0, 0], [0, 0]]), np.array([[3, 3], [4, 4], [2, 0], [3, 3]])
    a, b = np.vstack([wrong, labelled.mean(axis=0) / 4]), np.vstack([labelled, labelled.mean(axis=0)])
    rates = a.sum(axis=0) / b.sum(axis=0)
    residuals = ((a - rates * b) / b.sum(axis=0)).mean(axis=1)
    variance = 5 / 4 * (residuals**2).sum()
    assert found.value == pytest.approx((3 / 12 + 3 / 10) / 2)
    assert found.n_effective == pytest.approx(rates.mean() * (1 - rates.mean()) / variance)


@given(answers, st.integers(1, 50))
def test_empty_cells_are_left_out_and_tasks_add_up(wrong: list[tuple[bool | None, bool | None]], cut: int) -> None:
    place = min(cut, len(wrong) - 1)
    whole = reduce(add, map(row, wrong))
    assert reduce(add, map(row, wrong[:place])) + reduce(add, map(row, wrong[place:])) == whole
    for i, name in enumerate(TASKS):
        labelled = [w[i] for w in wrong if w[i] is not None]
        assert whole.task(name) == ErrorTally(wrong=sum(labelled), n=len(labelled))


def test_a_task_without_labels_is_named() -> None:
    with pytest.raises(EstimateError, match="no row is labelled for car"):
        (row((True, None)) + row((False, None))).estimate()
