from __future__ import annotations

from functools import reduce
from math import inf, nan
from operator import add
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.errors import EstimateError

Z95 = 1.959964
groups = st.lists(st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2)
plain = st.integers(1, 5000).flatmap(lambda n: st.builds(lambda k: ErrorTally(wrong=k, n=n), st.integers(0, n)))


def grouped(rows: list[tuple[int, int]]) -> RatioTally:
    return reduce(add, (RatioTally.group(wrong=k, n=n) for k, n in rows))


def weighted(rows: list[tuple[float, bool]]) -> RatioTally:
    """Return the tally of rows of (weight, wrong)."""
    w, e = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows], float)
    heaviest = float(w.max())
    return RatioTally(
        n=len(rows),
        units=len(rows),
        a=float((w * e).sum()),
        b=float(w.sum()),
        aa=float((w * w * e).sum()),
        ab=float((w * w * e).sum()),
        bb=float((w * w).sum()),
        row_bb=float((w * w).sum()),
        grouped=False,
        kind="weights",
        top_weight=heaviest,
        top_rows=int((w == heaviest).sum()),
    )


def f1(tp: int, wrong: int) -> RatioTally:
    m = tp + wrong
    return RatioTally(
        n=1000, units=1000, a=wrong, b=m, aa=wrong, ab=wrong, bb=m, row_bb=m, grouped=False, kind="f-star"
    )


def by_hand(rows: list[tuple[float, float]]) -> float:
    """Return the effective rows of groups of (wrong, rows): those of a linearized ratio with a pseudo-group."""
    size = sum(n for _, n in rows) / len(rows)
    k, n = np.array([*rows, (size / 4, size)], float).T
    p = k.sum() / n.sum()
    variance = len(k) / (len(k) - 1) * ((k - p * n) ** 2).sum() / n.sum() ** 2
    return float(p * (1 - p) / variance)


def test_groups_golden() -> None:
    # ten groups and a pseudo-group of 28.5 rows, 7.125 of them wrong, worked out by hand from the linearized variance
    rows = list(zip((3, 0, 5, 1, 2, 0, 9, 1, 0, 4), (30, 20, 40, 25, 30, 10, 60, 20, 15, 35), strict=True))
    estimate = grouped(rows).estimate()
    assert estimate.value == pytest.approx(25 / 285)
    assert estimate.n_effective == pytest.approx(by_hand(rows))
    assert estimate.bounds(Z95) == pytest.approx((0.05173, 0.14491), abs=5e-6)
    assert estimate.groups == pytest.approx(285**2 / 9975)
    assert grouped(rows).wrong == 25


def test_weights_golden() -> None:
    # 900 rows of weight 1 (45 wrong), 100 of weight 10 (10 wrong)
    rows = [(1.0, i < 45) for i in range(900)] + [(10.0, i < 10) for i in range(100)]
    tally = weighted(rows)
    estimate = tally.estimate()
    assert estimate.value == pytest.approx(145 / 1900)
    assert estimate.bounds(Z95) == pytest.approx((0.0502, 0.1144), abs=5e-5)
    assert estimate.n_effective == pytest.approx(268.2, abs=0.05)
    assert (tally.top_weight, tally.top_rows, tally.wrong) == (10.0, 100, None)


def test_f1_golden() -> None:
    estimate = f1(80, 35).estimate()  # tp 80, fp 15, fn 20
    low, high = estimate.bounds(Z95)
    assert 1 - estimate.value == pytest.approx(2 * 80 / (2 * 80 + 35))
    assert (1 - high, 1 - low) == pytest.approx((0.7549, 0.8715), abs=5e-5)


def test_equal_weights_and_single_row_groups_are_the_plain_error() -> None:
    plain = ErrorTally(wrong=7, n=90).estimate()
    equal = weighted([(3.0, i < 7) for i in range(90)]).estimate()
    assert equal.bounds(2.0) == pytest.approx(plain.bounds(2.0))
    alone = grouped([(int(i < 7), 1) for i in range(90)]).estimate()
    assert alone.n_effective == pytest.approx(90)  # 90.4 with the pseudo-group, but never more rows than rows
    assert alone.bounds(2.0)[1] > plain.bounds(2.0)[1]  # Student's quantile


