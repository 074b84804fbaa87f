"""`mlflow server` with the store that enforces the gate: attacks, races, the page, and everything else as MLflow has it."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mlstrat_plugin.adapters.tracking import Registry
from mlstrat_plugin.core.gate.signing import DECISION_TAG, KEY_VARIABLE, SIGNATURE_TAG, Warrant, signature
from mlstrat_plugin.errors import GateError, MlstratError, PromotionRefused, TrackingError
from mlstrat_plugin.hooks.registry_store import PROTECTED_VARIABLE, SPENT, build_store
from tests.browser import chromium, picture
from tests.conftest import Project, migrated_database
from tests.servers import mlflow_server, postgresql
from tests.unit.stages.gate.world import BAD, MODEL, POLICY, WORSE, World

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]  # MLflow's own deprecations
KEY = secrets.token_hex(32)
RACERS, ROUNDS = 8, 40
RUNS: dict[str, str] = {}  # by registered model: the run of its versions
BOTH = pytest.mark.parametrize("server", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("registry")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, KEY)
        if getattr(request, "param", "sqlite") == "sqlite":
            shutil.copy(migrated_database(), folder / "server.db")
            store = f"sqlite:///{folder}/server.db"
            with mlflow_server(folder, store, "--registry-store-uri", f"mlstrat+{store}") as uri:
                yield uri
            return
        with postgresql() as store, mlflow_server(folder, store, "--registry-store-uri", f"mlstrat+{store}") as uri:
            yield uri


@pytest.fixture
def client(server: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(server)


@pytest.fixture
def model(client: Any, request: pytest.FixtureRequest) -> str:
    """A registered model with three versions."""
    name = f"digits {secrets.token_hex(4)}"
    client.create_registered_model(name)
    RUNS[name] = client.create_run("0").info.run_id
    for _ in range(3):
        register(client, name)
    return name


def register(client: Any, model: str) -> str:
    return str(client.create_model_version(model, f"runs:/{RUNS[model]}/model", RUNS[model]).version)


def warrant(model: str, version: str, champion: str, **changes: str) -> Warrant:
    made = Warrant(
        model=model, alias="champion", version=version, run_id=RUNS.get(model, ""), policy_hash="p", champion=champion,
        decision="promote", nonce=secrets.token_hex(8),
    )  # fmt: skip
    return replace(made, **changes)


def carry(client: Any, version: str, given: Warrant, *, key: str = KEY, on: str | None = None) -> dict[str, str]:
    """Put a signed decision on a version; return its tags."""
    tags = {DECISION_TAG: given.text(), SIGNATURE_TAG: signature(given, key.encode())}
    for name, value in tags.items():
        client.set_model_version_tag(on or given.model, version, name, value)
    return tags


def champion(client: Any, model: str) -> str:
    return str(client.get_registered_model(model).aliases.get("champion", ""))


def crown(client: Any, model: str, version: str) -> None:
    carry(client, version, warrant(model, version, champion(client, model)))
    client.set_registered_model_alias(model, "champion", version)


def refused(call: Callable[[], Any]) -> str:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException) as caught:
        call()
    assert caught.value.error_code == "PERMISSION_DENIED"
    return str(caught.value)


def test_a_decision_moves_the_alias_and_nothing_else_does(client: Any, model: str) -> None:
    move = client.set_registered_model_alias
    assert "carries no decision" in refused(lambda: move(model, "champion", "1"))
    move(model, "challenger", "1")  # what is not protected is MLflow's own
    crown(client, model, "1")
    assert champion(client, model) == "1"
    old = warrant(model, "2", "")
    carry(client, "2", old)
    assert "champion is now 1" in refused(lambda: move(model, "champion", "2"))
    carry(client, "2", warrant(model, "2", "1", decision="refuse"))
    assert "gate said refuse" in refused(lambda: move(model, "champion", "2"))
    carry(client, "2", warrant(model, "2", "1"), key="x" * 32)
    assert "signature" in refused(lambda: move(model, "champion", "2"))
    good = carry(client, "3", warrant(model, "3", "1"))
    for name, value in good.items():
        client.set_model_version_tag(model, "2", name, value)
    assert "for the version '3'" in refused(lambda: move(model, "champion", "2"))
    client.set_model_version_tag(model, "3", DECISION_TAG, good[DECISION_TAG].replace("promote", "Promote"))
    assert "signature" in refused(lambda: move(model, "champion", "3"))
    assert champion(client, model) == "1"


def test_a_decision_is_spent_with_its_first_use(client: Any, model: str) -> None:
    crown(client, model, "1")
    tags = carry(client, "2", warrant(model, "2", "1"))
    client.set_registered_model_alias(model, "champion", "2")
    crown(client, model, "1")
    for name, value in tags.items():
        client.set_model_version_tag(model, "2", name, value)
    assert "is spent" in refused(lambda: client.set_registered_model_alias(model, "champion", "2"))
    spent = next(key for key in client.get_registered_model(model).tags if key.startswith(SPENT))
    assert "own" in refused(lambda: client.delete_registered_model_tag(model, spent))
    assert "own" in refused(lambda: client.set_registered_model_tag(model, spent, "0"))


def test_the_alias_cannot_be_taken_away(client: Any, model: str) -> None:
    crown(client, model, "1")
    for call in (
        lambda: client.delete_registered_model_alias(model, "champion"),
        lambda: client.delete_model_version(model, "1"),
        lambda: client.delete_registered_model(model),
        lambda: client.rename_registered_model(model, "another"),
    ):
        assert "mlstrat refuses to move champion" in refused(call)
    client.delete_model_version(model, "3")
    carry(client, "2", warrant(model, "2", "1"))
    client.delete_model_version(model, "2")
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="not found"):
        client.set_registered_model_alias(model, "champion", "2")
    assert champion(client, model) == "1"


def test_promote_model_copies_tags_in_vain(client: Any, model: str) -> None:
    """MLflow's button copies a version with its tags to another registered model."""
    carry(client, "1", warrant(model, "1", ""))
    target = f"{model} served"
    copy = client.copy_model_version(f"models:/{model}/1", target)
    assert SIGNATURE_TAG in client.get_model_version(target, copy.version).tags
    assert "for the model" in refused(lambda: client.set_registered_model_alias(target, "champion", copy.version))


