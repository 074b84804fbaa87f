"""The conditions of a policy on a real project: which policies are errors, and what each condition measures."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from mlstrat_plugin.errors import ParamsError
from tests.unit.stages.gate.world import BAD, World

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]  # MLflow's own deprecations


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimize": None, "conditions": {}}, "the policy is empty"),
        ({"conditions": {}}, "conditions needs conditions"),
        ({"conditions": {"error/tset": {"max": 1}}}, "is not a condition (did you mean 'error/test'"),
        ({"conditions": {"error/human[web]": {"max": 1}}}, "is not a condition"),
        ({"conditions": {"error/test": {"max": float("nan")}}}, "mlstrat.gate.conditions"),
        ({"conditions": {"error/test": {"max": float("inf")}}}, "mlstrat.gate.conditions"),
        ({"conditions": {"latency_ms": {"max": 100}}}, "quantile belongs to latency_ms"),
        ({"conditions": {"error/test": {"max": 1, "quantile": 0.9}}}, "quantile belongs to latency_ms"),
        ({"optimize": {"goal": "non-inferior"}}, "needs a margin above 0"),
        ({"alias": "v2"}, "mlstrat.gate.alias"),
        ({"alias": "latest"}, "mlstrat.gate.alias"),
        ({"looks": 0}, "mlstrat.gate.looks"),
    ],
)
def test_policies_that_decide_nothing_are_errors(world: World, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ParamsError, match=re.escape(message)):
        world.load(**changes)


def test_what_is_not_there_is_unclear(world: World) -> None:
    world.train("first", BAD)
    conditions = {
        "latency_ms": {"quantile": 0.95, "max": 100},
        "error/test[nowhere]": {"max": 1.0},
        "error/train[web]": {"max": 1.0},
        "model_mb": {"max": 1.0},
    }
    decision = world.decide(conditions=conditions)
    answers = {result.condition: (result.answer, result.code) for result in decision.conditions}
    assert answers == {
        "latency_ms": ("unclear", "no_latency"),
        "error/test[nowhere]": ("unclear", "unknown_slice"),
        "error/train[web]": ("pass", ""),
        "model_mb": ("pass", ""),
    }
    assert (decision.decision, decision.code) == ("unclear", "no_latency")
    saved = world.record("gate.json")["conditions"]
    assert [one["condition"] for one in saved] == list(conditions)
    assert [one["title"] for one in saved] == [
        "rows at or above 100 ms",
        "test error [nowhere]",
        "train error [web]",
        "model size",
    ]


def test_latency_and_slices(world: World) -> None:
    world.train("first", BAD)
    table = pd.read_parquet(world.path("data/predictions.parquet"))
    table["latency_ms"] = [150.0 if i % 50 == 0 else 40.0 for i in range(len(table))]
    world.project.write("data/predictions.parquet", table)
    conditions = {"latency_ms": {"quantile": 0.95, "max": 100}, "error/test[mobile]": {"max": 0.6}}
    fast, mobile = world.decide(conditions=conditions).conditions
    assert (fast.answer, fast.n) == ("pass", pytest.approx(1000, abs=60))
    assert fast.value == pytest.approx(0.02, abs=0.005)
    assert fast.limit == pytest.approx(0.05)
    assert "95% of rows take at most 40 ms" in fast.note
    assert mobile.answer == "pass"
    (slow,) = world.decide(conditions={"latency_ms": {"quantile": 0.99, "max": 100}}).conditions
    assert (slow.answer, slow.code) == ("fail", "above_limit")
    table.loc[table.index[-1500:], "latency_ms"] = float("nan")
    world.project.write("data/predictions.parquet", table)
    (unknown,) = world.decide(conditions={"latency_ms": {"quantile": 0.95, "max": 100}}).conditions
    assert (unknown.answer, unknown.code) == ("unclear", "no_latency")