def test_copies_of_a_row_count_once() -> None:
    once = grouped([(int(i < 9), 1) for i in range(60)]).estimate()
    copies = grouped([(20 * int(i < 9), 20) for i in range(60)]).estimate()
    assert copies.bounds(2.0) == pytest.approx(once.bounds(2.0), rel=1e-2)  # the pseudo-group has 20 rows, not one
    assert copies.n_effective < 62


@given(groups, st.integers(1, 5))
def test_groups_add_up_in_any_chunking(rows: list[tuple[int, int]], cut: int) -> None:
    place = min(cut, len(rows) - 1)
    assert grouped(rows[:place]) + grouped(rows[place:]) == grouped(rows)


@given(groups)
def test_group_bounds_contain_the_rate(rows: list[tuple[int, int]]) -> None:
    estimate = grouped(rows).estimate()
    low, high = estimate.bounds(2.0)
    assert 0 <= low <= estimate.value + 1e-12
    assert estimate.value - 1e-12 <= high <= 1
    assert estimate.n_effective <= sum(n for _, n in rows) + 1e-9


@given(
    st.lists(st.tuples(st.sampled_from([0.5, 1.0, 10.0]), st.booleans()), min_size=2, max_size=50), st.integers(1, 9)
)
def test_weights_add_up_and_count_the_heaviest(rows: list[tuple[float, bool]], cut: int) -> None:
    place = min(cut, len(rows) - 1)
    halves, whole = weighted(rows[:place]) + weighted(rows[place:]), weighted(rows)
    assert (halves.top_weight, halves.top_rows, halves.n) == (whole.top_weight, whole.top_rows, whole.n)
    assert halves.estimate().bounds(2.0) == pytest.approx(whole.estimate().bounds(2.0))


def test_one_group_says_nothing() -> None:
    assert grouped([(3, 50)]).estimate().bounds(1.0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"b": 0.0, "a": 0.0}, "carry no weight"),
        ({"n": 0, "b": 0.0, "a": 0.0}, "no rows"),
    ],
)
def test_nothing_to_estimate(change: dict[str, Any], message: str) -> None:
    base = {"n": 5, "units": 5, "a": 1.0, "b": 5.0, "aa": 1.0, "ab": 1.0, "bb": 5.0, "row_bb": 5.0, "grouped": False}
    with pytest.raises(EstimateError, match=message):
        RatioTally(**{**base, **change}).estimate()


@pytest.mark.parametrize("value", [nan, inf, -1.0])
def test_sums_that_cannot_be(value: float) -> None:
    with pytest.raises(EstimateError, match="finite and 0 or more"):
        RatioTally(n=5, units=5, a=value, b=5, aa=1, ab=1, bb=5, row_bb=5, grouped=False)


def test_an_error_above_its_weight() -> None:
    with pytest.raises(EstimateError, match="exceeds its weight"):
        RatioTally(n=5, units=5, a=6, b=5, aa=1, ab=1, bb=5, row_bb=5, grouped=False)


def test_kinds_do_not_mix() -> None:
    with pytest.raises(EstimateError, match="do not add up"):
        f1(3, 2) + weighted([(1.0, True)])


@given(st.lists(plain, min_size=1, max_size=5))
def test_rates_add_up(parts: list[ErrorTally]) -> None:
    total = sum(parts, ErrorTally(wrong=0, n=0))
    assert (total.wrong, total.n) == (sum(p.wrong for p in parts), sum(p.n for p in parts))


@pytest.mark.parametrize(("wrong", "n"), [(-1, 5), (6, 5), (1.5, 5), (True, 5), (0, -1)])
def test_impossible_tallies(wrong: int, n: int) -> None:
    with pytest.raises(EstimateError):
        ErrorTally(wrong=wrong, n=n)


def test_no_rows_make_no_estimate() -> None:
    with pytest.raises(EstimateError, match="no rows"):
        ErrorTally(wrong=0, n=0).estimate()
