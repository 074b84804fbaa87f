"""What is promoted and what is not: stale, edited and forced decisions, and champions that changed."""

from __future__ import annotations

import re

import pytest

from mlstrat_plugin.cli.main import main
from mlstrat_plugin.errors import GateError, PromotionRefused
from mlstrat_plugin.stages.gate import promote
from mlstrat_plugin.stages.track import track
from tests.unit.stages.gate.world import BAD, GOOD, WORSE, World, ends

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]  # MLflow's own deprecations


def test_the_first_model_needs_the_conditions_and_the_second_must_be_better(world: World) -> None:
    first = world.train("first", BAD)
    decision = world.decide()
    assert (decision.decision, decision.champion, decision.challenge) == ("promote", "", None)
    assert decision.code == ""
    assert world.champion() == ""  # the gate decides, it does not promote
    assert world.promote().version == world.champion() == "1"
    world.train("worse", WORSE)
    worse = world.decide()
    assert (worse.decision, worse.code) == ("refuse", "not_better")
    assert worse.challenge is not None
    assert (worse.challenge.answer, worse.challenge.code) == ("fail", "not_better")
    with pytest.raises(PromotionRefused, match="the gate said refuse"):
        world.promote()
    third = world.train("better", GOOD)
    better = world.decide()
    assert (better.decision, better.champion) == ("promote", "1")
    assert better.challenge is not None
    assert (better.challenge.broken, better.challenge.n) == (0, pytest.approx(1000, abs=60))
    assert better.challenge.fixed == pytest.approx(400, abs=60)
    assert better.looks.used == 3
    world.promote()
    assert world.champion() == "3"
    for run_id in (first, third):
        assert world.client.get_run(run_id).data.tags["gate"] == "pass"
    assert re.match(
        r"Promoted to champion by \S+ on \d+ \w{3} 20\d\d, \d\d:\d\d UTC \(instead of version 1\)\. Gate: ",
        world.description("3"),
    )
    record = world.record("promotion.json")
    assert (record["version"], record["champion_before"], record["forced"]) == ("3", "1", "")
    names = {item.path for item in world.client.list_artifacts(third, "gate")}
    assert names == {"gate/gate.html", "gate/gate.json", "gate/outcomes.parquet", "gate/promotion.json"}
    world.train("another", ends("0"))
    spent = world.decide()
    assert spent.code == "promotions_spent"
    assert "refresh the test set" in spent.reason


def test_a_forced_promotion_needs_a_reason_and_is_recorded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world.project.root)
    run_id = world.train("first", BAD)
    assert world.decide(conditions={"error/test": {"max": 0.1}}).decision == "refuse"
    for arguments, code in (
        (["promote"], 1),
        (["promote", "--force"], 2),
        (["promote", "--reason", "x"], 2),
        (["promote", "--force", "--reason", " "], 2),
    ):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == code
    assert world.champion() == ""
    with pytest.raises(SystemExit) as stop:
        main(["promote", "--force", "--reason", "hotfix <42>"])
    assert stop.value.code == 0
    assert world.champion() == "1"
    record = world.record("promotion.json")
    assert (record["forced"], record["decision"]) == ("hotfix <42>", "refuse")
    assert record["by"]
    assert re.match(r"20\d\d-", record["at"])
    assert world.client.get_run(run_id).data.tags["gate"] == "forced"
    assert "(first champion). Forced: hotfix" in world.description("1")


@pytest.mark.parametrize(
    "file",
    [
        "reports/diagnosis.json",
        "data/predictions.parquet",
        "models/model.bin",
        "data/splits/test.parquet",
    ],
)
def test_a_stale_decision_promotes_nothing(world: World, file: str) -> None:
    world.train("first", BAD)
    assert world.decide().decision == "promote"
    content = world.path(file).read_bytes()
    edited = content.replace(b'"mismatch"', b'"variance"') if file.endswith("json") else content + b" "
    world.path(file).write_bytes(edited)
    with pytest.raises(GateError, match=f"is stale: {re.escape(file)}"):
        world.promote()
    assert world.champion() == ""


def test_a_decision_by_another_policy_promotes_nothing(world: World) -> None:
    world.train("first", BAD)
    assert world.decide().decision == "promote"
    with pytest.raises(GateError, match=r"is stale: mlstrat\.gate and the metric"):
        world.promote(conditions={"error/test": {"max": 0.95}})
    with pytest.raises(GateError, match="the registered model or its alias changed"):
        world.promote(alias="served")
    assert world.champion() == ""


def test_an_edited_decision_promotes_nothing(world: World) -> None:
    """Whoever can write the file is not whoever decides: the answer is made again from what it rests on."""
    world.train("first", BAD)
    limit = {"error/test": {"max": 0.1}}
    assert world.decide(conditions=limit).decision == "refuse"
    saved = world.path("reports/gate.json")
    saved.write_text(saved.read_text().replace('"decision": "refuse"', '"decision": "promote"'))
    with pytest.raises(PromotionRefused, match=r"gate\.json says promote, but the gate says refuse: test error is"):
        world.promote(conditions=limit)
    assert world.champion() == ""


def test_the_version_starts_with_the_verdict_and_says_the_decision(world: World) -> None:
    world.train("first", BAD)
    for _ in range(2):
        world.decide()
        world.run(track)
    said = world.description("1")
    assert said.startswith("Avoidable bias dominates: ")
    assert said.count("Gate: promote. Test error is ") == 1
    assert "Model digits, no champion yet. Test-set look 1 of 5" in said
    world.promote()
    world.run(track)
    said = world.description("1")
    assert said.startswith("Avoidable bias dominates: ")
    assert "(first champion)" in said


def test_two_candidates_from_one_run(world: World) -> None:
    run_id = world.train("first", BAD)
    world.register(run_id)
    decision = world.decide()
    assert (decision.decision, decision.code) == ("refuse", "several_versions")
    assert "the candidate is ambiguous" in decision.reason
    with pytest.raises(PromotionRefused):
        world.promote()
    with pytest.raises(GateError, match=r"several versions of digits \(1, 2\)"):
        world.promote(force="whatever")


def test_a_champion_that_changed_meanwhile(world: World) -> None:
    world.train("first", BAD)
    world.decide()
    world.register(world.client.create_run("1").info.run_id)
    world.client.set_registered_model_alias("digits", "champion", "2")
    with pytest.raises(GateError, match="changed since the decision: it is version 2, not unset"):
        world.promote()
    assert world.champion() == "2"


def test_a_deleted_champion(world: World) -> None:
    world.train("first", BAD)
    world.crown()
    world.train("second", GOOD)
    world.decide()
    world.client.delete_model_version("digits", "1")
    with pytest.raises(GateError, match="it is set for no version, not version 1"):
        world.promote()
    decision = world.decide(without_champion="refuse")
    assert (decision.decision, decision.code) == ("refuse", "no_champion")


def test_a_candidate_whose_version_is_deleted_has_none(world: World) -> None:
    world.train("first", BAD)
    world.decide()
    world.client.delete_model_version("digits", "1")
    with pytest.raises(GateError, match="has no version of digits"):
        world.promote()


def test_nothing_is_promoted_before_the_gate_has_decided(world: World) -> None:
    world.train("first", BAD)
    from mlstrat_plugin.errors import RecordError

    with pytest.raises(RecordError, match=r"gate\.json"):
        promote(world.load())
