import pytest

from mlstrat_plugin.core.findings.measurement import (
    coarse,
    few_groups,
    heavy_rows,
    missing_errors,
    too_few_groups,
    uneven_slices,
)
from mlstrat_plugin.core.findings.needs import COUNTS_ONLY
from mlstrat_plugin.core.findings.seen import Circumstances
from mlstrat_plugin.records.words import Settings

TABLES = Circumstances(trained_on=("web",))


@pytest.mark.parametrize(
    ("rungs", "said"),
    [
        ("train dev test", "Human and train-dev error are not measured, so variance and mismatch cannot be separated, "
         "and bias is unknown."),
        ("human train dev test", "Train-dev error is not measured, so variance and mismatch cannot be separated."),
        ("human train", "Train-dev, dev and test error are not measured, so variance, mismatch and dev-overfit are "
         "unknown."),
    ],
)  # fmt: skip
def test_missing_errors_and_what_follows(rungs, said, seen, sighting) -> None:
    facts = seen(dict.fromkeys(rungs.split(), 5.0))
    assert sighting(missing_errors, facts).message == said


def test_a_declared_distribution_needs_no_train_dev(seen, reason, passes, sighting) -> None:
    declared = Settings(same_distribution=True)
    assert passes(missing_errors, seen())
    facts = seen(dict.fromkeys(("human", "train", "dev", "test"), 5.0), settings=declared)
    assert reason(missing_errors, facts) == "train and dev are declared to be one distribution"
    assert sighting(missing_errors, seen({"train": 5, "dev": 5}, settings=declared))


def test_a_threshold_of_more_than_half_of_the_error(seen, sighting, passes, reason) -> None:
    facts = seen({"train": 1.5, "dev": 1.5})
    found = sighting(coarse, facts)
    assert found.message.startswith("Your threshold of 1.0 points is more than half of the dev error of 1.5")
    assert "150 errors in 10,000 rows" in found.evidence
    assert passes(coarse, seen({"train": 2, "dev": 2}))
    assert reason(coarse, seen({"human": 1, "train": 2})) == "dev error is not measured"
    assert reason(coarse, seen({"train": 1, "dev": 0})) == "dev error is zero"


def test_few_and_too_few_groups(seen, sighting, passes) -> None:
    facts = seen(groups={"train": 400, "train-dev": 49.9, "dev": 10, "test": 9.9})
    few, too_few = sighting(few_groups, facts), sighting(too_few_groups, facts)
    assert few.message == "Fewer than 50 effective groups are behind the error of train-dev, dev."
    assert few.evidence == "train-dev 49.9 effective groups, dev 10.0 effective groups"
    assert too_few.message == "Fewer than 10 effective groups are behind the error of test."
    assert too_few.evidence == "test 9.9 effective groups"
    enough = seen(groups={"dev": 50, "human": 3})
    assert passes(few_groups, enough)
    assert passes(too_few_groups, enough)


@pytest.mark.parametrize("check", [few_groups, too_few_groups])
def test_without_groups_nothing_is_said_of_them(check, seen, reason) -> None:
    assert reason(check, seen()) == COUNTS_ONLY
    assert reason(check, seen(circumstances=TABLES)) == "no group column is configured"


def test_few_heavy_rows(seen, sighting, passes, reason) -> None:
    weights = Circumstances(heaviest={"train": (10.0, 30), "dev": (10.0, 29), "test": (2.5, 3)})
    found = sighting(heavy_rows, seen(circumstances=weights))
    assert found.message == "Fewer than 30 rows carry the largest weight in dev, test."
    assert found.evidence == "dev 29 rows of weight 10, test 3 rows of weight 2.5"
    assert passes(heavy_rows, seen(circumstances=Circumstances(heaviest={"dev": (10.0, 30)})))
    assert reason(heavy_rows, seen()) == COUNTS_ONLY
    assert reason(heavy_rows, seen(circumstances=TABLES)) == "error_rate has no weights"


def test_slices_of_one_split_alone(seen, sighting, passes, reason) -> None:
    everywhere = frozenset({"north"})
    slices = Circumstances(slices={"dev": everywhere | {"south"}, "test": everywhere})
    found = sighting(uneven_slices, seen(circumstances=slices))
    assert found.message == "Only 1 slice is in every split, so the gaps compare means of different slices."
    assert found.evidence == "dev also has 'south'"
    assert passes(uneven_slices, seen(circumstances=Circumstances(slices={"dev": everywhere, "test": everywhere})))
    assert reason(uneven_slices, seen()) == COUNTS_ONLY
    assert reason(uneven_slices, seen(circumstances=TABLES)) == "error_rate has no slices"
