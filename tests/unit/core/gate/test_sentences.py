"""The gate's sentences: the number, its bound, and what that proves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlstrat_plugin.core.estimates.estimate import constant
from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.gate.challenge import Difference, challenge_of, not_compared
from mlstrat_plugin.core.gate.judging import Measured, judge
from mlstrat_plugin.core.gate.sentences import challenge_sentence, condition_sentence
from mlstrat_plugin.core.wording import LOSS, RATE
from mlstrat_plugin.params.conditions import ErrorCondition, SizeCondition
from mlstrat_plugin.params.gate import Optimize
from mlstrat_plugin.records.gate import Problem
from mlstrat_plugin.records.words import Split

FIVE = Measured(amount=ErrorTally(wrong=50, n=1000).estimate())


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        (0.1, "test error is 5%, at most 6.26% (limit 10%)"),
        (0.03, "test error is 5%, at least 3.98%, above the limit of 3%"),
        (0.055, "test error is 5%, but its bounds 3.98% and 6.26% are on both sides of the limit of 5.5%"),
    ],
)
def test_conditions(limit: float, sentence: str) -> None:
    result = judge(ErrorCondition(name="error/test", limit=limit, split=Split.TEST), FIVE, 1.645)
    assert condition_sentence(result, RATE).replace(" %", "%") == sentence


def test_exact_and_missing_numbers() -> None:
    size = SizeCondition(name="model_mb", limit=5)
    exact = judge(size, Measured(amount=constant(7.25)), 1.645)
    assert condition_sentence(exact, RATE) == "model size is 7.25 MB, above the limit of 5 MB"
    missing = judge(size, Measured(amount=None, note="there is no model"), 1.645)
    assert condition_sentence(missing, RATE) == "model size could not be checked: there is no model"


@pytest.mark.parametrize(
    ("broken", "fixed", "goal", "margin", "words"),
    [
        (10, 60, "superior", 0.0, "5.0 points lower [3.6, 6.4] than the champion's, which is proven better"),
        (60, 10, "superior", 0.0, "5.0 points higher [3.6, 6.4] than the champion's, which is proven worse"),
        (25, 35, "superior", 0.0, "is not proven better. About 3,824 test rows would decide"),
        (10, 60, "superior", 0.03, "is proven better by more than 3.0 points"),
        (60, 10, "superior", 0.03, "is proven not better by 3.0 points"),
        (10, 60, "superior", 0.04, "is not proven better by more than 4.0 points"),
        (30, 30, "non-inferior", 0.03, "is proven less than 3.0 points worse"),
        (90, 10, "non-inferior", 0.03, "is proven more than 3.0 points worse"),
        (30, 10, "non-inferior", 0.03, "is not proven less than 3.0 points worse"),
    ],
)
def test_comparisons(broken: int, fixed: int, goal: str, margin: float, words: str) -> None:
    tally = PairedTally(broken=broken, fixed=fixed, n=1000)
    optimize = Optimize(goal=goal, margin=margin)  # type: ignore[arg-type]
    found = challenge_of(Difference(amount=tally.estimate(), n=1000, paired=tally), optimize, 1.645)
    said = challenge_sentence(found, RATE)
    assert said.startswith("the challenger's test error is ")
    assert words in said


def test_a_comparison_that_could_not_be_made_says_why() -> None:
    found = not_compared(Optimize(split="dev"), Problem(code="no_outcomes", message="nothing is kept"))
    said = "the challenger could not be compared with the champion on dev: nothing is kept"
    assert challenge_sentence(found, RATE) == said


def test_losses_are_not_rates() -> None:
    result = judge(ErrorCondition(name="error/test", limit=2.0, split=Split.TEST), FIVE, 1.645)
    assert condition_sentence(replace(result, value=0.5, low=0.4, high=0.6), LOSS) == (
        "test error is 0.5, at most 0.6 (limit 2)"
    )
