"""The challenger against the champion: the same rows, other rows, the champion's model asked again."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlstrat_plugin.adapters.tracking import Registry
from mlstrat_plugin.errors import GateError, ParamsError
from tests.unit.stages.gate.world import BAD, GOOD, World, Wrong, ends

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]  # MLflow's own deprecations


def test_an_equal_model_is_unclear_and_says_what_it_would_take(world: World) -> None:
    world.train("first", ends("1", "2"))
    world.crown()
    world.train("slightly better", lambda rows: ends("1", "2")(rows) & ~ends("01", "11")(rows) | ends("03")(rows))
    decision = world.decide()
    assert (decision.decision, decision.code) == ("unclear", "bounds_open")
    assert decision.challenge is not None
    assert decision.challenge.rows_needed is not None
    assert decision.challenge.rows_needed > 1000
    assert decision.reason.endswith(f"About {decision.challenge.rows_needed:,} test rows would decide")
    assert "lower [" in decision.reason
    assert "than the champion's, which is not proven better" in decision.reason


def test_other_rows_are_not_compared_and_the_reason_says_so(world: World) -> None:
    world.train("first", BAD)
    world.crown()
    world.more_rows()
    world.train("second", GOOD)
    decision = world.decide()
    assert (decision.decision, decision.code) == ("unclear", "rows_differ")
    assert re.search(r"the challenger was scored on [\d,]+ more rows", decision.reason)
    assert "rescore: true" in decision.reason
    run = world.client.get_model_version("digits", "1").run_id
    world.client.delete_run(run)
    decision = world.decide()
    assert (decision.decision, decision.code) == ("unclear", "no_outcomes")
    assert "has no outcomes.parquet" in decision.reason


def other_rows(world: World) -> None:
    """Let a champion meet a challenger on rows that it was not scored on."""
    world.train("first", BAD)
    world.crown()
    world.more_rows()
    world.train("second", GOOD)
    world.path("mine.py").write_text("def inputs(rows):\n    return rows[['id', 'label']]\n")


def test_the_champions_model_is_scored_on_todays_rows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    other_rows(world)

    def predict(self: Registry, version: Any, inputs: pd.DataFrame) -> Any:
        assert version.version == "1"
        return inputs["label"].where(~BAD(inputs), (inputs["label"] + 1) % 3)

    monkeypatch.setattr(Registry, "predict", predict)
    decision = world.decide(rescore=True, inputs="mine.inputs")
    assert decision.decision == "promote"
    assert decision.challenge is not None
    assert (decision.challenge.broken, decision.challenge.n) == (0, pytest.approx(1100, abs=60))
    assert decision.challenge.note == "version 1 was scored on today's rows"
    with pytest.raises(ParamsError, match=r"mlstrat\.gate\.inputs = mine\.outputs"):
        world.decide(rescore=True, inputs="mine.outputs")


def test_answers_that_do_not_fit_the_rows_are_errors(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    other_rows(world)
    for answer, message in (
        (lambda rows: np.zeros(len(rows) - 1, dtype=int), "gave answers of shape"),
        (lambda rows: ["a"] * len(rows), r"prediction is string, but label in the splits is int64"),
    ):
        monkeypatch.setattr(Registry, "predict", lambda self, version, inputs, answer=answer: answer(inputs))
        with pytest.raises(GateError, match=message) as caught:
            world.decide(rescore=True, inputs="mine.inputs")
        assert "mlstrat.gate.inputs" in caught.value.hint


def test_a_metric_that_has_no_rows_is_compared_by_its_saved_error(world: World) -> None:
    world.block["evaluate"] = {"metric": "macro_f1"}
    world.load()
    world.train("first", BAD)
    world.crown()
    world.train("second", GOOD)
    decision = world.decide()
    assert decision.decision == "promote"
    assert decision.challenge is not None
    assert decision.challenge.fixed is None
    assert decision.challenge.change == pytest.approx(-0.4, abs=0.06)
    world.more_rows()
    world.train("third", GOOD)
    assert world.decide().code == "no_outcomes"


def test_two_models_of_the_same_losses_are_unclear(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.block |= {"evaluate": {"metric": "mean_loss"}, "human": {"loss": 0.01}}
    world.load()
    predict = world.project.predict

    def with_losses(wrong: Wrong) -> pd.DataFrame:
        table = predict(wrong)
        table["loss"] = 0.1 + wrong(table)
        world.project.write("data/predictions.parquet", table)
        return table

    monkeypatch.setattr(world.project, "predict", with_losses)
    world.train("first", BAD)
    world.crown()
    world.train("second", BAD)
    decision = world.decide()
    assert (decision.decision, decision.code) == ("unclear", "not_measured")
    assert "no row or group changed its loss" in decision.reason


def test_a_champion_of_another_metric_or_unit_is_not_compared(world: World) -> None:
    world.block |= {
        "evaluate": {"metric": "mean_absolute_error", "unit": "hours"},
        "diagnose": {"material_gap": 0.1},
        "human": {"loss": 0.01},
    }
    world.load()
    world.train("first", BAD)
    world.crown()
    world.block["evaluate"] = {"metric": "mean_absolute_error", "unit": "minutes"}
    world.load()
    world.train("second", GOOD)
    decision = world.decide()
    assert (decision.decision, decision.code) == ("unclear", "metric_differs")
    assert (
        "measured by mean_absolute_error in hours, the challenger by mean_absolute_error in minutes" in decision.reason
    )
    world.block |= {"evaluate": {"metric": "macro_f1"}, "human": {"error": 0.01}}
    world.load()
    world.train("third", GOOD)
    assert world.decide().code == "metric_differs"


def test_a_projects_own_metric_can_beat_the_champion(world: World) -> None:
    world.path("own.py").write_text("def wrong(counts, labels):\n    return 1 - counts.trace() / counts.sum()\n")
    world.block["evaluate"] = {"metric": "own.wrong", "draws": 300}
    world.load()
    world.train("first", BAD)
    world.crown()
    world.train("second", GOOD)
    decision = world.decide()
    assert decision.decision == "promote", decision.reason
    assert decision.challenge is not None
    assert decision.challenge.change == pytest.approx(-0.4, abs=0.06)
