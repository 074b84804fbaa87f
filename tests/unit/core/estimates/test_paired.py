from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.core.estimates.intervals import t_value, wilson, z_value
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


def test_margin_golden() -> None:
    """Vectors of Newcombe's paired example, and of a challenger that only breaks rows."""
    assert PairedTally(broken=1, fixed=7, n=21).margin().bounds(Z95) == pytest.approx((-0.50822, -0.02638), abs=5e-6)
    only = PairedTally(broken=25, fixed=0, n=2500)
    assert only.margin().bounds(z_value(0.0025)) == pytest.approx((0.00472, 0.01733), abs=5e-6)
    assert only.estimate().bounds(z_value(0.0025)) == pytest.approx((0.00419, 0.01579), abs=5e-6)  # too short


@given(counts)
def test_a_margin_holds_the_change_and_mirrors(parts: tuple[int, int, int]) -> None:
    broken, fixed, same = parts
    there = PairedTally(broken=broken, fixed=fixed, n=broken + fixed + same).margin()
    back = PairedTally(broken=fixed, fixed=broken, n=broken + fixed + same).margin()
    low, high = there.bounds(2.0)
    assert back.bounds(2.0) == pytest.approx((-high, -low))
    assert -1 <= low <= there.value + 1e-12
    assert there.value - 1e-12 <= high <= 1


def by_hand(tally: PairedTally) -> float:
    """Return the design effect with two pseudo-groups of mean size m: a quarter broken, a quarter fixed."""
    assert tally.groups is not None
    m, groups = tally.n / tally.groups, tally.groups + 2
    dd, nn, n = tally.dd + 2 * (m / 4) ** 2, tally.nn + 2 * m**2, tally.n + 2 * m
    change = (tally.broken - tally.fixed) / n
    variance = groups / (groups - 1) * (dd - 2 * change * tally.dn + change**2 * nn) / n
    return max(1.0, variance / ((tally.broken + tally.fixed + m / 2) / n - change**2))


def test_grouped_margins_divide_the_counts_by_the_design_effect() -> None:
    tally = PairedTally(broken=4, fixed=12, n=100, groups=20, dd=60, dn=-40, nn=500)
    effect = by_hand(tally)
    assert effect > 1.5
    z = 1.7
    t = t_value(z, 100**2 / 500 - 1)
    p, q, n = 0.04, 0.12, 100 / effect
    (p1, p2), (q1, q2) = wilson(p, n, t), wilson(q, n, t)
    r = -np.sqrt(p * q / ((1 - p) * (1 - q)))
    below = np.sqrt((p - p1) ** 2 + (q2 - q) ** 2 - 2 * r * (p - p1) * (q2 - q))
    above = np.sqrt((p2 - p) ** 2 + (q - q1) ** 2 - 2 * r * (p2 - p) * (q - q1))
    assert tally.margin().bounds(z) == pytest.approx((p - q - below, p - q + above))
    assert str(tally.margin().method) == "grouped mover of discordant shares"


def test_groups_without_a_changed_row_count_as_rows_of_their_mean_size() -> None:
    still = PairedTally(broken=0, fixed=0, n=1000, groups=50, dd=0, dn=0, nn=20_000)
    assert still.margin().bounds(2.0)[1] == pytest.approx(
        PairedTally(broken=0, fixed=0, n=50).margin().bounds(t_value(2.0, 49))[1]
    )


def test_a_grouped_margin_passes_as_rarely_as_it_says() -> None:
    """50 groups of 20 rows, correlation 0.3, a challenger that only breaks rows and is worse by exactly 1 %."""
    rng, passed, old, rounds = np.random.default_rng(67), 0, 0, 2000
    for _ in range(rounds):
        broken = rng.binomial(20, rng.beta(0.01 * 7 / 3, 0.99 * 7 / 3, 50))
        tally = reduce(add, (group(int(k), 0, 20) for k in broken))
        passed += tally.margin().bounds(z_value(0.05))[1] < 0.01
        old += tally.estimate().bounds(z_value(0.05))[1] < 0.01
    assert passed / rounds <= 0.08
    assert old / rounds > 0.1
