import pytest

from mlstrat_plugin.core.findings.negative_gaps import better_than_people, easier_dev, easier_test, easier_train_dev

RUNGS = ("human", "train", "train-dev", "dev", "test")
CHECKS = (better_than_people, easier_train_dev, easier_dev, easier_test)


@pytest.mark.parametrize(("step", "check"), list(enumerate(CHECKS)))
def test_a_planted_step_down_is_found_by_its_check_alone(step, check, seen, sighting, passes) -> None:
    facts = seen({rung: 10.0 if place <= step else 4.0 for place, rung in enumerate(RUNGS)})
    found = sighting(check, facts)
    assert found.message.startswith(f"{RUNGS[step + 1].capitalize()} error is 6.0 points [5.7, 6.3] below ")
    assert "= -6.0 points [-6.3, -5.7]" in found.evidence
    assert all(passes(other, facts) for other in CHECKS if other is not check)


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
