"""From lines that people filled in to records: which lines count, and what is made of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.review.error_analysis import (
    DONE,
    MOST_PAIRS,
    PARTLY,
    PENDING,
    SheetFacts,
    amount,
    analyse,
    check_labels,
    nothing_yet,
    running_tally,
)
from mlstrat_plugin.core.review.error_sheet import Sheet
from mlstrat_plugin.core.review.label_audit import LabelAudit
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.review import CheckedLabel, ErrorAnalysis, LabelCheck, LookedAt
from mlstrat_plugin.records.words import Settings

ERROR = ErrorTally(wrong=1000, n=10_000)
SETTINGS = Settings()


def line(i: int, *tags: str, wrong: bool | None = None, reviewed: bool = True) -> LookedAt:
    return LookedAt(id=f"r{i}", label="cat", tags=tags, label_is_wrong=wrong, reviewed=reviewed)


def facts(n: int, *, per_group: int = 1, **changes: Any) -> SheetFacts:
    drawn = {f"r{i}": f"u{i // per_group}" for i in range(n)}
    return replace(SheetFacts(parts={"eyeball": ERROR}, drawn=drawn, now_right=2, gone=3), **changes)


def analysed(lines: list[LookedAt], known: SheetFacts, **changes: Any) -> ErrorAnalysis:
    return analyse(lines, known, SETTINGS, **{"grouped": False, "relabelled": (), **changes})


def course() -> list[LookedAt]:
    """Return 100 mistakes: 8 dogs, 43 great cats, 61 blurry ones, 12 of a filter; rows may have several tags."""
    tags: list[list[str]] = [[] for _ in range(100)]
    start = 0
    for tag, count in {"dog": 8, "great cat": 43, "blurry": 61, "filter": 12}.items():
        for place in range(start, start + count):
            tags[place % 100].append(tag)
        start += count
    return [line(i, *of_row) for i, of_row in enumerate(tags)]


def test_the_courses_sheet() -> None:
    found = analysed(course(), facts(100))
    assert (found.status, found.reviewed, found.sampled, found.mistakes) == (DONE, 100, 100, 1000)
    assert (found.now_right, found.gone, found.skipped) == (2, 3, 0)
    assert [(tag.tags, tag.count) for tag in found.tags] == [
        (("blurry",), 61),
        (("great cat",), 43),
        (("filter",), 12),
        (("dog",), 8),
    ]
    ceilings = {tag.tags[0]: 100 * tag.ceiling.value for tag in found.tags}
    assert ceilings == pytest.approx({"blurry": 6.1, "great cat": 4.3, "filter": 1.2, "dog": 0.8})
    share = found.tags[0].share
    sheet = Sheet(tags=[frozenset(one.tags) for one in course()], mistakes=1000)
    assert (share.low, share.high) == sheet.share("blurry").interval(0.95)
    assert (share.n, found.label_share) == (100, None)  # nobody said anything of labels


def test_tags_together_and_tags_that_are_alike() -> None:
    tags = [("light", "rain")] * 40 + [("blurry",)] * 30 + [("dog",)] * 20 + [()] * 10
    found = analysed([line(i, *of_row) for i, of_row in enumerate(tags)], facts(100))
    assert found.best_pair is not None
    assert (found.best_pair.tags, found.best_pair.count) == (("light", "blurry"), 70)
    assert [(union.tags, union.count) for union in found.unions] == [
        (("light", "blurry"), 70),
        (("light", "blurry", "dog"), 90),  # rain covers nothing that light does not
    ]
    more_rows = {one.tags: one.more_rows for one in found.alike}
    assert more_rows[("light", "rain")] is None  # the same rows: no number of them tells the two apart
    assert (more_rows[("blurry", "dog")] or 0) > 100


def test_only_so_many_open_pairs_are_named() -> None:
    lines = [line(i, f"tag {i % 6}") for i in range(60)]  # six tags of one size: fifteen pairs
    alike = analysed(lines, facts(60)).alike
    assert len(alike) == MOST_PAIRS
    assert {one.more_rows for one in alike} == {None}  # equal shares are not told apart by any number of rows


def test_nothing_is_pending() -> None:
    assert nothing_yet().status == PENDING
    unseen = analysed([line(i, reviewed=False) for i in range(5)], facts(5))
    assert (unseen.status, unseen.sampled, unseen.reviewed, unseen.tags) == (PENDING, 5, 0, ())
    assert unseen.eyeball is not None  # what dev says is known all the same
    assert running_tally([line(0, reviewed=False)], facts(1), SETTINGS, grouped=False) == ()


def test_rows_before_one_that_was_looked_at_are_passed_over() -> None:
    seen = (True, False, True, False, True, False, False)
    found = analysed([line(i, "dog", reviewed=looked) for i, looked in enumerate(seen)], facts(7))
    assert (found.status, found.reviewed, found.sampled, found.skipped) == (PARTLY, 3, 7, 2)


def test_lines_that_were_not_drawn_do_not_count() -> None:
    lines = [line(0, "dog"), line(1, "dog"), line(99, "chosen by hand")]
    found = analysed(lines, facts(2))
    assert (found.reviewed, [tag.tags for tag in found.tags]) == (2, [("dog",)])


def test_spellings_are_merged_and_said() -> None:
    lines = [line(0, "Great Cat"), line(1, "great-cat"), line(2, "great-cat"), line(3, "dog")]
    found = analysed(lines, facts(4))
    assert found.merged == {"Great Cat": "great-cat"}
    assert found.tags[0].count == 3


@pytest.mark.parametrize(("relabelled", "share"), [((), 0.4), (("r0", "r1"), 0.2), (("r9",), 0.4)])
def test_labels_that_are_at_fault(relabelled: tuple[str, ...], share: float) -> None:
    lines = [line(i, wrong=i < 4) for i in range(10)]
    found = analysed(lines, facts(10), relabelled=relabelled)
    assert found.label_share is not None
    assert found.label_share.value == pytest.approx(share)
    assert found.worth_fixing == "open"  # ten rows do not say whether it is a fifth


@pytest.mark.parametrize(("mislabelled", "worth"), [(60, "yes"), (2, "no")])
def test_labels_worth_fixing(mislabelled: int, worth: str) -> None:
    assert analysed([line(i, wrong=i < mislabelled) for i in range(100)], facts(100)).worth_fixing == worth


def test_the_two_parts_of_dev_and_their_drift() -> None:
    parts = {"eyeball": ErrorTally(wrong=100, n=1000), "blackbox": ErrorTally(wrong=180, n=1000)}
    known = facts(3, parts=parts)
    assert (known.to_look_at, known.dev) == (100, ErrorTally(wrong=280, n=2000))
    found = analysed([line(0, "dog")], known)
    assert found.drift is not None
    assert found.eyeball is not None
    assert (found.drift.low, found.drift.high) == pytest.approx(
        confint_proportions_2indep(100, 1000, 180, 1000, method="newcomb", compare="diff")
    )
    assert (found.eyeball.low, found.eyeball.high) == pytest.approx(proportion_confint(100, 1000, method="wilson"))
    assert (found.drift.n, found.drift.method) == (2000, "mover")
    alone = analysed([line(0, "dog")], facts(3, parts={"eyeball": parts["eyeball"], "blackbox": None}))
    assert (alone.blackbox, alone.drift) == (None, None)


def test_groups_widen_the_shares() -> None:
    lines = [line(i, *(["dog"] if i < 30 else ["cat"])) for i in range(100)]
    alone, grouped = (analysed(lines, facts(100, per_group=5), grouped=grouped) for grouped in (False, True))
    widths = [one.tags[0].share.high - one.tags[0].share.low for one in (alone, grouped)]
    assert widths[1] > 1.5 * widths[0]
    assert grouped.tags[0].share.method == "grouped wilson fpc"


@given(st.lists(st.tuples(st.sampled_from(["dog", "Dog", "cat", ""]), st.booleans()), min_size=1, max_size=30))
def test_the_running_tally_is_that_of_the_analysis(rows: list[tuple[str, bool]]) -> None:
    lines = [line(i, *([tag] if tag else []), reviewed=seen) for i, (tag, seen) in enumerate(rows)]
    known = facts(len(lines))
    assert running_tally(lines, known, SETTINGS, grouped=False) == analysed(lines, known).tags


def answers(*said: bool | None, start: str = "r") -> list[CheckedLabel]:
    return [CheckedLabel(id=f"{start}{i}", label="cat", label_is_wrong=one) for i, one in enumerate(said)]


def audited(
    wrong: list[bool | None], right: list[bool | None], *, sizes: tuple[int, int] = (200, 9_800), **changes: Any
) -> LabelCheck:
    lines = answers(*wrong, start="w") + answers(*right, start="r")
    per_group = changes.pop("per_group", 1)
    strata = {
        True: (sizes[0], {f"w{i}": f"u{i // per_group}" for i in range(len(wrong))}),
        False: (sizes[1], {f"r{i}": f"u{i // per_group}" for i in range(len(right))}),
    }
    return check_labels(lines, strata, 0.95, **{"grouped": False, "relabelled": (), **changes})


def test_the_audit_of_a_split() -> None:
    check = audited([True] * 10 + [False] * 90, [True] + [False] * 399)
    audit = LabelAudit(
        n=10_000, wrong=200, wrong_checked=100, wrong_mislabelled=10, right_checked=400, right_mislabelled=1
    )
    assert (check.status, check.wrong.mislabelled, check.right.checked) == (DONE, 10, 400)
    assert check.corrected is not None
    assert check.corrected.value == pytest.approx(0.02 * 0.9 + 0.98 / 400)
    assert (check.corrected.low, check.corrected.high) == audit.corrected_error().interval(0.95)
    assert check.label_points is not None
    assert check.label_points.value == pytest.approx(0.002)
    assert (check.right_rows, check.worth_fixing) == (audit.right_rows_to_match(), "no")
    assert check.corrected.n == 500


@pytest.mark.parametrize(
    ("wrong", "right", "status"),
    [
        ([None] * 4, [None] * 4, PENDING),
        ([True, None], [None] * 4, PARTLY),  # one stratum alone tells nothing of the other
        ([None] * 4, [False, None], PARTLY),
        ([True, None], [False, None], PARTLY),
        ([True, False], [False, False], DONE),
    ],
)
def test_how_far_an_audit_is(wrong: list[bool | None], right: list[bool | None], status: str) -> None:
    check = audited(wrong, right)
    assert check.status == status
    both = any(one is not None for one in wrong) and any(one is not None for one in right)
    assert (check.corrected is not None) == both


def test_a_split_without_a_mistake_or_without_a_right_row() -> None:
    all_right = audited([], [False] * 50, sizes=(0, 1000))
    assert (all_right.status, all_right.label_share, all_right.worth_fixing) == (DONE, None, "no")
    assert all_right.corrected is not None
    assert all_right.corrected.low == 0
    all_wrong = audited([True] * 5 + [False] * 45, [], sizes=(1000, 0))
    assert (all_wrong.hidden, all_wrong.right_rows) == (None, None)
    assert all_wrong.corrected is not None
    assert all_wrong.corrected.value == pytest.approx(0.9)


def test_labels_that_were_replaced() -> None:
    """A label that was found wrong is right by now; one that was found right is to be judged again."""
    check = audited([True, True, False], [False, False], relabelled=("w0", "w2"))
    assert (check.wrong.checked, check.wrong.mislabelled, check.wrong.drawn) == (2, 1, 3)
    assert check.status == PARTLY


def test_groups_widen_the_audit() -> None:
    said = [i < 30 for i in range(100)], [False] * 100
    alone, grouped = (audited(*said, per_group=5, grouped=grouped).label_share for grouped in (False, True))
    assert alone is not None
    assert grouped is not None
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_an_amount_of_a_single_estimate_names_its_method() -> None:
    estimate = ERROR.estimate()
    made = amount(estimate, 10_000, 0.95)
    assert (made.value, made.n, made.method) == (0.1, 10_000, "wilson")
    assert (made.low, made.high) == estimate.interval(0.95)


def test_more_mistakes_looked_at_than_there_are() -> None:
    with pytest.raises(EstimateError, match="looked at"):
        analysed([line(0), line(1)], facts(2, parts={"eyeball": ErrorTally(wrong=1, n=10)}))
