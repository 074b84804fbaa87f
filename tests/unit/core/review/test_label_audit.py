"""The course's label rule with intervals; coverage by simulation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.review_calibration import audits
from mlstrat_plugin.core.review.error_sheet import sampled_share
from mlstrat_plugin.core.review.label_audit import WORTH_FIXING, LabelAudit, worth_fixing
from mlstrat_plugin.errors import EstimateError


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


def test_right_rows_to_check() -> None:
    audit = LabelAudit(
        n=10_000, wrong=200, wrong_checked=100, wrong_mislabelled=10, right_checked=100, right_mislabelled=0
    )
    rows = audit.right_rows_to_match()
    assert rows is not None
    assert 1_000 < rows < 9_800
    enough = LabelAudit(
        n=10_000, wrong=200, wrong_checked=100, wrong_mislabelled=10, right_checked=rows, right_mislabelled=0
    )
    assert enough.right_rows_to_match() is None


@pytest.mark.slow
def test_coverage() -> None:
    """The reduced form of `make bench`: 93 % or more, but for the noise of so few replicates."""
    claims = list(audits(400))
    assert not [str(claim) for claim in claims if claim.observed < claim.bar - 2 * claim.noise]
    assert sum(claim.observed for claim in claims) / len(claims) >= claims[0].bar


def test_the_example_of_two_strata_by_hand() -> None:
    # 6 of 100 wrong rows and 1 of 400 right ones are mislabelled: 0.1 - 0.1 * 0.06 + 0.9 * 1 / 400
    audit = LabelAudit(
        n=10_000, wrong=1_000, wrong_checked=100, wrong_mislabelled=6, right_checked=400, right_mislabelled=1
    )
    assert audit.corrected_error().value == pytest.approx(0.1 - 0.006 + 0.00225)
    assert audit.label_points().value == pytest.approx(0.006)
    assert audit.hidden_points().value == pytest.approx(0.00225)
    assert audit.label_share().value == 0.06
    assert audit.hidden_share().value == 1 / 400


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0, 1), st.floats(0, 1))
def test_checking_every_row_is_exact(wrong: int, right: int, of_wrong: float, of_right: float) -> None:
    fixed, hidden = round(of_wrong * wrong), round(of_right * right)
    audit = LabelAudit(
        n=wrong + right,
        wrong=wrong,
        wrong_checked=wrong,
        wrong_mislabelled=fixed,
        right_checked=right,
        right_mislabelled=hidden,
    )
    truth = (wrong - fixed + hidden) / (wrong + right)
    assert audit.corrected_error().value == pytest.approx(truth)
    assert audit.corrected_error().interval(0.95) == pytest.approx((truth, truth))
    assert audit.right_rows_to_match() is None


@pytest.mark.parametrize(("wrong", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_rows_that_do_not_fit(wrong: int, n: int) -> None:
    with pytest.raises(EstimateError, match="do not fit"):
        LabelAudit(n=n, wrong=wrong, wrong_checked=1, wrong_mislabelled=0, right_checked=1, right_mislabelled=0)


@given(st.integers(0, 100))
def test_worth_fixing_follows_the_interval_and_a_fifth(found: int) -> None:
    share = sampled_share(found, 100, None)
    low, high = share.interval(0.95)
    expected = "yes" if low >= 0.2 else "no" if high < 0.2 else "open"
    assert worth_fixing(share, 0.95) == expected
    assert WORTH_FIXING == 0.2
    if found in (0, 20, 100):
        assert expected == {0: "no", 20: "open", 100: "yes"}[found]


def test_groups_ask_for_more_right_rows() -> None:
    counts = {"n": 10_000, "wrong": 200, "wrong_checked": 100, "wrong_mislabelled": 10}
    right = {"right_checked": 100, "right_mislabelled": 10}
    groups = [(5, 5)] * 2 + [(0, 5)] * 18  # whole groups are mislabelled
    alone = LabelAudit(**counts, **right).right_rows_to_match()
    grouped = LabelAudit(**counts, **right, right_groups=groups).right_rows_to_match()
    assert alone is not None
    assert grouped is not None
    assert grouped > alone
