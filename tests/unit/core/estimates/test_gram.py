"""Sums over k runs: every pair of them is the pair counted from the rows."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.core.estimates.gram import OutcomeGram, UnitSums, WeightedGram
from mlstrat_plugin.core.estimates.paired import PairedTally, WeightedPairs
from mlstrat_plugin.errors import EstimateError

Array = np.ndarray
outcomes = st.tuples(st.integers(2, 5), st.integers(1, 60), st.integers(0, 2**32 - 1))  # runs, rows, seed


def drawn(shape: tuple[int, int, int]) -> tuple[Array, Array, Array]:
    """Return wrong answers (rows, runs), the unit and the weight of each row."""
    k, n, seed = shape
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, (n, k)), rng.integers(0, max(1, n // 3), n), rng.choice([0.0, 0.5, 1.0, 10.0], n)


def square(values: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in values.tolist())


def by_unit(values: Array, units: Array) -> Array:
    """Return the sums of values, shape (rows, ...), over each unit."""
    return np.array([values[units == unit].sum(axis=0) for unit in np.unique(units)])


def unit_sums(wrong: Array, rows: Array) -> UnitSums:
    """Return the sums over units of their wrong answers (units, runs) and rows (units)."""
    return UnitSums(
        units=len(rows),
        both=square(wrong.T @ wrong),
        with_rows=tuple((wrong.T @ rows).tolist()),
        rows=float((rows**2).sum()),
    )


def gram_of(wrong: Array, units: Array | None = None) -> OutcomeGram:
    groups = None if units is None else unit_sums(by_unit(wrong, units), by_unit(np.ones(len(wrong)), units))
    return OutcomeGram(
        n=len(wrong), wrong=tuple(wrong.sum(axis=0).tolist()), both=square(wrong.T @ wrong), groups=groups
    )


def weighted_gram(wrong: Array, weight: Array, units: Array | None = None) -> WeightedGram:
    each = np.arange(len(wrong)) if units is None else units
    return WeightedGram(
        n=len(wrong),
        weight=float(weight.sum()),
        wrong=tuple((weight @ wrong).tolist()),
        units=unit_sums(by_unit(wrong * weight[:, None], each), by_unit(weight, each)),
        row_squares=float((weight**2).sum()),
        grouped=units is not None,
    )


def counted(first: Array, second: Array, units: Array | None = None) -> PairedTally:
    """Return a pair of runs, counted row by row."""
    counts = {
        "broken": sum(b and not a for a, b in zip(first, second, strict=True)),
        "fixed": sum(a and not b for a, b in zip(first, second, strict=True)),
        "n": len(first),
    }
    if units is None:
        return PairedTally(**counts)
    sums: dict[int, list[int]] = {}
    for unit, a, b in zip(units, first, second, strict=True):
        one = sums.setdefault(int(unit), [0, 0])
        one[0] += int(b) - int(a)
        one[1] += 1
    return PairedTally(
        **counts,
        groups=len(sums),
        dd=sum(d * d for d, _ in sums.values()),
        dn=sum(d * n for d, n in sums.values()),
        nn=sum(n * n for _, n in sums.values()),
    )


@given(outcomes)
def test_pairs_are_those_counted_from_the_rows(shape: tuple[int, int, int]) -> None:
    wrong, units, _ = drawn(shape)
    alone, grouped = gram_of(wrong), gram_of(wrong, units)
    for i, j in permutations(range(wrong.shape[1]), 2):
        assert alone.pair(i, j) == counted(wrong[:, i], wrong[:, j])
        assert grouped.pair(i, j) == counted(wrong[:, i], wrong[:, j], units)


@given(outcomes)
def test_weighted_pairs_are_those_counted_from_the_rows(shape: tuple[int, int, int]) -> None:
    wrong, units, weight = drawn(shape)
    for over in (None, units):
        gram = weighted_gram(wrong, weight, over)
        each = np.arange(len(wrong)) if over is None else over
        for i, j in permutations(range(wrong.shape[1]), 2):
            change = weight * (wrong[:, j] - wrong[:, i])
            d, w = by_unit(change, each), by_unit(weight, each)
            pairs = gram.pair(i, j)
            assert (pairs.weight, pairs.change) == pytest.approx((weight.sum(), change.sum()))
            assert (pairs.discordant, pairs.signed, pairs.squares) == pytest.approx(
                ((d * d).sum(), (d * w).sum(), (w * w).sum())
            )
            assert (pairs.n, pairs.groups) == (len(wrong), None if over is None else len(d))


@given(outcomes)
def test_equal_weights_are_plain_pairs(shape: tuple[int, int, int]) -> None:
    wrong, _, _ = drawn(shape)
    plain, weighted = gram_of(wrong).pair(0, 1), weighted_gram(wrong, np.full(len(wrong), 3.0)).pair(0, 1)
    assert weighted.estimate().value == pytest.approx(plain.estimate().value)
    assert weighted.estimate().bounds(2.0) == pytest.approx(plain.estimate().bounds(2.0), abs=1e-9)


@given(outcomes)
def test_a_run_beside_itself_did_not_change(shape: tuple[int, int, int]) -> None:
    wrong, units, weight = drawn(shape)
    same = gram_of(wrong, units).pair(1, 1)
    assert (same.broken, same.fixed, same.dd, same.dn) == (0, 0, 0, 0)
    assert (weighted_gram(wrong, weight).pair(0, 0).change, weighted_gram(wrong, weight).pair(0, 0).discordant) == (
        0,
        0,
    )


@given(outcomes, st.integers(0, 59))
def test_grams_of_disjoint_rows_and_groups_add_up(shape: tuple[int, int, int], cut: int) -> None:
    wrong, units, _ = drawn(shape)
    place = min(cut, len(wrong))
    assert gram_of(wrong[:place]) + gram_of(wrong[place:]) == gram_of(wrong)
    in_first = units < np.median(units)  # no group is in both parts
    parts = [gram_of(wrong[here], units[here]) for here in (in_first, ~in_first) if here.any()]
    assert (parts[0] + parts[1] if len(parts) == 2 else parts[0]) == gram_of(wrong, units)


@given(outcomes)
def test_addition_does_not_depend_on_the_order(shape: tuple[int, int, int]) -> None:
    wrong, _, _ = drawn(shape)
    a, b, c = (gram_of(part) for part in np.array_split(wrong, 3))
    assert (a + b) + c == a + (b + c) == (c + a) + b


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((2, 10, 0), (3, 10, 0)),
        ((5, 10, 0), (2, 10, 0)),
    ],
)
def test_grams_of_other_runs_refuse(first: tuple[int, int, int], second: tuple[int, int, int]) -> None:
    with pytest.raises(EstimateError, match="do not add up"):
        gram_of(drawn(first)[0]) + gram_of(drawn(second)[0])


def test_rows_and_groups_refuse_each_other() -> None:
    wrong, units, _ = drawn((2, 10, 0))
    for parts in ((gram_of(wrong), gram_of(wrong, units)), (gram_of(wrong, units), gram_of(wrong))):
        with pytest.raises(EstimateError, match="do not add up"):
            parts[0] + parts[1]


def test_bonett_and_prices_example_from_a_gram() -> None:
    # 21 rows: 1 wrong in both runs, 7 fixed, 1 broken (Bonett & Price 2012, table 1)
    wrong = np.array([[1, 1]] + [[1, 0]] * 7 + [[0, 1]] + [[0, 0]] * 12)
    estimate = gram_of(wrong).pair(0, 1).estimate()
    assert estimate.value == pytest.approx(-6 / 21)
    assert estimate.bounds(1.959964) == pytest.approx((-0.5084, -0.0134), abs=5e-5)


@pytest.mark.parametrize("change", [{"both": ((8, 9), (9, 2))}, {"n": 7}])
def test_sums_that_do_not_fit_refuse(change: dict[str, Any]) -> None:
    sums: dict[str, Any] = {"n": 21, "wrong": (8, 2), "both": ((8, 1), (1, 2)), **change}
    with pytest.raises(EstimateError, match="do not fit"):
        OutcomeGram(**sums).pair(0, 1)


def test_no_weight_at_all() -> None:
    wrong, _, _ = drawn((2, 10, 0))
    pairs = weighted_gram(wrong, np.zeros(10)).pair(0, 1)
    assert isinstance(pairs, WeightedPairs)
    with pytest.raises(EstimateError, match="no weighted row"):
        pairs.estimate()
