from dataclasses import replace

import pytest

from mlstrat_plugin.core.findings.check import Check, Sighting, check, need
from mlstrat_plugin.records.words import Settings


@need("dev error is measured")
def dev(seen):
    return "" if "dev" in seen.errors else "dev error is not measured"


@pytest.fixture
def high_dev() -> Check:
    @check("MLS901", "Dev error is high", "warning", about="It is high.", steps=("Lower it.",), needs=dev)
    def looked(seen):
        if seen.errors["dev"].value > 0.5:
            yield Sighting("It is 60%.", "dev 60%")

    return looked


def test_found_with_its_words(high_dev, seen) -> None:
    outcome, sightings = high_dev.examine(seen({"train": 10, "dev": 60}))
    assert (outcome.code, outcome.outcome, outcome.reason) == ("MLS901", "found", "")
    finding = high_dev.finding(*sightings)
    assert (finding.code, finding.title, finding.severity) == ("MLS901", "Dev error is high", "warning")
    assert (finding.message, finding.evidence, finding.next_steps) == ("It is 60%.", "dev 60%", ("Lower it.",))
    assert finding.docs == "findings.md#mls901"


def test_passed_without_a_sighting(high_dev, seen) -> None:
    outcome, sightings = high_dev.examine(seen({"train": 10, "dev": 40}))
    assert (outcome.outcome, outcome.reason, sightings) == ("passed", "", ())


def test_not_applicable_with_the_reason(high_dev, seen) -> None:
    outcome, sightings = high_dev.examine(seen({"human": 1, "train": 10}))
    assert (outcome.outcome, outcome.reason, sightings) == ("not-applicable", "dev error is not measured", ())


@pytest.mark.parametrize("percents", [{"train": 10, "dev": 60}, {"human": 1, "train": 10}])
def test_ignored_does_not_look(high_dev, seen, percents) -> None:
    blind = replace(high_dev, look=lambda _: pytest.fail("it looked"))
    outcome, sightings = blind.examine(seen(percents, settings=Settings(ignore=("MLS901",))))
    assert (outcome.outcome, outcome.reason, sightings) == ("ignored", "", ())


def test_without_needs_it_always_applies(seen) -> None:
    @check("MLS902", "Nothing is wrong", "tip", about="All is well.", steps=("Rest.",))
    def looked(seen):
        yield from ()

    assert looked.needs.when == ""
    assert looked.examine(seen({"train": 1, "dev": 2}))[0].outcome == "passed"
