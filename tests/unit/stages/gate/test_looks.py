"""The budget of looks at a test set, and what a sealed test set shows."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.unit.stages.gate.world import BAD, GOOD, POLICY, World

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]  # MLflow's own deprecations


def test_a_spent_budget_refuses_until_the_test_set_changes(world: World) -> None:
    for number in range(3):
        world.train(f"model {number}", BAD)
        assert world.decide(looks=2).looks.used == number + 1
        world.decide(looks=2)  # the same model again is not a further look
    spent = world.decide(looks=2)
    assert spent.code == "looks_spent"
    assert "the look budget of this test set (2) is spent" in spent.reason
    world.path("reports/looks.json").unlink()
    for run in world.client.search_runs(["1"]):
        world.client.delete_run(run.info.run_id)
        world.client.restore_run(run.info.run_id) if run.info.run_name == "model 2" else None
    assert world.decide(looks=2).looks.used == 3  # neither a deleted file nor deleted runs give looks back
    world.more_rows()
    world.train("fresh", BAD)
    assert world.decide(looks=2).looks.used == 1


def test_a_spent_sealed_test_set_says_so(world: World) -> None:
    world.block["gate"] = {**POLICY, "test": "sealed", "looks": 1, "conditions": {"error/test": {"max": 0.2}}}
    world.load()
    world.train("first", BAD)
    assert world.decide().code == "sealed"
    world.train("second", GOOD)
    spent = world.decide()
    assert spent.code == "looks_spent"
    assert "the look budget of this test set (1) is spent" in spent.reason
    assert spent.conditions[0].value is None


def test_sealed_the_test_error_is_nowhere_before_a_pass(world: World) -> None:
    world.block["gate"] = {
        **POLICY,
        "test": "sealed",
        "conditions": {"error/test": {"max": 0.2}, "error/dev": {"max": 0.9}},
    }
    world.load()
    run_id = world.train("first", BAD)
    decision = world.decide()
    assert (decision.decision, decision.code, decision.looks.mode) == ("refuse", "sealed", "sealed")
    assert decision.reason.startswith("the model did not pass")
    sealed, dev = decision.conditions
    assert (sealed.value, sealed.code, sealed.note) == (None, "sealed", "sealed")
    assert dev.value == pytest.approx(0.5, abs=0.05)
    run = world.client.get_run(run_id)
    assert "error/test" not in run.data.metrics
    assert "gap/dev-overfit" not in run.data.metrics
    assert "test" not in world.record("diagnosis.json")["errors"]
    shown = world.project.root / "shown"
    shown.mkdir()
    rows = pd.read_parquet(world.client.download_artifacts(run_id, "gate/outcomes.parquet", str(shown)))
    assert set(rows["split"]) == {"dev"}
    passed = world.train("second", GOOD)
    assert world.decide().decision == "promote"
    rows = pd.read_parquet(world.client.download_artifacts(passed, "gate/outcomes.parquet", str(shown)))
    assert set(rows["split"]) == {"dev", "test"}
    assert world.promote().version == "2"
