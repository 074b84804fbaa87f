"""How the gate decides: on what it rests, what bars a model, what a dead server leaves, and what it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlstrat_plugin.adapters.tracking import Registry
from mlstrat_plugin.cli.main import main
from mlstrat_plugin.errors import GateError, MlstratError, TrackingError
from mlstrat_plugin.stages.gate import gate, promote, promoting, trial
from tests.unit.stages.gate.world import BAD, GOOD, MODEL, World, flat

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]  # MLflow's own deprecations


def test_the_policy_is_resolved_once_per_command(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.train("first", BAD)
    asked, decided = [], []
    resolve, decide = trial.policy_of, promoting.decide
    monkeypatch.setattr(trial, "policy_of", lambda project: asked.append(project) or resolve(project))
    monkeypatch.setattr(promoting, "decide", lambda *given: decided.append(given) or decide(*given))
    project = world.load()
    gate(project)
    assert len(asked) == 1
    promote(project)
    assert len(asked) == 2
    assert len(decided) == 1  # promotion decides again


def test_files_are_found_from_any_folder_and_named_as_in_the_project(world: World, tmp_path: Path) -> None:
    world.train("first", BAD)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(elsewhere)
        decision = world.decide()
        assert world.promote().version == "1"
    assert not list(elsewhere.iterdir())
    assert list(decision.inputs) == [
        "reports/diagnosis.json",
        "data/predictions.parquet",
        "data/splits/dev.parquet",
        "data/splits/test.parquet",
        "models/model.bin",
    ]


def test_reports_go_to_the_folder_of_the_params(world: World) -> None:
    """Two models of one repository have a folder of reports each."""
    world.train("first", BAD)
    world.path("reports").rename(world.path("mobile"))
    world.block["folders"] = {"reports": "mobile"}
    assert world.decide().decision == "promote"
    world.promote()
    names = {file.name for file in world.path("mobile").iterdir()}
    assert {"gate.json", "gate.html", "looks.json", "promotion.json"} <= names
    assert not world.path("reports").exists()


def test_predictions_of_another_model_are_seen(world: World) -> None:
    """The files of a new model with the diagnosis and the run of the old one."""
    world.train("first", BAD)
    world.project.predict(GOOD)
    decision = world.decide()
    assert (decision.decision, decision.code) == ("refuse", "stale_diagnosis")
    assert "is stale" in decision.reason
    world.project.predict(BAD)
    world.path(MODEL).write_text("another model")
    decision = world.decide()
    assert (decision.decision, decision.code) == ("refuse", "run_differs")
    assert "belongs to another model_hash" in decision.reason


def test_an_edited_diagnosis_is_seen(world: World) -> None:
    world.train("first", BAD)
    saved = world.record("diagnosis.json")
    saved["errors"]["test"]["value"] = 0.001
    world.path("reports/diagnosis.json").write_text(json.dumps(saved))
    assert world.decide().code == "stale_diagnosis"


def test_edited_metrics_and_tags_change_nothing(world: World) -> None:
    run_id = world.train("first", BAD)
    world.client.log_metric(run_id, "error/test", float("nan"), step=9)
    world.client.log_metric(run_id, "gap/mismatch", float("inf"), step=9)
    world.client.set_tag(run_id, "gate", "pass")
    world.client.set_model_version_tag("digits", "1", "gate", "pass")
    decision = world.decide(conditions={"error/test": {"max": 0.1}})
    assert (decision.decision, decision.code) == ("refuse", "above_limit")
    assert decision.conditions[0].value == pytest.approx(0.5, abs=0.05)


def test_an_incomplete_run_is_refused(world: World) -> None:
    run_id = world.train("first", BAD)
    world.client.delete_tag(run_id, "mlstrat.completed")
    decision = world.decide()
    assert (decision.decision, decision.code) == ("refuse", "run_incomplete")
    assert "does not carry the complete diagnosis" in decision.reason


def test_the_champion_is_not_promoted_again_and_every_problem_is_said(world: World) -> None:
    run_id = world.train("first", BAD)
    world.crown()
    world.client.delete_tag(run_id, "mlstrat.completed")
    decision = world.decide()
    assert [problem.code for problem in decision.problems] == ["run_incomplete", "already_champion"]
    assert decision.reason == decision.problems[0].message
    assert decision.problems[1].message == "this model is already the champion, as version 1"


def test_a_registry_that_does_not_answer_leaves_it_unclear(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.train("first", BAD)

    def down(*_: Any) -> None:
        raise TrackingError("no tracking on http://127.0.0.1:1: refused", hint="")

    monkeypatch.setattr(Registry, "champion", down)
    decision = world.decide()
    assert (decision.decision, decision.code, decision.champion) == ("unclear", "server_down", "")
    saved = world.record("gate.json")
    assert saved["reason"] == "the gate could not be checked: no tracking on http://127.0.0.1:1: refused"
    with pytest.raises(MlstratError, match="could not be checked"):
        world.promote()


def test_file_stores_and_missing_policies_are_refused(world: World) -> None:
    world.train("first", BAD)
    track = world.block["track"]
    for changes, message in (
        ({"track": {**track, "tracking_uri": "./mlruns"}}, "file store"),
        ({"gate": None}, r"no mlstrat\.gate"),
        ({"track": {**track, "model": None}}, r"mlstrat\.track\.model is null"),
    ):
        with pytest.raises(GateError, match=message):
            gate(world.project.load(**{**world.block, **changes}))


def test_a_missing_test_split_is_an_error(world: World) -> None:
    world.train("first", BAD)
    world.path("data/splits/test.parquet").unlink()
    with pytest.raises(MlstratError, match=r"test\.parquet"):
        world.decide()
    assert not world.path("reports/gate.json").exists()


def test_enforce_turns_everything_but_a_promotion_into_exit_code_1(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.project.root)
    world.train("first", BAD)
    for limit, codes in ((0.9, (0, 0)), (0.1, (0, 1))):
        world.load(conditions={"error/test": {"max": limit}})
        for arguments, code in zip((["-q", "gate"], ["-q", "gate", "--enforce"]), codes, strict=True):
            with pytest.raises(SystemExit) as stop:
                main(arguments)
            assert stop.value.code == code


def test_markdown_escapes_what_comes_from_data(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(world.project.root)
    world.train("first", BAD)
    world.load(conditions={"error/test[<b>|`x`]": {"max": 1.0}})
    with pytest.raises(SystemExit) as stop:
        main(["gate", "--markdown"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith("**Gate: unclear.** ")
    assert "<b>" not in said.replace("\\<b\\>", "")
    page = world.path("reports/gate.html").read_text()
    assert "test error [&lt;b&gt;|`x`]" in page
    assert "Test-set look 1 of 5 (open; each look is judged at " in page


def test_the_terminal_shows_the_answer_first_and_methods_if_asked(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(world.project.root)
    world.train("first", BAD)
    world.load(conditions={"error/test": {"max": 0.9}, "model_mb": {"max": 5}})
    for flags, methods in (([], False), (["-v"], True)):
        with pytest.raises(SystemExit):
            main([*flags, "gate"])
        said = capsys.readouterr().out
        assert said.startswith("Promote: test error is ")
        assert max(map(len, said.splitlines())) <= 80
        assert flat("condition value bound limit answer") in flat(said)
        assert flat(said).endswith("no champion yet. Test-set look 1 of 5 (open; each look is judged at 0.278%).")
        assert ("wilson" in said) == methods
