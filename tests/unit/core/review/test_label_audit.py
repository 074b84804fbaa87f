"""The course's label rule with intervals; coverage by simulation."""

from __future__ import annotations

import pytest

from bench.review_calibration import audits
from mlstrat_plugin.core.review.label_audit import LabelAudit
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
