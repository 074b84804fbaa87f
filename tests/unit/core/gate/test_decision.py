"""The decision: only passes promote, a problem bars everything, a seal hides the test set and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.core.estimates.estimate import constant
from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.gate.challenge import Difference, challenge_of
from mlstrat_plugin.core.gate.decision import rule, under_seal
from mlstrat_plugin.core.gate.judging import Measured, judge
from mlstrat_plugin.core.wording import RATE
from mlstrat_plugin.params.conditions import SizeCondition
from mlstrat_plugin.params.gate import Gate
from mlstrat_plugin.records.gate import Challenge, Problem

TALLY = PairedTally(broken=0, fixed=90, n=1000)
STALE = Problem(code="stale_diagnosis", message="the diagnosis is stale")
SIZE = judge(SizeCondition(name="model_mb", limit=1), Measured(amount=constant(0), method="exact"), 1)
CODES = {"pass": "", "fail": "above_limit", "unclear": "bounds_open"}
POLICY = Gate.model_validate(
    {
        "model": "digits",
        "optimize": {"split": "test"},
        "test": "sealed",
        "conditions": {"error/test[night]": {"max": 0.5}, "error/dev": {"max": 0.5}, "gap/dev-overfit": {"max": 0.5}},
    }
)


def against(policy: Gate = POLICY) -> Challenge:
    assert policy.optimize is not None
    return challenge_of(Difference(amount=TALLY.estimate(), n=1000, paired=TALLY), policy.optimize, 1.6)


@given(
    st.lists(st.sampled_from(["pass", "fail", "unclear"]), max_size=4),
    st.sampled_from(["pass", "fail", "unclear", None]),
    st.booleans(),
)
def test_only_all_passes_promote(answers: list[str], challenge: str | None, problem: bool) -> None:
    results = [replace(SIZE, answer=answer, code=CODES[answer]) for answer in answers]  # type: ignore[arg-type]
    compared = None if challenge is None else replace(against(), answer=challenge, code=CODES[challenge])  # type: ignore[arg-type]
    ruling = rule(results, compared, [STALE] if problem else [], RATE)
    every = [*answers, *([challenge] if challenge else [])]
    assert (ruling.decision == "promote") == (bool(every) and set(every) == {"pass"} and not problem)
    assert (ruling.decision == "promote") == (ruling.code == "")
    assert ruling.reason


def test_a_failure_outweighs_what_is_unclear_and_a_problem_outweighs_both() -> None:
    failed, unclear = (replace(SIZE, answer=word, code=CODES[word]) for word in ("fail", "unclear"))  # type: ignore[arg-type]
    assert rule([unclear, failed], None, [], RATE).code == "above_limit"
    assert rule([SIZE, unclear], None, [], RATE).decision == "unclear"
    barred = rule([SIZE], None, [STALE], RATE)
    assert (barred.decision, barred.code, barred.reason) == ("refuse", "stale_diagnosis", "the diagnosis is stale")
    assert rule([], None, [], RATE).code == "nothing_asked"


def test_a_seal_hides_the_test_set_and_nothing_else() -> None:
    amount = ErrorTally(wrong=1, n=90).estimate()
    results = [judge(asked, Measured(amount=amount, n=90), 2.8) for asked in POLICY.asked]
    ruling = rule(results, against(), [], RATE)
    hidden = under_seal(ruling, POLICY)
    night, dev, overfit = hidden.conditions
    assert (night.value, overfit.value) == (None, None)
    assert dev == results[1]
    assert hidden.challenge is not None
    assert hidden.challenge.change is None
    assert (hidden.decision, hidden.code) == ("refuse", "sealed")
    barred = under_seal(rule(results, against(), [STALE], RATE), POLICY)
    assert (barred.code, barred.reason) == ("stale_diagnosis", "the diagnosis is stale")


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_comparison_on_dev_stays_under_the_seal(split: str) -> None:
    policy = POLICY.model_copy(update={"optimize": POLICY.optimize.model_copy(update={"split": split})})  # type: ignore[union-attr]
    results = [judge(asked, Measured(amount=constant(0)), 1) for asked in POLICY.asked]
    hidden = under_seal(rule(results, against(policy), [], RATE), policy)
    assert hidden.challenge is not None
    assert (hidden.challenge.change is None) == (split == "test")
