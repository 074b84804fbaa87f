"""The gate on a real registry: what promotes, what does not, and that nothing fools it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mlstrat_plugin.adapters.addresses import resolve_uri
from mlstrat_plugin.adapters.tracking import Registry
from mlstrat_plugin.cli.main import main
from mlstrat_plugin.errors import GateError, MlstratError, ParamsError, PromotionRefused, TrackingError
from mlstrat_plugin.params.project import load_project
from mlstrat_plugin.records.gate import Decision
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.gate import gate, promote
from mlstrat_plugin.stages.report import report
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.stages.track import track
from tests.conftest import Project, digits, migrated_database

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from mlstrat_plugin.params.project import Project as MlstratProject

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]  # MLflow's own deprecations
MODEL = Path("models/model.bin")
POLICY: dict[str, Any] = {
    "model": "digits",
    "optimize": {"split": "test"},
    "conditions": {"error/test": {"max": 0.9}},
    "looks": 5,
}
Wrong = Callable[[pd.DataFrame], "pd.Series[bool]"]


def ends(*digits_: str) -> Wrong:
    """Return who is answered wrongly: ids that end so."""
    return lambda rows: rows["id"].str.endswith(digits_)


BAD, GOOD = ends("1", "2", "3", "4", "5"), ends("1")


@dataclass
class World:
    """A project with its registry; each model is a file with its own weights, a run and a version."""

    project: Project
    client: MlflowClient
    block: dict[str, Any]
    name: str = "digits"

    def load(self, **gate_changes: Any) -> MlstratProject:
        policy = {**self.block["gate"], **gate_changes}
        return self.project.load(**{**self.block, "gate": {k: v for k, v in policy.items() if v != "absent"}})

    def train(self, weights: str, wrong: Wrong, *, register: bool = True) -> str:
        """Train, predict, diagnose and track a model; return its run."""
        experiment = self.client.get_experiment_by_name("training")
        assert experiment is not None
        run_id = str(self.client.create_run(experiment.experiment_id, run_name=weights).info.run_id)
        MODEL.parent.mkdir(exist_ok=True)
        MODEL.write_text(weights)
        Path("models/run.json").write_text(json.dumps({"run_id": run_id}))
        self.project.predict(wrong)
        loaded = load_project()
        diagnose(loaded)
        report(loaded)
        track(loaded)
        if register:
            self.register(run_id)
        return run_id

    def register(self, run_id: str) -> str:
        if not self.client.search_registered_models(f"name = '{self.name}'"):
            self.client.create_registered_model(self.name)
        return str(self.client.create_model_version(self.name, f"runs:/{run_id}/model", run_id=run_id).version)

    def champion(self) -> str:
        aliases = self.client.get_registered_model(self.name).aliases
        return str(aliases.get("champion", ""))


@pytest.fixture
def world(project: Project) -> Iterator[World]:
    from mlflow import MlflowClient

    shutil.copy(migrated_database(), "mlflow.db")
    project.write("mobile.parquet", digits(4000, "m"))
    client = MlflowClient(resolve_uri("sqlite:///mlflow.db"))
    client.create_experiment("training", artifact_location=str(Path("artifacts").resolve()))
    tracking = {"tracking_uri": "sqlite:///mlflow.db", "run": "models/run.json", "model": str(MODEL)}
    made = World(project, client, {"track": tracking, "gate": POLICY})
    split(made.load())
    yield made


def decided(world: World, **changes: Any) -> Decision:
    return gate(world.load(**changes))


def test_the_first_model_needs_the_conditions_and_the_second_must_be_better(world: World) -> None:
    first = world.train("first", BAD)
    decision = decided(world)
    assert (decision.decision, decision.champion, decision.challenge) == ("promote", "", None)
    assert world.champion() == ""  # the gate decides, it does not promote
    assert promote(world.load()).version == world.champion() == "1"
    world.train("worse", ends("1", "2", "3", "4", "5", "6"))
    worse = decided(world)
    assert worse.decision == "refuse"
    assert worse.challenge is not None
    assert worse.challenge.answer == "fail"
    with pytest.raises(PromotionRefused, match="the gate said refuse"):
        promote(world.load())
    third = world.train("better", GOOD)
    better = decided(world)
    assert (better.decision, better.champion) == ("promote", "1")
    assert better.challenge is not None
    assert (better.challenge.broken, better.challenge.n) == (0, pytest.approx(1000, abs=60))
    assert better.challenge.fixed == pytest.approx(400, abs=60)
    assert better.looks.used == 3
    promote(world.load())
    assert world.champion() == "3"
    for run_id, tag in ((first, "pass"), (third, "pass")):
        assert world.client.get_run(run_id).data.tags["gate"] == tag
    version = world.client.get_model_version("digits", "3")
    assert version.description.startswith("champion instead of version 1, by ")
    record = json.loads(Path("reports/promotion.json").read_text())
    assert (record["version"], record["champion_before"], record["forced"]) == ("3", "1", "")
    names = {item.path for item in world.client.list_artifacts(third, "gate")}
    assert names == {"gate/gate.html", "gate/gate.json", "gate/outcomes.parquet", "gate/promotion.json"}
    world.train("another", ends("0"))
    assert "is spent; refresh the test set" in decided(world).reason


def test_an_equal_model_is_unclear_and_says_what_it_would_take(world: World) -> None:
    world.train("first", ends("1", "2"))
    decided(world)
    promote(world.load())
    world.train("slightly better", lambda rows: ends("1", "2")(rows) & ~ends("01", "11")(rows) | ends("03")(rows))
    decision = decided(world)
    assert decision.decision == "unclear"
    assert decision.challenge is not None
    assert decision.challenge.rows_needed is not None
    assert decision.challenge.rows_needed > 1000
    with pytest.raises(SystemExit) as stop:
        main(["-q", "gate", "--enforce"])
    assert stop.value.code == 1
    with pytest.raises(SystemExit) as stop:
        main(["-q", "gate"])
    assert stop.value.code == 0


def test_a_forced_promotion_needs_a_reason_and_is_recorded(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = world.train("first", BAD)
    params = world.load(conditions={"error/test": {"max": 0.1}})
    assert gate(params).decision == "refuse"
    for arguments in (
        ["promote"],
        ["promote", "--force"],
        ["promote", "--reason", "x"],
        ["promote", "--force", "--reason", " "],
    ):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code in (1, 2)
    assert world.champion() == ""
    with pytest.raises(SystemExit) as stop:
        main(["promote", "--force", "--reason", "hotfix <42>"])
    assert stop.value.code == 0
    assert world.champion() == "1"
    record = json.loads(Path("reports/promotion.json").read_text())
    assert (record["forced"], record["decision"]) == ("hotfix <42>", "refuse")
    assert record["by"]
    assert re.match(r"20\d\d-", record["at"])
    assert world.client.get_run(run_id).data.tags["gate"] == "forced"
    assert "forced: hotfix" in world.client.get_model_version("digits", "1").description


@pytest.mark.parametrize(
    "file",
    [
        "reports/diagnosis.json",
        "data/predictions.parquet",
        "models/model.bin",
        "data/splits/test.parquet",
        "params.yaml",
    ],
)
def test_a_stale_decision_promotes_nothing(world: World, file: str) -> None:
    world.train("first", BAD)
    assert decided(world).decision == "promote"
    if file == "params.yaml":
        params = world.load(conditions={"error/test": {"max": 0.95}})
    else:
        params = world.load()
        content = Path(file).read_bytes()
        Path(file).write_bytes(
            content.replace(b'"mismatch"', b'"variance"') if file.endswith("json") else content + b" "
        )
    with pytest.raises(GateError, match="is stale"):
        promote(params)
    assert world.champion() == ""


def test_predictions_of_another_model_are_seen(world: World) -> None:
    """The files of a new model beside the diagnosis and the run of the old one."""
    world.train("first", BAD)
    world.project.predict(GOOD)
    decision = decided(world)
    assert decision.decision == "refuse"
    assert "stale" in decision.reason
    world.project.predict(BAD)
    MODEL.write_text("another model")
    assert "is of another model_hash" in decided(world).reason


def test_an_edited_diagnosis_is_seen(world: World) -> None:
    world.train("first", BAD)
    saved = json.loads(Path("reports/diagnosis.json").read_text())
    saved["errors"]["test"]["value"] = 0.001
    Path("reports/diagnosis.json").write_text(json.dumps(saved))
    assert "stale" in decided(world).reason


def test_an_edited_decision_promotes_nothing(world: World) -> None:
    """Whoever can write the file is not whoever decides: the answer is made anew from what it rests on."""
    world.train("first", BAD)
    params = world.load(conditions={"error/test": {"max": 0.1}})
    assert gate(params).decision == "refuse"
    saved = Path("reports/gate.json")
    saved.write_text(saved.read_text().replace('"decision": "refuse"', '"decision": "promote"'))
    with pytest.raises(PromotionRefused, match=r"gate\.json says promote, but the gate says refuse: error/test"):
        promote(params)
    assert world.champion() == ""


def test_the_version_starts_with_the_verdict_and_says_the_decision(world: World) -> None:
    world.train("first", BAD)
    for _ in range(2):
        decided(world)
        track(world.load())
    said = world.client.get_model_version("digits", "1").description
    assert said.startswith("bias - avoidable bias dominates")
    assert said.count("gate: promote (against no champion; look 1 of 5") == 1
    promote(world.load())
    track(world.load())
    said = world.client.get_model_version("digits", "1").description
    assert said.startswith("bias - ")
    assert "champion instead of no version" in said


def test_a_spent_sealed_test_set_says_so(world: World) -> None:
    world.block["gate"] = {**POLICY, "test": "sealed", "looks": 1, "conditions": {"error/test": {"max": 0.2}}}
    world.load()
    world.train("first", BAD)
    assert decided(world).reason.startswith("not passed")
    world.train("second", GOOD)
    spent = decided(world)
    assert "the 1 looks at this test set are spent" in spent.reason
    assert spent.conditions[0].value is None


def test_edited_metrics_and_tags_change_nothing(world: World) -> None:
    run_id = world.train("first", BAD)
    world.client.log_metric(run_id, "error/test", float("nan"), step=9)
    world.client.log_metric(run_id, "gap/mismatch", float("inf"), step=9)
    world.client.set_tag(run_id, "gate", "pass")
    world.client.set_model_version_tag("digits", "1", "gate", "pass")
    decision = decided(world, conditions={"error/test": {"max": 0.1}})
    assert decision.decision == "refuse"
    assert decision.conditions[0].value == pytest.approx(0.5, abs=0.05)


def test_an_incomplete_run_is_refused(world: World) -> None:
    run_id = world.train("first", BAD)
    world.client.delete_tag(run_id, "mlstrat.completed")
    assert "does not carry a whole diagnosis" in decided(world).reason


def test_two_candidates_from_one_run(world: World) -> None:
    run_id = world.train("first", BAD)
    world.register(run_id)
    assert "nobody says which one is the candidate" in decided(world).reason
    with pytest.raises(PromotionRefused):
        promote(world.load())
    with pytest.raises(GateError, match=r"several versions of digits \(1, 2\)"):
        promote(world.load(), force="whatever")


def test_a_champion_that_changed_meanwhile(world: World) -> None:
    world.train("first", BAD)
    decided(world)
    world.register(world.client.create_run("1").info.run_id)
    world.client.set_registered_model_alias("digits", "champion", "2")
    with pytest.raises(GateError, match="changed since the decision: it is version 2, not unset"):
        promote(world.load())
    assert world.champion() == "2"


def test_a_deleted_champion(world: World) -> None:
    world.train("first", BAD)
    decided(world)
    promote(world.load())
    world.train("second", GOOD)
    decided(world)
    world.client.delete_model_version("digits", "1")
    with pytest.raises(GateError, match="it is set for no version, not version 1"):
        promote(world.load())
    assert decided(world, without_champion="refuse").decision == "refuse"


def test_a_candidate_whose_version_is_deleted_has_none(world: World) -> None:
    world.train("first", BAD)
    decided(world)
    world.client.delete_model_version("digits", "1")
    with pytest.raises(GateError, match="has no version of digits"):
        promote(world.load())


def test_other_rows_refuse_and_say_so(world: World) -> None:
    world.train("first", BAD)
    decided(world)
    promote(world.load())
    world.project.write("mobile.parquet", digits(4400, "m"))
    split(world.load())
    world.train("second", GOOD)
    decision = decided(world)
    assert decision.decision == "unclear"
    assert re.search(r"the challenger was scored on [\d,]+ more rows", decision.reason)
    assert "rescore: true" in decision.reason
    run = world.client.get_model_version("digits", "1").run_id
    world.client.delete_run(run)
    assert "keeps no outcomes.parquet" in decided(world).reason


def test_the_champions_model_is_scored_on_todays_rows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.train("first", BAD)
    decided(world)
    promote(world.load())
    world.project.write("mobile.parquet", digits(4400, "m"))
    split(world.load())
    world.train("second", GOOD)
    Path("mine.py").write_text("def inputs(rows):\n    return rows[['id', 'label']]\n")

    def predict(self: Registry, version: Any, inputs: pd.DataFrame) -> Any:
        assert version.version == "1"
        return inputs["label"].where(~BAD(inputs), (inputs["label"] + 1) % 3)

    monkeypatch.setattr(Registry, "predict", predict)
    decision = decided(world, rescore=True, inputs="mine.inputs")
    assert decision.decision == "promote"
    assert decision.challenge is not None
    assert (decision.challenge.broken, decision.challenge.n) == (0, pytest.approx(1100, abs=60))
    assert decision.challenge.note == "version 1 was scored on today's rows"
    with pytest.raises(ParamsError, match=r"mlstrat\.gate\.inputs = mine\.outputs"):
        decided(world, rescore=True, inputs="mine.outputs")


def test_a_spent_budget_refuses_until_the_test_set_changes(world: World) -> None:
    for number in range(3):
        world.train(f"model {number}", BAD)
        assert decided(world, looks=2).looks.used == number + 1
        decided(world, looks=2)  # the same model again is no further look
    assert "the 2 looks at this test set are spent" in decided(world, looks=2).reason
    Path("reports/looks.json").unlink()
    for run in world.client.search_runs(["1"]):
        world.client.delete_run(run.info.run_id)
        world.client.restore_run(run.info.run_id) if run.info.run_name == "model 2" else None
    assert decided(world, looks=2).looks.used == 3  # neither a deleted file nor deleted runs give looks back
    world.project.write("mobile.parquet", digits(4400, "m"))
    split(world.load())
    world.train("fresh", BAD)
    assert decided(world, looks=2).looks.used == 1


def test_sealed_the_test_error_is_nowhere_before_a_pass(world: World) -> None:
    world.block["gate"] = {
        **POLICY,
        "test": "sealed",
        "conditions": {"error/test": {"max": 0.2}, "error/dev": {"max": 0.9}},
    }
    world.load()
    run_id = world.train("first", BAD)
    decision = decided(world)
    assert (decision.decision, decision.looks.mode) == ("refuse", "sealed")
    assert decision.reason.startswith("not passed")
    sealed, dev = decision.conditions
    assert (sealed.value, sealed.note) == (None, "sealed")
    assert dev.value == pytest.approx(0.5, abs=0.05)
    run = world.client.get_run(run_id)
    assert "error/test" not in run.data.metrics
    assert "gap/dev-overfit" not in run.data.metrics
    assert "test" not in json.loads(Path("reports/diagnosis.json").read_text())["errors"]
    rows = pd.read_parquet(world.client.download_artifacts(run_id, "gate/outcomes.parquet", "."))
    assert set(rows["split"]) == {"dev"}
    passed = world.train("second", GOOD)
    assert decided(world).decision == "promote"
    rows = pd.read_parquet(world.client.download_artifacts(passed, "gate/outcomes.parquet", "."))
    assert set(rows["split"]) == {"dev", "test"}
    assert promote(world.load()).version == "2"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimize": None, "conditions": {}}, "the policy is empty"),
        ({"conditions": {}}, "conditions needs conditions"),
        ({"conditions": {"error/tset": {"max": 1}}}, "did you mean 'error/test'"),
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


def test_measures_that_are_not_there_are_unclear(world: World) -> None:
    world.train("first", BAD)
    conditions = {
        "latency_ms": {"quantile": 0.95, "max": 100},
        "error/test[nowhere]": {"max": 1.0},
        "error/train[web]": {"max": 1.0},
        "model_mb": {"max": 1.0},
    }
    decision = decided(world, conditions=conditions)
    answers = {result.measure: result.answer for result in decision.conditions}
    assert answers == {
        "latency_ms": "unclear",
        "error/test[nowhere]": "unclear",
        "error/train[web]": "pass",
        "model_mb": "pass",
    }
    assert decision.decision == "unclear"


def test_latency_and_slices(world: World) -> None:
    world.train("first", BAD)
    table = pd.read_parquet("data/predictions.parquet")
    table["latency_ms"] = [150.0 if i % 50 == 0 else 40.0 for i in range(len(table))]
    world.project.write("data/predictions.parquet", table)
    conditions = {"latency_ms": {"quantile": 0.95, "max": 100}, "error/test[mobile]": {"max": 0.6}}
    fast, mobile = decided(world, conditions=conditions).conditions
    assert (fast.answer, fast.n) == ("pass", pytest.approx(1000, abs=60))
    assert fast.value == pytest.approx(0.02, abs=0.005)
    assert "stay below 40 ms" in fast.note
    assert mobile.answer == "pass"
    (slow,) = decided(world, conditions={"latency_ms": {"quantile": 0.99, "max": 100}}).conditions
    assert slow.answer == "fail"
    table.loc[table.index[-1500:], "latency_ms"] = float("nan")
    world.project.write("data/predictions.parquet", table)
    (unknown,) = decided(world, conditions={"latency_ms": {"quantile": 0.95, "max": 100}}).conditions
    assert unknown.answer == "unclear"


def test_a_registry_that_does_not_answer_leaves_it_unclear(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.train("first", BAD)

    def down(*_: Any) -> None:
        raise TrackingError("no tracking on http://127.0.0.1:1: refused", hint="")

    monkeypatch.setattr(Registry, "champion", down)
    decision = decided(world)
    assert (decision.decision, decision.champion) == ("unclear", "")
    assert "could not be checked" in json.loads(Path("reports/gate.json").read_text())["reason"]
    with pytest.raises(MlstratError, match="could not be checked"):
        promote(world.load())


def test_file_stores_and_missing_policies_are_refused(world: World) -> None:
    world.train("first", BAD)
    with pytest.raises(GateError, match="file store"):
        gate(world.project.load(**{**world.block, "track": {**world.block["track"], "tracking_uri": "./mlruns"}}))
    with pytest.raises(GateError, match=r"no mlstrat\.gate"):
        gate(world.project.load(**{**world.block, "gate": None}))
    with pytest.raises(GateError, match=r"mlstrat\.track\.model is null"):
        gate(world.project.load(**{**world.block, "track": {**world.block["track"], "model": None}}))


def test_a_missing_test_split_is_an_error(world: World) -> None:
    world.train("first", BAD)
    Path("data/splits/test.parquet").unlink()
    with pytest.raises(MlstratError):
        decided(world)
    assert not Path("reports/gate.json").exists()


def test_markdown_escapes_what_comes_from_data(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.train("first", BAD)
    world.load(conditions={"error/test[<b>|`x`]": {"max": 1.0}})
    with pytest.raises(SystemExit) as stop:
        main(["gate", "--markdown"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith("**Gate: unclear**")
    assert "<b>" not in said.replace("\\<b\\>", "")
    page = Path("reports/gate.html").read_text()
    assert "error/test[&lt;b&gt;|`x`]" in page
    assert "look 1 of 5, 4 left, test open" in page
