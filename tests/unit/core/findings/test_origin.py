from dataclasses import replace

import pytest

from mlstrat_plugin.core.findings.needs import COUNTS_ONLY
from mlstrat_plugin.core.findings.origin import declared_human_level, grouped_rows, left_out_sources, sampled_train
from mlstrat_plugin.core.findings.seen import Circumstances

TABLES = Circumstances(trained_on=("web",))


def test_sources_without_predictions(seen, sighting, passes) -> None:
    found = sighting(left_out_sources, seen(circumstances=replace(TABLES, not_trained_on=("mobile", "scans"))))
    assert found.message == "Train and train-dev error count only rows of web."
    assert found.evidence == "no predictions for train rows of: mobile, scans"
    assert passes(left_out_sources, seen(circumstances=TABLES))


def test_rows_in_groups(seen, sighting, reason) -> None:
    found = sighting(grouped_rows, seen(circumstances=replace(TABLES, groups={"dev": 1_250, "test": 900})))
    assert "not independent" in found.message
    assert found.evidence == "dev 10,000 rows in 1,250 groups, test 10,000 rows in 900 groups"
    assert reason(grouped_rows, seen(circumstances=TABLES)) == "no group column is configured"
    effective = seen(groups={"human": 12.0, "dev": 291.3}, circumstances=TABLES)
    assert sighting(grouped_rows, effective).evidence == "dev 10,000 rows in about 291 effective groups"


def test_a_sample_of_train(seen, sighting, passes, reason) -> None:
    found = sighting(sampled_train, seen(circumstances=replace(TABLES, train_rows=80_000)))
    assert found.message == "Train error comes from a sample that is declared to be random."
    assert found.evidence == "10,000 of 80,000 train rows"
    assert passes(sampled_train, seen(circumstances=TABLES))
    unscored = seen({"dev": 5, "test": 5}, circumstances=replace(TABLES, train_rows=80_000))
    assert reason(sampled_train, unscored) == "train error is not measured"


@pytest.mark.parametrize("check", [left_out_sources, grouped_rows, sampled_train])
def test_counts_do_not_tell_where_they_come_from(check, seen, reason) -> None:
    assert reason(check, seen()) == COUNTS_ONLY


def test_a_declared_human_level(seen, sighting, passes, reason) -> None:
    facts = seen({"human": 1, "train": 2})
    found = sighting(declared_human_level, facts)
    assert f"a declared human error of {facts.unit.error(0.01)}, so its interval leaves out" in found.message
    assert "declared, not measured" in found.evidence
    counted = {**facts.errors, "human": replace(facts.errors["human"], n=500, wrong=5)}
    assert passes(declared_human_level, seen(errors=counted))
    assert reason(declared_human_level, seen({"train": 1, "dev": 2})) == "no human level is given"
