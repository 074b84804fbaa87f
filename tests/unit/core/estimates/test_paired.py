from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.errors import EstimateError

Z95 = 1.959964
counts = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(1, 500))


def group(broken: int, fixed: int, n: int) -> PairedTally:
    d = broken - fixed
    return PairedTally(broken=broken, fixed=fixed, n=n, groups=1, dd=d * d, dn=d * n, nn=n * n)


def test_bonett_price_golden() -> None:
    estimate = PairedTally(broken=1, fixed=7, n=21).estimate()
    assert estimate.value == pytest.approx(-0.2857, abs=5e-5)
    assert estimate.bounds(Z95) == pytest.approx((-0.5084, -0.0134), abs=5e-5)


def test_bonett_price_of_r_statpsych() -> None:
    # ci.prop.ps of R's statpsych for 12, 4, 26, 6: adjusted estimate .44, [.2548, .6252]
    assert PairedTally(broken=26, fixed=4, n=48).estimate().bounds(Z95) == pytest.approx((0.2548, 0.6252), abs=5e-5)


@given(counts)
def test_swapping_the_runs_swaps_the_signs(parts: tuple[int, int, int]) -> None:
    broken, fixed, same = parts
    there = PairedTally(broken=broken, fixed=fixed, n=broken + fixed + same).estimate()
    back = PairedTally(broken=fixed, fixed=broken, n=broken + fixed + same).estimate()
    low, high = there.bounds(2.0)
    assert back.bounds(2.0) == pytest.approx((-high, -low))
    assert -1 <= low <= there.value <= high <= 1


@given(st.lists(counts, min_size=2, max_size=8))
def test_groups_add_up(parts: list[tuple[int, int, int]]) -> None:
    tallies = [group(b, f, b + f + same) for b, f, same in parts]
    whole = reduce(add, tallies)
    assert reduce(add, tallies[:1]) + reduce(add, tallies[1:]) == whole
    assert whole.groups == len(parts)
    alone = PairedTally(broken=whole.broken, fixed=whole.fixed, n=whole.n).estimate()
    low, high = whole.estimate().bounds(2.0)
    assert low <= alone.bounds(2.0)[0] + 1e-12
    assert high >= alone.bounds(2.0)[1] - 1e-12


def test_grouped_changes_cover_where_row_by_row_does_not() -> None:
    rng = np.random.default_rng(31)
    covered = naive = 0
    for _ in range(1500):  # 60 users of 40 rows; the second model is better for some users and worse for others
        tallies = []
        for shift in rng.normal(0, 0.15, 60):
            broken, fixed, _ = rng.multinomial(40, [max(0.1 + shift / 2, 0.0), max(0.1 - shift / 2, 0.0), 0.5])
            tallies.append(group(int(broken), int(fixed), 40))
        whole = reduce(add, tallies)
        low, high = whole.estimate().bounds(Z95)
        covered += low <= 0 <= high
        low, high = PairedTally(broken=whole.broken, fixed=whole.fixed, n=whole.n).estimate().bounds(Z95)
        naive += low <= 0 <= high
    assert covered / 1500 >= 0.93
    assert naive / 1500 < 0.9


def test_one_group_says_nothing() -> None:
    assert group(1, 5, 40).estimate().bounds(2.0) == (-1.0, 1.0)


@pytest.mark.parametrize("parts", [(-1, 0, 5), (3, 3, 5)])
def test_counts_that_do_not_fit(parts: tuple[int, int, int]) -> None:
    with pytest.raises(EstimateError, match="do not fit"):
        PairedTally(broken=parts[0], fixed=parts[1], n=parts[2])


def test_no_row_in_common() -> None:
    with pytest.raises(EstimateError, match="no row in common"):
        PairedTally(broken=0, fixed=0, n=0).estimate()
