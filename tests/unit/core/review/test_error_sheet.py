"""The course's spreadsheet, with intervals; coverage by simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.calibration import Claim
from bench.review_calibration import grouped_sheets, sheets
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.review.error_sheet import Sheet, ceiling, merged_spellings, sampled_share
from mlstrat_plugin.errors import EstimateError

COURSE = {"dog": 8, "great cat": 43, "blurry": 61, "filter": 12}


def course(mistakes: int = 1000) -> Sheet:
    """Return 100 looked-at mistakes with the course's shares, which overlap."""
    rows: list[set[str]] = [set() for _ in range(100)]
    start = 0
    for tag, count in COURSE.items():
        for place in range(count):
            rows[(start + place) % 100].add(tag)
        start += count
    return Sheet(tags=[frozenset(row) for row in rows], mistakes=mistakes)


def test_the_courses_ceilings() -> None:
    sheet, error = course(), ErrorTally(wrong=1000, n=10_000).estimate()
    points = {tag: round(100 * sheet.ceiling(error, tag).value, 6) for tag in sheet.ranked()}
    assert points == {"blurry": 6.1, "great cat": 4.3, "filter": 1.2, "dog": 0.8}
    for tag in COURSE:
        low, high = sheet.ceiling(error, tag).interval(0.95)
        assert 0 < low < points[tag] / 100 < high < 0.1


@pytest.mark.parametrize(("dogs", "left"), [(5, 0.095), (50, 0.05)])
def test_the_courses_dogs(dogs: int, left: float) -> None:
    error = ErrorTally(wrong=1000, n=10_000).estimate()
    assert error.value - ceiling(sampled_share(dogs, 100, None), error).value == pytest.approx(left)


def test_all_looked_at_is_exact() -> None:
    assert sampled_share(3, 10, 10).interval(0.95) == (0.3, 0.3)


@pytest.mark.parametrize(("found", "looked_at", "of"), [(1, 0, 5), (6, 5, 9), (-1, 5, 9), (1, 9, 5)])
def test_counts_that_do_not_fit(found: int, looked_at: int, of: int) -> None:
    with pytest.raises(EstimateError):
        sampled_share(found, looked_at, of)


def test_unions_and_ties() -> None:
    sheet = Sheet(tags=[frozenset({"a", "b"})] * 40 + [frozenset({"c"})] * 30 + [frozenset()] * 30, mistakes=500)
    assert sheet.best_union(2) == ("a", "c")
    assert sheet.share("a", "c").value == 0.7
    assert sheet.share("a", "b").value == 0.4
    assert ("a", "b") in sheet.alike()
    assert ("blurry", "dog") not in course().alike()
    assert sheet.best_union(9) == ("a", "c")
    with pytest.raises(EstimateError):
        Sheet(tags=[], mistakes=5).share("a")


@given(st.lists(st.sampled_from(["Great Cat", "great-cat", "great  cat", "dog", "DOG_", "ä"]), max_size=20))
def test_spellings(tags: list[str]) -> None:
    merged = merged_spellings(tags)
    assert set(merged) == set(tags)
    assert set(merged.values()) <= set(tags)
    assert all(merged[standing] == standing for standing in merged.values())


@pytest.mark.slow
@pytest.mark.parametrize("proof", [sheets, grouped_sheets])
def test_coverage(proof: Callable[[int], Iterator[Claim]]) -> None:
    """The reduced form of `make bench`: 93 % or more, but for the noise of so few replicates."""
    claims = list(proof(400))
    assert not [str(claim) for claim in claims if claim.observed < claim.bar - 2 * claim.noise]
    assert sum(claim.observed for claim in claims) / len(claims) >= claims[0].bar


@pytest.mark.parametrize(("tag", "found"), [("dog", 8), ("great cat", 43), ("blurry", 61), ("filter", 12)])
def test_ceilings_have_the_intervals_of_a_product(tag: str, found: int) -> None:
    """By the formula, from another library's Wilson bounds: relative distances of share and error, squared and added."""
    from statsmodels.stats.proportion import proportion_confint

    share, error = found / 100, 0.1
    (s_low, s_high) = proportion_confint(found, 100, method="wilson")
    (c_low, c_high) = proportion_confint(1000, 10_000, method="wilson")
    low = share * error * (1 - (((share - s_low) / share) ** 2 + ((error - c_low) / error) ** 2) ** 0.5)
    high = share * error + ((error * (s_high - share)) ** 2 + (share * (c_high - error)) ** 2) ** 0.5
    measured = course().ceiling(ErrorTally(wrong=1000, n=10_000).estimate(), tag).interval(0.95)
    assert measured == pytest.approx((low, high), abs=1e-6)


def test_groups_widen_and_single_rows_do_not() -> None:
    tags = [frozenset("t") if i < 30 else frozenset() for i in range(100)]
    alone = Sheet(tags=tags, mistakes=1000)
    single = Sheet(tags=tags, mistakes=1000, groups=[str(i) for i in range(100)])
    grouped = Sheet(tags=tags, mistakes=1000, groups=[str(i // 5) for i in range(100)])
    assert single.share("t").interval(0.95) == alone.share("t").interval(0.95)
    (low, high), (g_low, g_high) = alone.share("t").interval(0.95), grouped.share("t").interval(0.95)
    assert g_high - g_low > 1.5 * (high - low)
    with pytest.raises(EstimateError):
        Sheet(tags=tags, mistakes=1000, groups=["a"])


def test_rows_to_tell_two_tags_apart() -> None:
    sheet = Sheet(tags=[frozenset("a")] * 55 + [frozenset("b")] * 45, mistakes=5000)
    rows = sheet.rows_to_tell_apart("a", "b")
    assert rows is not None
    assert rows > 700  # a difference of ten points where every row carries one of the two
    assert Sheet(tags=[frozenset("a"), frozenset("b")], mistakes=9).rows_to_tell_apart("a", "b") is None
    assert sheet.best_pair() == ("a", "b")
    assert Sheet(tags=[frozenset("a")], mistakes=9).best_pair() is None
