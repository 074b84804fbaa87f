"""A decision as people read it: one bound in each row, numbers and methods below, nothing unescaped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlstrat_plugin.core.estimates.estimate import constant
from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.gate.challenge import Difference, challenge_of
from mlstrat_plugin.core.gate.decision import rule
from mlstrat_plugin.core.gate.judging import Measured, judge
from mlstrat_plugin.core.wording import RATE
from mlstrat_plugin.params.gate import Gate, Optimize
from mlstrat_plugin.records.gate import Candidate, Decision, Looks, Problem, Promotion
from mlstrat_plugin.report.gate_page import (
    answer_rows,
    decision_html,
    decision_line,
    decision_markdown,
    looks_line,
    method_rows,
    notes,
    promotion_line,
)

POLICY = Gate.model_validate(
    {
        "model": "digits",
        "conditions": {
            "error/test": {"max": 0.7},
            "error/dev": {"max": 0.03},
            "gap/dev-overfit": {"max": 0.6},
            "model_mb": {"max": 5},
            "error/test[<night>]": {"max": 0.5},
        },
    }
)
ERROR, DEV = ErrorTally(wrong=58, n=2128).estimate(), ErrorTally(wrong=100, n=2000).estimate()
MEASURED = (
    Measured(amount=ERROR, n=2128, method="wilson"),
    Measured(amount=DEV, n=2000, method="wilson"),
    Measured(amount=ERROR - DEV, method="mover"),
    Measured(amount=constant(0.93), method="exact"),
    Measured(amount=None, code="unknown_slice", note="test has no source or slice '<night>'"),
)
TALLY = PairedTally(broken=25, fixed=40, n=2128)
PROMOTION = Promotion(
    model="digits",
    alias="champion",
    version="2",
    champion_before="1",
    run_id="r",
    decision="promote",
    reason="test error is low",
    forced="",
    by="ada",
    at="2026-11-04T11:39:14+00:00",
)


@pytest.fixture
def decision() -> Decision:
    results = [judge(asked, found, 2.8) for asked, found in zip(POLICY.asked, MEASURED, strict=True)]
    compared = challenge_of(Difference(amount=TALLY.estimate(), n=2128, paired=TALLY), Optimize(), 2.8)
    ruling = rule(results, compared, [], RATE)
    return Decision(
        decision=ruling.decision,
        code=ruling.code,
        reason=ruling.reason,
        metric="error_rate",
        unit="",
        model="digits",
        alias="champion",
        champion="1",
        candidate=Candidate(run_id="r", model_hash="m", split_id="s", test_id="t"),
        conditions=ruling.conditions,
        challenge=compared,
        looks=Looks(used=2, budget=20, won=0, promotions=1, seen_before=False, alpha=0.0025, z=2.807, mode="sealed"),
        policy_hash="p",
        inputs={},
    )


def tight(*cells: str) -> list[str]:
    return [cell.replace(" %", "%") for cell in cells]


def test_each_row_shows_the_bound_that_decides(decision: Decision) -> None:
    rows = {row.name: tight(*row.cells) for row in answer_rows(decision)}
    assert rows == {
        "test error": ["2.73%", "<= 3.9%", "70%", "pass"],
        "dev error": ["5%", ">= 3.8%", "3%", "fail"],
        "dev-overfit": ["-2.3 pt", "<= -0.60", "60.0", "pass"],
        "model size": ["0.93 MB", "exact", "5", "pass"],
        "test error [<night>]": ["-", "-", "50%", "unclear (unknown_slice)"],
        "better than champion": ["-0.70 pt", "<= 0.37", "< 0", "unclear (bounds_open)"],
    }


def test_numbers_keep_rows_bounds_and_methods(decision: Decision) -> None:
    rows = {row.name: tight(*row.cells) for row in method_rows(decision)}
    assert rows["test error"] == ["2,128", "[1.9%, 3.9%]", "wilson"]
    assert rows["better than champion"] == ["2,128", "[-1.8, 0.37]", "bonett-price"]
    slice_note, compared = notes(decision)
    assert slice_note == "test error [<night>]: test has no source or slice '<night>'"
    assert compared.startswith("better than champion: 40 rows fixed, 25 broken; p = 0.032 (mcnemar mid-p, one-sided)")
    assert compared.endswith("rows would decide")


def test_the_goal_is_the_title_of_the_comparison(decision: Decision) -> None:
    optimize = Optimize(goal="non-inferior", margin=0.01, split="dev")
    compared = challenge_of(Difference(amount=TALLY.estimate(), n=2128, paired=TALLY), optimize, 1.6)
    row = answer_rows(replace(decision, challenge=compared))[-1]
    assert row.name == "not worse than champion on dev"
    assert row.cells[2:] == ("< 1.0", "pass")


def test_the_looks_are_said_with_their_level(decision: Decision) -> None:
    said = looks_line(decision).replace(" %", "%")
    assert said == "Test-set look 2 of 20 (sealed; each look is judged at 0.25%)."
    unknown = replace(decision, looks=replace(decision.looks, used=0, z=0.0))
    assert looks_line(unknown) == "The looks at the test set could not be counted."


def test_the_line_for_mlflow_says_answer_reason_and_standing(decision: Decision) -> None:
    said = decision_line(decision).replace(" %", "%")
    assert said == (
        "Gate: refuse. Dev error is 5%, at least 3.8%, above the limit of 3%. "
        "Model digits, champion version 1. Test-set look 2 of 20 (sealed; each look is judged at 0.25%)."
    )
    assert "no champion yet" in decision_line(replace(decision, champion=""))


def test_pages_escape_and_say_every_problem(decision: Decision) -> None:
    problems = (Problem(code="run_differs", message="first"), Problem(code="run_incomplete", message="<second>"))
    barred = replace(decision, reason="first", problems=problems)
    said, page = decision_markdown(barred), decision_html(barred)
    assert said.startswith("**Gate: refuse.** First.\n")
    assert "- \\<second\\>" in said
    assert "<night>" not in page
    assert "&lt;second&gt;" in page
    assert page.count("<caption>") == 2


def test_a_promotion_says_who_when_and_why() -> None:
    assert promotion_line(PROMOTION) == (
        "Promoted to champion by ada on 4 Nov 2026, 11:39 UTC (instead of version 1). Gate: test error is low."
    )
    forced = replace(PROMOTION, champion_before="", forced="hotfix")
    assert promotion_line(forced).endswith("(first champion). Forced: hotfix.")
