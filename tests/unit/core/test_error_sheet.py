"""The course's spreadsheet and its label rule, with intervals; coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.core.error_sheet import Sheet, ceiling, merged_spellings, sampled_share
from mlstrat_plugin.core.label_audit import LabelAudit
from mlstrat_plugin.core.tallies import ErrorTally
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


def test_the_label_rule() -> None:
    audit = {"n": 10_000, "wrong_checked": 100, "right_checked": 100, "right_mislabelled": 0}
    assert LabelAudit(wrong=1000, wrong_mislabelled=6, **audit).worth_fixing() == "no"
    assert LabelAudit(wrong=200, wrong_mislabelled=30, **audit).worth_fixing() == "yes"
    with pytest.raises(EstimateError):
        LabelAudit(
            n=10, wrong=2, wrong_checked=0, wrong_mislabelled=0, right_checked=1, right_mislabelled=0
        ).corrected_error()


def test_checking_only_wrong_rows_hides_the_models_learned_mistakes() -> None:
    audit = LabelAudit(
        n=10_000, wrong=140, wrong_checked=140, wrong_mislabelled=30, right_checked=1000, right_mislabelled=3
    )
    one_sided = (140 - 30) / 10_000
    assert audit.corrected_error().value - audit.hidden_points().value == pytest.approx(one_sided)


@pytest.mark.slow
def test_coverage() -> None:
    """Shares, ceilings and corrected errors cover 93 % or more; the reduced form, known to about half a point."""
    rng = np.random.default_rng(20_260_101)
    rounds, n, p, s = 2000, 5000, 0.1, 0.15
    hits = {"share": 0, "ceiling": 0, "error": 0}
    for _ in range(rounds):
        wrong = int(rng.binomial(n, p))
        tagged = int(rng.binomial(wrong, s))
        share = sampled_share(int(rng.hypergeometric(tagged, wrong - tagged, 100)), 100, wrong)
        low, high = share.interval(0.95)
        hits["share"] += low <= tagged / wrong <= high
        overall = sampled_share(round(100 * share.value), 100, None)
        low, high = ceiling(overall, ErrorTally(wrong=wrong, n=n).estimate()).interval(0.95)
        hits["ceiling"] += low <= s * p <= high
        hidden = int(rng.binomial(n - wrong, 0.01))
        audit = LabelAudit(
            n=n,
            wrong=wrong,
            wrong_checked=100,
            wrong_mislabelled=int(rng.hypergeometric(tagged, wrong - tagged, 100)),
            right_checked=400,
            right_mislabelled=int(rng.hypergeometric(hidden, n - wrong - hidden, 400)),
        )
        low, high = audit.corrected_error().interval(0.95)
        hits["error"] += low <= (wrong - tagged + hidden) / n <= high
    assert min(hits.values()) / rounds >= 0.93, hits
