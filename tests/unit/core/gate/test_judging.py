"""Conditions judged by their bounds: they fail closed, and carry a code wherever they do not pass."""

from __future__ import annotations

from math import inf, nan

import pytest

from mlstrat_plugin.core.estimates.estimate import Estimate, constant
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.gate.judging import Measured, fewest_rows, judge, sealed_condition
from mlstrat_plugin.params.conditions import ErrorCondition
from mlstrat_plugin.records.words import Split

FIVE = ErrorTally(wrong=50, n=1000).estimate()


def condition(limit: float) -> ErrorCondition:
    return ErrorCondition(name="error/test", limit=limit, split=Split.TEST)


@pytest.mark.parametrize(
    ("amount", "limit", "answer", "code"),
    [
        (FIVE, 0.1, "pass", ""),
        (FIVE, 0.052, "unclear", "bounds_open"),
        (FIVE, 0.03, "fail", "above_limit"),
        (constant(0.1), 0.1, "pass", ""),
        (None, 1e9, "unclear", "not_measured"),
        (Estimate(0.01, lambda z: (0.0, nan), 10.0, "broken"), 1.0, "unclear", "not_measured"),
        (Estimate(0.01, lambda z: (-inf, inf), 10.0, "broken"), 1e308, "unclear", "not_measured"),
    ],
)
def test_conditions_fail_closed(amount: Estimate | None, limit: float, answer: str, code: str) -> None:
    found = judge(condition(limit), Measured(amount=amount, n=1000, method="wilson"), 1.645)
    assert (found.answer, found.code) == (answer, code)
    assert (found.condition, found.title, found.kind, found.limit) == ("error/test", "test error", "error", limit)
    assert (found.value is None) == (code == "not_measured")
    assert bool(found.note) == (code == "not_measured")


def test_why_nothing_was_measured_stays() -> None:
    found = judge(condition(1.0), Measured(amount=None, n=3, code="too_few_rows", note="three rows"), 1.645)
    assert (found.answer, found.code, found.note, found.n) == ("unclear", "too_few_rows", "three rows", 3)


def test_a_sealed_result_says_nothing_of_the_test_set() -> None:
    result = sealed_condition(judge(condition(0.5), Measured(amount=FIVE, n=1000), 2.8))
    assert (result.value, result.low, result.high) == (None, None, None)
    assert (result.answer, result.code, result.note) == ("unclear", "sealed", "sealed")


def test_fewest_rows_is_the_first_sample_whose_maximum_can_show_it() -> None:
    for quantile, alpha in ((0.95, 0.05), (0.99, 0.05), (0.9, 0.01), (0.5, 0.05)):
        n = fewest_rows(quantile, alpha)
        assert quantile**n <= alpha < quantile ** (n - 1)