def test_without_a_key_the_store_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.entities.model_registry import ModelVersionTag
    from mlflow.exceptions import MlflowException

    shutil.copy(migrated_database(), tmp_path / "registry.db")
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    store = build_store(f"mlstrat+sqlite:///{tmp_path}/registry.db")
    store.create_registered_model("digits")
    store.create_model_version("digits", "runs:/none/model")
    given = warrant("digits", "1", "")
    for name, value in {DECISION_TAG: given.text(), SIGNATURE_TAG: signature(given, KEY.encode())}.items():
        store.set_model_version_tag("digits", "1", ModelVersionTag(name, value))
    with pytest.raises(MlflowException, match=f"no {KEY_VARIABLE}"):
        store.set_registered_model_alias("digits", "champion", "1")
    monkeypatch.setenv(PROTECTED_VARIABLE, "other:champion, prod")
    store.set_registered_model_alias("digits", "champion", "1")
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with pytest.raises(MlflowException, match="refuses to move prod"):
        store.set_registered_model_alias("digits", "prod", "1")


def race(racers: list[Callable[[], None]]) -> list[BaseException | None]:
    """Run all at once; return what each raised."""
    barrier, results = threading.Barrier(len(racers)), [None] * len(racers)

    def run(place: int) -> None:
        barrier.wait()
        try:
            racers[place]()
        except BaseException as error:
            results[place] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(racers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(results)


@BOTH
def test_of_racing_promoters_exactly_one_wins(client: Any, model: str) -> None:
    for _ in range(RACERS + 1 - 3):
        register(client, model)
    versions = [str(number) for number in range(1, RACERS + 2)]
    for _ in range(ROUNDS):
        before = champion(client, model)
        racing = [version for version in versions if version != before][:RACERS]
        for version in racing:
            carry(client, version, warrant(model, version, before))
        results = race([partial(client.set_registered_model_alias, model, "champion", version) for version in racing])
        won = [version for version, error in zip(racing, results, strict=True) if error is None]
        assert won == [champion(client, model)], results
        for error in results:
            assert error is None or "another promoter was faster" in str(error) or "champion is now" in str(error), (
                error
            )


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_advisory_promoters_say_why_they_lost(store: str, tmp_path: Path) -> None:
    """On MLflow's own store nothing can stop two that pass one another; but no loser fails without a reason."""
    from mlflow import MlflowClient

    def run(uri: str) -> None:
        client = MlflowClient(uri)
        client.create_registered_model("digits")
        registries = [Registry(uri, 60.0) for _ in range(RACERS)]
        RUNS["digits"] = client.create_run("0").info.run_id
        made = [register(client, "digits") for _ in range(RACERS)]
        versions = {version.version: version for version in registries[0].versions_of("digits", RUNS["digits"])}
        for number in range(ROUNDS):
            alias = f"champion-{number}"
            moves = zip(registries, made, strict=True)
            results = race([partial(r.move, "digits", alias, versions[v], expected="") for r, v in moves])
            for error in results:
                assert error is None or isinstance(error, (GateError, TrackingError)), repr(error)
                if isinstance(error, MlstratError):
                    assert "changed since the decision" in error.message or "another promoter" in error.message, error
            assert client.get_registered_model("digits").aliases[alias]

    if store == "sqlite":
        shutil.copy(migrated_database(), tmp_path / "registry.db")
        run(f"sqlite:///{tmp_path}/registry.db")
        return
    with postgresql() as uri:
        MlflowClient(uri).search_experiments()
        run(uri)


def session(store: Any) -> list[Any]:
    """Call everything a registry has, outside protected aliases; return every answer, without times."""
    from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
    from mlflow.exceptions import MlflowException

    calls: list[Callable[[], Any]] = [
        lambda: store.create_registered_model("a", [RegisteredModelTag("k", "v")], "text"),
        lambda: store.create_registered_model("a"),
        lambda: store.create_registered_model("b"),
        lambda: store.get_registered_model("a"),
        lambda: store.update_registered_model("a", "other text"),
        lambda: store.set_registered_model_tag("a", RegisteredModelTag("l", "w")),
        lambda: store.delete_registered_model_tag("a", "k"),
        lambda: store.create_model_version("a", "runs:/run/1", "run", [ModelVersionTag("t", "u")], description="one"),
        lambda: store.create_model_version("a", "runs:/run/2"),
        lambda: store.create_model_version("missing", "runs:/run/2"),
        lambda: store.get_model_version("a", "1"),
        lambda: store.update_model_version("a", "1", "two"),
        lambda: store.transition_model_version_stage("a", "1", "Staging", archive_existing_versions=False),
        lambda: store.set_model_version_tag("a", "1", ModelVersionTag("x", "y")),
        lambda: store.delete_model_version_tag("a", "1", "t"),
        lambda: store.set_registered_model_alias("a", "latest-try", "1"),
        lambda: store.set_registered_model_alias("a", "latest-try", "2"),
        lambda: store.set_registered_model_alias("a", "latest-try", "9"),
        lambda: store.set_registered_model_alias("a", "v1", "1"),
        lambda: store.get_model_version_by_alias("a", "latest-try"),
        lambda: store.get_model_version_by_alias("a", "nobody"),
        lambda: store.get_model_version_download_uri("a", "1"),
        lambda: store.get_latest_versions("a"),
        lambda: store.copy_model_version(store.get_model_version("a", "1"), "b"),
        lambda: list(store.search_registered_models("name LIKE '%a%'")),
        lambda: list(store.search_model_versions("name = 'a'")),
        lambda: store.delete_registered_model_alias("a", "latest-try"),
        lambda: store.delete_model_version("a", "2"),
        lambda: store.rename_registered_model("a", "c"),
        lambda: store.get_registered_model("c"),
        lambda: store.delete_registered_model("c"),
        lambda: store.get_registered_model("c"),
    ]
    answers = []
    for call in calls:
        try:
            answers.append(plain(call()))
        except MlflowException as error:
            answers.append((error.error_code, str(error)))
    return answers


def plain(answer: Any) -> Any:
    if isinstance(answer, list):
        return [plain(item) for item in answer]
    if not hasattr(answer, "__dict__"):
        return answer
    fields = {key: value for key, value in vars(answer).items() if "time" not in key}
    return {key: plain(value) if isinstance(value, list) else str(value) for key, value in fields.items()}


def test_outside_protected_aliases_it_is_mlflows_own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    monkeypatch.setattr("random.choice", lambda options: options[0])
    for name in ("ours", "theirs"):
        shutil.copy(migrated_database(), tmp_path / f"{name}.db")
    ours = session(build_store(f"mlstrat+sqlite:///{tmp_path}/ours.db"))
    theirs = session(SqlAlchemyStore(f"sqlite:///{tmp_path}/theirs.db"))
    assert str(ours).replace("ours.db", "") == str(theirs).replace("theirs.db", "")
    assert len(ours) == 32
    assert any(isinstance(answer, tuple) for answer in ours)


def test_the_commands_on_a_server_that_enforces(
    client: Any, server: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking = {"tracking_uri": server, "run": "models/run.json", "model": MODEL}
    world = World(project, client, {"track": tracking, "gate": {**POLICY, "model": f"digits {secrets.token_hex(4)}"}})
    world.name = world.block["gate"]["model"]
    client.create_experiment("training")
    world.split()
    world.train("first", BAD)
    assert world.decide().decision == "promote"
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(PromotionRefused, match="carries no decision"):
        world.promote()
    monkeypatch.setenv(KEY_VARIABLE, "another key of more than 32 bytes!")
    with pytest.raises(PromotionRefused, match="signature of its decision is not valid") as caught:
        world.promote()
    assert "same as on the server" in caught.value.hint
    assert not world.path("reports/promotion.json").exists()
    assert world.champion() == ""
    assert "Promoted to champion" not in world.description("1")
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    assert world.promote().version == world.champion() == "1"
    world.train("worse", WORSE)
    assert world.decide().decision == "refuse"
    assert world.promote(force="hotfix").version == world.champion() == "2"


def test_the_page_shows_the_refusal(client: Any, server: str, tmp_path: Path) -> None:
    client.create_registered_model("digits")
    RUNS["digits"] = client.create_run("0").info.run_id
    register(client, "digits")
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1300, "height": 900}).new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{server}/#/models/digits/versions/1")
        page.get_by_text("Aliases").first.wait_for()
        page.get_by_role("button", name="Add").first.click()
        dialog = page.get_by_role("dialog")
        dialog.wait_for()
        field = dialog.get_by_role("combobox")
        field.fill("champion")
        field.press("Enter")
        dialog.get_by_role("button", name="Save").click()
        reason = page.get_by_text("mlstrat refuses to move champion of digits")
        reason.first.wait_for()
        assert reason.first.is_visible()
        picture(page, "mlflow-refusal", tmp_path)
    assert champion(client, "digits") == ""
