"""Raters and rows are both clusters: worked out by hand, and covered where either alone is not."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.core.estimates.intervals import t_value, wilson
from mlstrat_plugin.core.estimates.rated import RatedTally
from mlstrat_plugin.core.estimates.rates import RatioTally
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Z95 = 1.959964
answers = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xyzw"), st.sampled_from([0.0, 0.5, 1.0])), min_size=1
)


def table(wrong: NDArray[np.float64]) -> RatedTally:
    """Return the tally of a full table, rows x raters."""
    return RatedTally.of((f"r{j}", f"i{i}", float(y)) for (i, j), y in np.ndenumerate(wrong))


def test_both_variances_by_hand() -> None:
    rng = np.random.default_rng(5)
    wrong = (rng.random((30, 6)) < rng.beta(1, 9, (30, 1)) + rng.beta(1, 9, (1, 6))).astype(float)
    n, rows, raters = wrong.size, *wrong.shape
    p = wrong.mean()
    e = wrong - p
    of_raters = raters / (raters - 1) * (e.sum(axis=0) ** 2).sum() / n**2 / (p * (1 - p))
    of_answers = (e**2).sum() / n**2 / (p * (1 - p))
    size = n / rows
    k, m = np.append(wrong.sum(axis=1), size / 4), np.append(np.full(rows, float(raters)), size)
    q = k.sum() / m.sum()
    of_rows = (rows + 1) / rows * ((k - q * m) ** 2).sum() / m.sum() ** 2 / (q * (1 - q))
    whole = max(of_raters + of_rows - of_answers, of_raters, of_rows, 1 / n)
    degrees = whole**2 / (of_raters**2 / (raters - 1) + of_rows**2 / (rows - 1))
    found = table(wrong).estimate()
    assert found.value == pytest.approx(p)
    assert found.n_effective == pytest.approx(1 / whole)
    assert found.bounds(Z95) == pytest.approx(wilson(p, 1 / whole, t_value(Z95, degrees)))
    assert (found.groups, str(found.method)) == (pytest.approx(6), "raters x rows wilson")


@given(answers)
def test_an_estimate_is_a_rate_and_never_knows_more_than_its_answers(given_: list[tuple[str, str, float]]) -> None:
    tally = RatedTally.of(given_)
    found = tally.estimate()
    low, high = found.bounds(2.0)
    assert 0 <= low <= found.value + 1e-12
    assert found.value - 1e-12 <= high <= 1
    assert found.n_effective <= tally.n + 1e-9
    assert (tally.raters, tally.rows) == (len({r for r, _, _ in given_}), len({i for _, i, _ in given_}))


def test_tallies_of_other_raters_and_rows_add_up() -> None:
    parts = [[("ann", "x", 1.0), ("ann", "y", 0.0)], [("bob", "z", 0.5), ("eve", "z", 0.0)]]
    assert reduce(add, map(RatedTally.of, parts)) == RatedTally.of(parts[0] + parts[1])


def test_no_wrong_answer_is_not_certain() -> None:
    low, high = table(np.zeros((100, 10))).estimate().bounds(Z95)
    assert low == 0
    assert 0.003 < high < 0.012  # 400 rows' worth of the 1,000 answers
    assert table(np.ones((100, 10))).estimate().bounds(Z95)[0] < 0.999


def test_one_rater_counts_rows() -> None:
    wrong = np.zeros((200, 1))
    wrong[:10] = 1
    found = table(wrong).estimate()
    assert found.bounds(Z95) == pytest.approx(wilson(0.05, 200, Z95), abs=0.002)
    assert found.groups is None


def test_nobody_answered() -> None:
    with pytest.raises(EstimateError, match="no rows"):
        RatedTally.of([]).estimate()


@pytest.mark.parametrize(
    ("rows", "raters", "k_rows", "k_raters"), [(200, 50, 2, 200), (1_000, 10, 2, 200), (200, 10, 2, 20), (50, 8, 2, 30)]
)
def test_rows_and_raters_that_differ_are_covered(rows: int, raters: int, k_rows: float, k_raters: float) -> None:
    """5 % wrong in truth; rows and raters have rates of their own (Beta)."""
    rng, p, held, by_raters, rounds = np.random.default_rng(71), 0.05, 0, 0, 400
    for _ in range(rounds):
        hard = rng.beta(p * k_rows, (1 - p) * k_rows, (rows, 1))
        careless = rng.beta(p * k_raters, (1 - p) * k_raters, (1, raters))
        wrong = (rng.random((rows, raters)) < np.clip(hard * careless / p, 0, 1)).astype(float)
        r, i = wrong.sum(axis=0), wrong.sum(axis=1)
        tally = RatedTally(
            n=wrong.size, a=float(wrong.sum()), aa=float(wrong.sum()), raters=raters, rows=rows,
            rater_aa=float((r * r).sum()), rater_ab=float(r.sum() * rows), rater_bb=float(raters * rows**2),
            row_aa=float((i * i).sum()), row_ab=float(i.sum() * raters), row_bb=float(rows * raters**2),
        )  # fmt: skip
        low, high = tally.estimate().bounds(Z95)
        held += low <= p <= high
        alone = reduce(add, (RatioTally.group(wrong=int(k), n=rows) for k in r))
        low, high = alone.estimate().bounds(Z95)
        by_raters += low <= p <= high
    assert held / rounds >= 0.9
    if raters > 20:
        assert by_raters / rounds < 0.8  # raters as the only clusters
