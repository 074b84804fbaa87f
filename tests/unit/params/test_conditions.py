"""The names of conditions, parsed once: what each looks at, and whether that is the test set."""

from __future__ import annotations

import pytest

from mlstrat_plugin.params.conditions import (
    NAMES,
    Condition,
    ErrorCondition,
    GapCondition,
    LatencyCondition,
    Limit,
    SizeCondition,
    condition_of,
)
from mlstrat_plugin.params.gate import Gate
from mlstrat_plugin.records.words import Split


@pytest.mark.parametrize(
    ("name", "condition", "title", "of_test"),
    [
        ("error/dev", ErrorCondition(name="error/dev", limit=0.1, split=Split.DEV), "dev error", False),
        ("error/test", ErrorCondition(name="error/test", limit=0.1, split=Split.TEST), "test error", True),
        (
            "error/train-dev[web]",
            ErrorCondition(name="error/train-dev[web]", limit=0.1, split=Split.TRAIN_DEV, part="web"),
            "train-dev error [web]",
            False,
        ),
        (
            "error/test[a[b]]",
            ErrorCondition(name="error/test[a[b]]", limit=0.1, split=Split.TEST, part="a[b]"),
            "test error [a[b]]",
            True,
        ),
        ("gap/bias", GapCondition(name="gap/bias", limit=0.1, gap="bias", low="human", high="train"), "bias", False),
        (
            "gap/dev-overfit",
            GapCondition(name="gap/dev-overfit", limit=0.1, gap="dev-overfit", low="dev", high="test"),
            "dev-overfit",
            True,
        ),
        ("model_mb", SizeCondition(name="model_mb", limit=0.1), "model size", False),
    ],
)
def test_every_name_is_parsed(name: str, condition: Condition, title: str, of_test: bool) -> None:
    found = condition_of(name, Limit(max=0.1))
    assert found == condition
    assert (found.title, found.of_test) == (title, of_test)


def test_a_latency_asks_for_the_share_of_rows_that_are_too_slow() -> None:
    found = condition_of("latency_ms", Limit(max=100, quantile=0.95))
    assert isinstance(found, LatencyCondition)
    assert (found.milliseconds, found.quantile, found.limit) == (100, 0.95, pytest.approx(0.05))
    assert (found.title, found.of_test) == ("rows at or above 100 ms", False)


def test_a_policy_holds_its_conditions_parsed_in_their_order() -> None:
    limits = {name: {"max": 1, **({"quantile": 0.9} if name == "latency_ms" else {})} for name in NAMES}
    policy = Gate.model_validate({"model": "m", "conditions": limits})
    assert [condition.name for condition in policy.asked] == list(NAMES)
    assert policy.asked is policy.asked
    assert {condition.kind for condition in policy.asked} == {"error", "gap", "latency", "size"}
    assert set(policy.model_dump(mode="json")["conditions"]) == set(NAMES)  # what a policy's hash is made of
