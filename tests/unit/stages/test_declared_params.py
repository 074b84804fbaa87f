"""Each stage reads the params that it declares, and no others: its runs are watched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, get_args

import pandas as pd
import pytest

from mlstrat_plugin.cli.pipeline import specs
from mlstrat_plugin.params.project import Project as MlstratProject
from mlstrat_plugin.params.types import Block
from mlstrat_plugin.review.sheets import audit, prepare, sample
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.gate import gate
from mlstrat_plugin.stages.report import report
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.stages.track import track
from mlstrat_plugin.stages.validate import validate
from tests.conftest import Project, migrated_database

STAGES: dict[str, Callable[[MlstratProject], Any]] = {
    "validate": validate,
    "split": split,
    "diagnose": diagnose,
    "report": report,
    "track": track,
    "gate": gate,
}
WHOLE = ("model_dump", "model_dump_json")  # what reads all keys of a block


def blocks(block: Block, path: str = "") -> Iterator[tuple[int, str]]:
    """Yield the identity and the dotted name of every block at or below this one."""
    yield id(block), path
    for name, key in keys(block).items():
        value = vars(block)[name]
        inner = value if isinstance(value, dict) else {"": value}
        for part, found in inner.items():
            if isinstance(found, Block):
                yield from blocks(found, f"{path}.{key}.{part}".strip("."))


def keys(block: Block) -> dict[str, str]:
    """Return the keys of a block by the names of their attributes."""
    return {name: field.alias or name for name, field in type(block).model_fields.items()}


@contextmanager
def watched(params: Block, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Collect the dotted names of what is read of these params: keys, and blocks that are read as a whole."""
    paths, read = dict(blocks(params)), set[str]()

    def reading(block: Block, name: str) -> Any:
        value = object.__getattribute__(block, name)
        path = paths.get(id(block))
        key = keys(block).get(name)
        if path is not None and name in WHOLE:
            read.add(path)
        elif path is not None and key is not None and not isinstance(value, Block) and not _is_absent(block, name):
            read.add(f"{path}.{key}".strip("."))
        return value

    with monkeypatch.context() as patched:
        patched.setattr(Block, "__getattribute__", reading)
        yield read


def _is_absent(block: Block, name: str) -> bool:
    """Return whether a block of its own could be there and is not: nobody can declare it."""
    kinds = get_args(type(block).model_fields[name].annotation)
    return vars(block)[name] is None and any(isinstance(kind, type) and issubclass(kind, Block) for kind in kinds)


def undeclared(read: set[str], declared: tuple[str, ...]) -> set[str]:
    return {key for key in read if not any(key == block or key.startswith(f"{block}.") for block in declared)}


def unread(read: set[str], declared: tuple[str, ...]) -> set[str]:
    """Return what is declared for nothing: neither it, nor a key below it, nor a block around it is read."""
    return {
        block
        for block in declared
        if not any(key == block or key.startswith(f"{block}.") or block.startswith(f"{key}.") for key in read)
    }


def run_all(
    project: MlstratProject, between: dict[str, Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, tuple[str, ...], set[str]]]:
    """Run the pipeline; yield each stage's name, what it declares and what it reads."""
    for spec in specs(project):
        between.get(spec.name, lambda: None)()
        with watched(project.params, monkeypatch) as read:
            STAGES[spec.name](project)
        missing = [str(path) for files in (spec.outs, spec.metrics, spec.plots) for path in files if not path.is_file()]
        assert not missing, f"{spec.name} did not write {missing}"
        yield spec.name, spec.params, read


def train(project: Project) -> None:
    """Write what training and prediction leave: a run, a model, predictions of which every seventh is wrong."""
    from mlflow import MlflowClient

    root = project.root
    shutil.copy(migrated_database(), root / "mlflow.db")
    client = MlflowClient(f"sqlite:///{root}/mlflow.db")
    experiment = client.create_experiment("training", artifact_location=str(root / "artifacts"))
    (root / "models").mkdir()
    (root / "models/model.bin").write_text("weights")
    (root / "models/run.json").write_text(json.dumps({"run_id": client.create_run(experiment).info.run_id}))
    project.predict(lambda rows: rows["id"].str.endswith("7"))


def look(project: MlstratProject) -> None:
    """Draw mistakes and labels for people, one of whom finds a cause."""
    sample(project)
    audit(project)
    sheet = project.places.mistakes
    lines = sheet.read_text(encoding="utf-8").splitlines()
    sheet.write_text("\n".join([lines[0], lines[1].replace(",,,,", ",blurry,,,ann"), *lines[2:], ""]), encoding="utf-8")


def raters(project: Project) -> None:
    """Let two people label a part of the mobile rows."""
    rows = pd.read_parquet(project.root / "mobile.parquet").head(200)
    said = [rows[["id", "label"]].assign(rater=name) for name in ("ann", "ben")]
    project.write("raters.csv", pd.concat(said))


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore")  # MLflow's and Great Expectations' own deprecations
def test_stages_read_what_they_declare(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = project.load(
        human={"table": "raters.csv"},
        review={"rows": 10, "eyeball": 1.0, "fix_train": True},
        track={
            "tracking_uri": "sqlite:///mlflow.db",
            "experiment": "training",
            "run": "models/run.json",
            "model": "models/model.bin",
        },
        gate={"model": "digits", "optimize": {"split": "test"}, "conditions": {"error/test": {"max": 0.9}}},
    )
    prepare(loaded.places)
    raters(project)
    between: dict[str, Callable[[], object]] = {"diagnose": lambda: (train(project), look(loaded))}
    watch = {name: (declared, read) for name, declared, read in run_all(loaded, between, monkeypatch)}
    assert set(watch) == set(STAGES)
    for name, (declared, read) in watch.items():
        assert (name, undeclared(read, declared)) == (name, set())
        assert (name, unread(read, declared)) == (name, set())


@pytest.mark.filterwarnings("ignore")  # Great Expectations' own deprecations
def test_blocks_that_are_not_there_are_not_read(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    del project.block["human"]
    loaded = project.load(track={"tracking_uri": "sqlite:///mlflow.db", "run": None})
    between: dict[str, Callable[[], object]] = {"diagnose": lambda: train(project)}
    for name, declared, read in run_all(loaded, between, monkeypatch):
        assert (name, undeclared(read, declared)) == (name, set())


def test_the_watch_sees_keys_and_whole_blocks(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    params = project.params(gate={"model": "digits", "register": True, "conditions": {"model_mb": {"max": 5}}})
    with watched(params, monkeypatch) as read:
        assert params.review is None
        assert params.gate is not None
        assert params.gate.register_
        assert params.gate.conditions["model_mb"].max == 5
        assert params.sources["web"].role == "auxiliary"
        assert params.settings().material_gap == 0.01
    gate_keys = {"gate.register", "gate.conditions", "gate.conditions.model_mb.max"}
    assert read == {*gate_keys, "sources", "sources.web.role", "diagnose", "evaluate.metric", "evaluate.unit"}
    assert undeclared(read, ("gate.register", "gate.conditions", "sources", "evaluate")) == {"diagnose"}
    assert unread(read, ("gate", "diagnose.confidence", "engine", "split.folder")) == {"engine", "split.folder"}
