from dataclasses import replace

import pytest

from mlstrat_plugin.core.findings.labels import (
    few_wrong_labels,
    fixes_of_one_split,
    hidden_mistakes,
    many_wrong_labels,
    one_sided_fixes,
    open_labels,
)
from mlstrat_plugin.core.findings.needs import COUNTS_ONLY
from mlstrat_plugin.core.findings.seen import Circumstances, Reviewed
from mlstrat_plugin.records.review import Amount, ErrorAnalysis, LabelChange, LabelCheck, Stratum

RULE = {"yes": many_wrong_labels, "no": few_wrong_labels, "open": open_labels}
ALL = (*RULE.values(), hidden_mistakes, one_sided_fixes, fixes_of_one_split)


def amount(value: float) -> Amount:
    return Amount(value=value, low=value - 0.01, high=value + 0.01, n=100, method="made")


ROWS = Stratum(rows=100, drawn=100, checked=100, mislabelled=30)
AUDIT = LabelCheck(
    status="done",
    wrong=ROWS,
    right=ROWS,
    label_share=amount(0.3),
    label_points=amount(0.02),
    corrected=amount(0.07),
    hidden=amount(0.04),
)
SHEET = ErrorAnalysis(status="partly", reviewed=30, sampled=40, mistakes=90, now_right=0, gone=0, skipped=0)


def audited(check: LabelCheck) -> Reviewed:
    return Reviewed(analysis=SHEET, audits={"dev": check})


@pytest.mark.parametrize("worth", RULE)
def test_the_rule_of_a_fifth_by_the_audit(worth, seen, sighting, silent) -> None:
    facts = seen(reviewed=audited(replace(AUDIT, worth_fixing=worth)))
    found = sighting(RULE[worth], facts)
    assert "a fifth" in found.message
    assert found.message.endswith("models that differ by less than 2.0 points [1.0, 3.0] may swap places.")
    assert found.evidence.startswith("30")
    assert "100 wrong rows checked; corrected error 7" in found.evidence
    assert all(silent(check, facts) for check in RULE.values() if check is not RULE[worth])


@pytest.mark.parametrize("worth", RULE)
def test_the_rule_of_a_fifth_by_the_sheet_alone(worth, seen, sighting, silent) -> None:
    facts = seen(reviewed=Reviewed(analysis=replace(SHEET, label_share=amount(0.3), worth_fixing=worth)))
    found = sighting(RULE[worth], facts)
    assert found.message.endswith("the true error is not known until right answers are checked too.")
    assert found.evidence.endswith("of 100 mistakes")
    assert all(silent(check, facts) for check in RULE.values() if check is not RULE[worth])


def test_a_share_that_is_open_passes_neither_side_of_the_rule(seen, reason, passes) -> None:
    facts = seen(reviewed=audited(replace(AUDIT, worth_fixing="open")))
    for check in (many_wrong_labels, few_wrong_labels):
        assert reason(check, facts) == "the labels checked so far do not tell whether they are a fifth of the dev error"
    assert passes(many_wrong_labels, seen(reviewed=audited(replace(AUDIT, worth_fixing="no"))))


def test_right_answers_that_only_look_right(seen, sighting, passes) -> None:
    found = sighting(hidden_mistakes, seen(reviewed=audited(AUDIT)))
    assert found.message == "Checking wrong rows alone makes the dev error too low by 4.0 points [3.0, 5.0]."
    assert found.evidence == "4.0 points [3.0, 5.0], 100 right rows checked"
    assert passes(hidden_mistakes, seen(reviewed=audited(replace(AUDIT, hidden=amount(0.0)))))


def fixes(*splits: str, dev: int = 0, test: int | None = 0) -> Reviewed:
    """Return fixes of these splits, of which so many were right by their old label; without ``test`` it is sealed."""
    changes = [LabelChange(id=str(i), split=s, source="web", before="1", label="2") for i, s in enumerate(splits)]
    return Reviewed(
        analysis=SHEET, changes=changes, fixed_right={"dev": dev} | ({} if test is None else {"test": test})
    )


def test_fixes_that_can_only_lower_the_error(seen, sighting, passes) -> None:
    found = sighting(one_sided_fixes, seen(reviewed=fixes("dev", "dev", "test")))
    assert found.message == "Every fixed label of dev and test belongs to a row that this model had got wrong."
    assert found.evidence == "fixed: 2 of dev, 1 of test"
    assert passes(one_sided_fixes, seen(reviewed=fixes("dev", "test", dev=1)))


def test_fixes_of_a_sealed_test_set_say_nothing(seen, sighting, reason) -> None:
    found = sighting(one_sided_fixes, seen(reviewed=fixes("dev", "test", test=None)))
    assert found.message == "Every fixed label of dev belongs to a row that this model had got wrong."
    assert found.evidence == "fixed: 1 of dev"
    sealed = seen(reviewed=fixes("test", test=None))
    assert reason(one_sided_fixes, sealed) == "only labels of the sealed test set are replaced"


@pytest.mark.parametrize("split", ["dev", "test"])
def test_fixes_of_one_split(split, seen, sighting, passes) -> None:
    found = sighting(fixes_of_one_split, seen(reviewed=fixes(split)))
    assert found.message == f"Labels were fixed in {split} alone."
    assert f"1 of {split}" in found.evidence
    assert passes(fixes_of_one_split, seen(reviewed=fixes("dev", "test")))


def test_reasons(seen, reason) -> None:
    sheet_only, of_train = seen(reviewed=Reviewed(analysis=SHEET)), seen(reviewed=fixes("train"))
    for check in RULE.values():
        assert reason(check, sheet_only) == "no label of a wrong answer on dev is checked yet"
    assert reason(hidden_mistakes, sheet_only) == "no label of a right answer on dev is checked yet"
    for check in (one_sided_fixes, fixes_of_one_split):
        assert reason(check, of_train) == "no label of dev or test is replaced"


@pytest.mark.parametrize("check", ALL)
def test_nobody_checks_labels_without_reviews(check, seen, reason) -> None:
    assert reason(check, seen()) == COUNTS_ONLY
    known = Circumstances()
    assert reason(check, seen(circumstances=known, reviewed=Reviewed())) == "mlstrat.review is not configured"
