import pytest

from mlstrat_plugin.core.findings.gaps import (
    bias,
    dev_overfit,
    inconclusive,
    merged_gap,
    mismatch,
    unranked,
    variance,
)

RUNGS = ("human", "train", "train-dev", "dev", "test")
LATER = {bias: "bias", variance: "variance", mismatch: "mismatch", dev_overfit: "dev-overfit"}


def stairs(step: int, height: float = 9.0) -> dict[str, float]:
    """Return a ladder with one gap: the errors from that step on are higher."""
    return {rung: 1 + height * (place > step) for place, rung in enumerate(RUNGS)}


@pytest.mark.parametrize(("step", "check"), list(enumerate(LATER)))
def test_a_planted_gap_is_found_by_its_check_alone(step, check, seen, sighting, passes) -> None:
    facts = seen(stairs(step))
    found = sighting(check, facts)
    assert "is 9.0 points [8.7, 9.3], above your threshold of 1.0 points." in found.message
    assert found.evidence.startswith(f"{LATER[check]} = {RUNGS[step + 1]} - {RUNGS[step]} = 9.0 points [8.7, 9.3]")
    assert all(passes(other, facts) for other in LATER if other is not check)


def test_each_problem_is_named_in_words(seen, sighting) -> None:
    said = [sighting(check, seen(stairs(step))).message.split(" is ")[0] for step, check in enumerate(LATER)]
    assert said == ["Avoidable bias", "Variance", "Data mismatch", "Overfitting to dev"]


def test_larger_problems_come_first(seen, sighting) -> None:
    facts = seen({"human": 1, "train": 4, "train-dev": 9, "dev": 11, "test": 11})
    assert [sighting(check, facts).rank for check in (bias, variance, mismatch)] == [1, 0, 2]


@pytest.mark.parametrize(("step", "check"), list(enumerate(LATER)))
def test_what_the_data_cannot_tell_has_not_passed(step, check, seen, reason) -> None:
    said = reason(check, seen(stairs(step, height=1.0)))
    assert said == f"the data cannot tell whether {LATER[check]} is above 1.0 points"


@pytest.mark.parametrize(
    ("check", "percents", "said"),
    [
        (bias, {"train": 1, "dev": 2}, "human error is not measured"),
        (variance, {"train": 1, "dev": 2}, "train-dev error is not measured"),
        (mismatch, {"human": 1, "train": 2}, "train-dev and dev error are not measured"),
        (dev_overfit, {"train": 1, "dev": 2}, "test error is not measured"),
    ],
)
def test_gaps_that_are_not_measured(check, percents, said, seen, reason) -> None:
    assert reason(check, seen(percents)) == said


def test_a_merged_gap_has_two_causes(seen, sighting, reason, passes) -> None:
    found = sighting(merged_gap, seen({"human": 1, "train": 1, "dev": 9, "test": 9}))
    assert found.message.startswith("Variance or data mismatch (not separable) is 8.0 points [7.7, 8.3]")
    assert reason(merged_gap, seen()) == "no two gaps are merged"
    assert passes(merged_gap, seen({"train": 1, "dev": 1}))
    assert "whether variance+mismatch is" in reason(merged_gap, seen({"train": 1, "dev": 2}))


def test_two_merged_gaps_are_two_findings(seen) -> None:
    outcome, found = merged_gap.examine(seen({"human": 1, "train-dev": 5, "test": 20}))
    assert outcome.outcome == "found"
    assert [(one.evidence.split(" = ")[0], one.rank) for one in found] == [
        ("bias+variance", 1),
        ("mismatch+dev-overfit", 0),
    ]


QUESTION = "is bias larger than variance? You need about 5,000 dev rows (bottleneck: dev)."


def test_an_open_verdict_says_what_would_close_it(seen, sighting, passes, reason) -> None:
    facts = seen(diagnosis="inconclusive", rows_needed=QUESTION)
    found = sighting(inconclusive, facts)
    assert found.message == QUESTION.capitalize().replace("you", "You")
    assert found.evidence.count("0.00 points [-0.30, 0.30]") == 4
    assert reason(unranked, facts) == "the data cannot tell whether any gap is above 1.0 points"
    assert passes(inconclusive, seen())


@pytest.mark.parametrize("verdict", ["tied", "unranked"])
def test_an_open_order_names_the_contenders(verdict, seen, sighting, passes, reason) -> None:
    facts = seen(
        {"human": 1, "train": 5, "train-dev": 9, "dev": 9},
        diagnosis=verdict,
        rows_needed=QUESTION,
        contenders=("bias", "variance"),
    )
    found = sighting(unranked, facts)
    assert "5,000 dev rows" in found.message
    assert [part.split(" = ")[0] for part in found.evidence.split("; ")] == ["bias", "variance"]
    assert passes(inconclusive, facts)
    assert reason(unranked, seen({"train": 1, "dev": 2})) == "only one gap is measured"
