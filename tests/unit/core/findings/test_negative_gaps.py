import pytest

from mlstrat_plugin.core.findings.negative_gaps import better_than_people, easier_dev, easier_test, easier_train_dev

RUNGS = ("human", "train", "train-dev", "dev", "test")
CHECKS = (better_than_people, easier_train_dev, easier_dev, easier_test)


@pytest.mark.parametrize(("step", "check"), list(enumerate(CHECKS)))
def test_a_planted_step_down_is_found_by_its_check_alone(step, check, seen, sighting, silent) -> None:
    facts = seen({rung: 10.0 if place <= step else 4.0 for place, rung in enumerate(RUNGS)})
    found = sighting(check, facts)
    assert found.message.startswith(f"{RUNGS[step + 1].capitalize()} error is 6.0 points [5.7, 6.3] below ")
    assert "= -6.0 points [-6.3, -5.7]" in found.evidence
    assert all(silent(other, facts) for other in CHECKS if other is not check)


def test_the_number_that_was_beaten_is_named(seen, sighting) -> None:
    facts = seen({"human": 10, "train": 4})
    assert facts.unit.error(0.1) in sighting(better_than_people, facts).message
    below = sighting(easier_dev, seen({"train-dev": 10, "dev": 4})).message
    assert below.endswith("below train-dev error, by more than your threshold of 1.0 points.")


def test_people_are_beaten_by_any_proven_amount_and_other_errors_by_the_threshold(seen, sighting, passes) -> None:
    facts = seen({"human": 5, "train": 4.5, "train-dev": 4})
    assert sighting(better_than_people, facts)
    assert passes(easier_train_dev, facts)


def test_a_merged_gap_counts_by_its_first_part(seen, sighting) -> None:
    facts = seen({"train": 10, "dev": 4, "test": 4})
    assert sighting(easier_train_dev, facts).evidence.startswith("variance+mismatch = dev - train")


def test_reasons(seen, reason) -> None:
    facts = seen({"train": 10, "dev": 4})
    assert reason(better_than_people, facts) == "no human level is given"
    assert reason(easier_dev, facts) == "train-dev error is not measured"
    assert reason(easier_test, facts) == "no error after dev is measured"


@pytest.mark.parametrize("check", [easier_train_dev, easier_dev, easier_test])
def test_a_gap_that_may_be_far_below_zero_is_not_passed(check, seen, passes, reason) -> None:
    step = CHECKS.index(check)
    gap = ("bias", "variance", "mismatch", "dev-overfit")[step]
    for lower in (3.8, 4.1):  # the interval of the gap contains the threshold of -1 point
        facts = seen({rung: 5 if place <= step else lower for place, rung in enumerate(RUNGS)})
        assert reason(check, facts) == f"the data cannot tell whether {gap} is more than 1.0 points below 0"
    assert passes(check, seen({rung: 5 if place <= step else 4.4 for place, rung in enumerate(RUNGS)}))


def test_few_groups_decide_nothing(seen, reason) -> None:
    facts = seen(groups={"dev": 9.5, "test": 60.0})
    assert reason(easier_test, facts) == "the data cannot tell whether dev-overfit is more than 1.0 points below 0"


def test_the_model_and_people_that_look_alike_are_not_passed(seen, passes, reason) -> None:
    undecided = "the data cannot tell whether the model beats the human level"
    assert reason(better_than_people, seen({"human": 5, "train": 4.8})) == undecided
    assert passes(better_than_people, seen({"human": 5, "train": 5.4}))
    assert reason(better_than_people, seen({"human": 5})) == "no error after human is measured"
