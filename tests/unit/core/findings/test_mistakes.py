from dataclasses import replace
from typing import Any

import pytest

from mlstrat_plugin.core.findings.mistakes import (
    alike_causes,
    drifted_parts,
    one_cause,
    outdated_sheet,
    skipped_mistakes,
)
from mlstrat_plugin.core.findings.needs import COUNTS_ONLY
from mlstrat_plugin.core.findings.seen import Circumstances, Reviewed
from mlstrat_plugin.records.review import Alike, Amount, ErrorAnalysis, TagTally

ALL = (outdated_sheet, skipped_mistakes, one_cause, alike_causes, drifted_parts)


def amount(value: float, half: float = 0.02) -> Amount:
    return Amount(value=value, low=value - half, high=value + half, n=30, method="made")


DOG = TagTally(tags=("dog",), count=18, share=amount(0.6), ceiling=amount(0.03, half=0.01))
SHEET = ErrorAnalysis(
    status="partly", reviewed=30, sampled=40, mistakes=90, now_right=3, gone=2, skipped=0, tags=(DOG,)
)
EMPTY = replace(SHEET, reviewed=0, sampled=0, mistakes=0, now_right=0, gone=0, tags=())


def looked(wanted: int = 40, **changes: Any) -> Reviewed:
    return Reviewed(analysis=replace(SHEET, **changes), wanted=wanted)


def test_a_sheet_of_another_model(seen, sighting, passes) -> None:
    found = sighting(outdated_sheet, seen(reviewed=looked(wanted=50)))
    assert found.message == "The sheet lacks 10 of the first 50 mistakes of this model."
    assert found.evidence == "3 rows of the sheet are right by now, 2 are not in dev"
    assert passes(outdated_sheet, seen(reviewed=looked()))


def test_skipped_rows(seen, sighting, passes) -> None:
    found = sighting(skipped_mistakes, seen(reviewed=looked(skipped=5)))
    assert found.message == "5 mistakes were skipped, so the shares may not hold for all mistakes."
    assert found.evidence == "30 of 40 reviewed"
    assert sighting(skipped_mistakes, seen(reviewed=looked(skipped=1))).message.startswith("1 mistake was skipped")
    assert passes(skipped_mistakes, seen(reviewed=looked()))


def test_one_cause(seen, sighting, passes) -> None:
    facts = seen(reviewed=looked())
    found = sighting(one_cause, facts)
    assert found.message == "Fixing dog lowers dev error by at most 3.0 points [2.0, 4.0]."
    assert found.evidence.startswith("dog: 60")
    assert found.evidence.endswith("of mistakes, 30 reviewed")
    assert passes(alike_causes, facts)


def test_causes_that_look_alike(seen, sighting, passes) -> None:
    facts = seen(reviewed=looked(alike=(Alike(tags=("cat", "dog"), more_rows=1_200),)))
    found = sighting(alike_causes, facts)
    assert found.message == (
        "The causes cat and dog cannot be told apart; reviewing about 1,200 more would tell them apart."
    )
    assert found.evidence.startswith("dog: 60")
    assert passes(one_cause, facts)
    never = sighting(alike_causes, seen(reviewed=looked(alike=(Alike(tags=("cat", "dog"), more_rows=None),))))
    assert never.message.endswith("dev has too few mistakes to tell them apart.")
    others = seen(reviewed=looked(alike=(Alike(tags=("cat", "fox"), more_rows=5),)))
    assert passes(alike_causes, others)
    assert sighting(one_cause, others)


def test_a_part_of_dev_that_was_tuned_to(seen, sighting, passes, reason) -> None:
    parts = {"eyeball": amount(0.05), "blackbox": amount(0.10), "drift": amount(-0.05)}
    found = sighting(drifted_parts, seen(reviewed=looked(**parts)))
    assert "differs by -5.0 points [-7.0, -3.0] from the part that nobody sees." in found.message
    assert found.evidence.startswith("looked at 5")
    assert "the rest 10" in found.evidence
    assert passes(drifted_parts, seen(reviewed=looked(**{**parts, "drift": amount(-0.01)})))
    assert reason(drifted_parts, seen(reviewed=looked())) == "all rows of dev are in one part"


@pytest.mark.parametrize("check", ALL)
def test_reasons(check, seen, reason) -> None:
    assert reason(check, seen()) == COUNTS_ONLY
    known = Circumstances()
    assert reason(check, seen(circumstances=known, reviewed=Reviewed())) == "mlstrat.review is not configured"
    assert reason(check, seen(reviewed=Reviewed(analysis=EMPTY))) == "the sheet of mistakes is empty"


@pytest.mark.parametrize("check", [skipped_mistakes, one_cause, alike_causes])
def test_nothing_is_said_of_mistakes_that_nobody_reviewed(check, seen, reason) -> None:
    assert reason(check, seen(reviewed=looked(reviewed=0, tags=()))) == "no mistake of this model is reviewed yet"


@pytest.mark.parametrize("check", [one_cause, alike_causes])
def test_nothing_is_said_of_causes_without_tags(check, seen, reason) -> None:
    assert reason(check, seen(reviewed=looked(tags=()))) == "no reviewed mistake has a tag"
