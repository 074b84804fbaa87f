"""Two runs of one project, found as folders, revisions and MLflow runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from mlstrat_plugin.cli.main import main
from mlstrat_plugin.errors import RecordError
from mlstrat_plugin.runs.compare import compare
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.report import report
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.stages.track import track

if TYPE_CHECKING:
    from tests.conftest import Project

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("here")]  # a person names runs from where they are


def score(project: Project, every: int, **changes: Any) -> pd.DataFrame:
    """Predict with every so-many-th row wrong, and diagnose."""
    predictions = project.predict(lambda rows: rows["id"].str[1:].astype(int) % every == 0)
    diagnose(project.load(**changes))
    return predictions


def snapshot(project: Project, name: str) -> Path:
    folder = project.root / name
    for part in ("reports", "data"):
        shutil.copytree(project.root / part, folder / part)
    shutil.copy(project.root / "params.yaml", folder)
    return folder


@pytest.fixture
def ready(project: Project) -> Project:
    split(project.load())
    return project


def oracle(before: pd.DataFrame, after: pd.DataFrame, name: str) -> tuple[int, int]:
    rows = pd.read_parquet(f"data/splits/{name}.parquet").merge(before, on="id").merge(after, on="id")
    was, now = rows["prediction_x"] != rows["label"], rows["prediction_y"] != rows["label"]
    return int((was & ~now).sum()), int((~was & now).sum())


def test_folders_are_paired_as_pandas_would(ready: Project) -> None:
    before = score(ready, 5)
    snapshot(ready, "one")
    after = score(ready, 7, evaluate={"trained_on": "predicted"})
    told = compare("one", ".")
    for name in ("train", "train-dev", "dev", "test"):
        change = told.errors[name]
        assert (change.fixed, change.broken) == oracle(before, after, name.replace("-", "_"))
    assert told.notes == ()
    assert told.params == {"mlstrat.evaluate.trained_on": ("not set", "predicted")}
    assert told.names == ("one", ".")
    assert compare("one/reports/diagnosis.json", ".").errors == told.errors


def test_predictions_that_are_not_those_of_the_diagnosis(ready: Project) -> None:
    score(ready, 5)
    folder = snapshot(ready, "one")
    rows = pd.read_parquet(folder / "data/predictions.parquet")
    rows.assign(prediction=(rows["prediction"] + 1) % 3).to_parquet(folder / "data/predictions.parquet")
    told = compare("one", ".")
    assert told.errors["dev"].n is None
    assert any("the predictions of one are not those that its diagnosis was made of" in note for note in told.notes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: pd.concat([rows, rows[:1]]), "ids are predicted more than once: 'm"),
        (
            lambda rows: pd.concat([rows, rows[:1].assign(id="stranger")])[1:],
            "1 predictions for ids that are in no split",
        ),
        (lambda rows: rows[1:], "1 of "),
        (
            lambda rows: rows.assign(prediction=rows["prediction"].astype("Int64").where(rows.index > 0)),
            "1 predictions or",
        ),
    ],
    ids=["twice", "unknown", "hole", "null"],
)
def test_answers_that_cannot_be_scored_are_named(ready: Project, change: Any, said: str) -> None:
    rows = score(ready, 5).sort_values("id", ignore_index=True)  # 'm...' first: a row of the product
    folder = snapshot(ready, "one")
    change(rows).to_parquet(folder / "data/predictions.parquet")
    told = compare("one", ".")
    notes = "\n".join(told.notes)
    assert "compared unpaired, because" in notes
    assert f"the predictions of one: {said}" in notes
    assert "the predictions of .: " not in notes
    assert str(ready.root) not in notes


def test_other_test_rows_are_not_paired(ready: Project) -> None:
    score(ready, 5)
    snapshot(ready, "one")
    block = {**ready.block["split"], "salt": "another"}
    split(ready.load(split=block))
    score(ready, 5, split=block)
    told = compare("one", ".")
    assert told.errors["test"].n is None
    assert any(note.startswith("test: compared unpaired, because") and "more rows" in note for note in told.notes), (
        told.notes
    )


def test_relabelled_rows_are_not_paired(ready: Project) -> None:
    score(ready, 5)
    snapshot(ready, "one")
    rows = pd.read_parquet("data/splits/dev.parquet")
    rows.loc[0, "label"] = (rows.loc[0, "label"] + 1) % 3
    rows.to_parquet("data/splits/dev.parquet")
    score(ready, 5)
    told = compare("one", ".")
    assert "dev: compared unpaired, because 1 rows have another label" in told.notes


def test_without_rows_the_diagnoses_are_compared(ready: Project) -> None:
    score(ready, 5)
    folder = snapshot(ready, "one")
    shutil.rmtree(folder / "data")
    told = compare("one", ".")
    assert told.errors["dev"].n is None
    assert any("data/predictions.parquet is not there" in note for note in told.notes)


def git(*words: str) -> None:
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words], check=True)


def dvc(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *words, "-q"], check=True)


def test_revisions_are_read_through_dvc(ready: Project) -> None:
    git("init", "-q")
    dvc("init")
    score(ready, 5)
    here = compare(".", ".")
    dvc(
        "add",
        "data/predictions.parquet",
        *(f"data/splits/{name}.parquet" for name in ("train", "train_dev", "dev", "test")),
    )
    git("add", ".")
    git("commit", "-qm", "one")
    score(ready, 7)
    told = compare("HEAD", ".")
    assert told.errors["dev"].n == here.errors["dev"].n
    assert told.errors["dev"].fixed
    with pytest.raises(RecordError, match="'nonsense' is not a folder, an MLflow run or a git revision"):
        compare("nonsense", ".")


@pytest.mark.filterwarnings("ignore")  # MLflow's own deprecations
def test_mlflow_runs_are_two_samples(ready: Project, capsys: pytest.CaptureFixture[str]) -> None:
    where = {"tracking_uri": "sqlite:///mlflow.db", "run": None}
    score(ready, 5, track=where)
    report(ready.load(track=where))
    run_id = track(ready.load(track=where)).run_id
    score(ready, 7, track=where)
    with pytest.raises(SystemExit) as stop:
        main(["compare", run_id, ".", "--json"])
    assert stop.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert told["errors"]["dev"]["n"] is None
    assert "is an MLflow run, which keeps no rows" in told["notes"][0]


def test_both_that_cannot_be_found_are_named(ready: Project, capsys: pytest.CaptureFixture[str]) -> None:
    score(ready, 5)
    (ready.root / "empty").mkdir()
    with pytest.raises(SystemExit) as stop:
        main(["compare", "empty", "reports"])
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert "empty has no diagnosis" in said
    assert "reports has no diagnosis" in said


def test_markdown_is_escaped(ready: Project, capsys: pytest.CaptureFixture[str]) -> None:
    score(ready, 5)
    snapshot(ready, "a|b")
    with pytest.raises(SystemExit):
        main(["compare", "a|b", ".", "--markdown"])
    said = capsys.readouterr().out
    assert "a\\|b: " in said
    assert "| gap | change | joint 95% interval | status | method |" in said


def test_tasks_are_two_samples(project: Project) -> None:
    for name, prefix in (("web", "w"), ("mobile", "m")):
        rows = pd.read_parquet(f"{name}.parquet").rename(columns={"label": "car"})
        rows.assign(sign=rows["car"]).to_parquet(f"{name}.parquet")
        assert rows["id"].str.startswith(prefix).all()
    project.block["columns"] = {"labels": ["car", "sign"]}
    split(project.load())
    parts = [pd.read_parquet(f"data/splits/{n}.parquet") for n in ("train", "train_dev", "dev", "test")]
    answers = pd.concat(parts)[["id", "car", "sign"]]
    answers.assign(sign=(answers["sign"] + (answers.index % 5 == 0)) % 3).to_parquet("data/predictions.parquet")
    diagnose(project.load())
    told = compare(".", ".")
    assert told.errors["dev"].n is None
    assert "several tasks" in told.notes[0]


def test_losses_that_are_the_same_in_both_runs_are_compared_unpaired(ready: Project) -> None:
    changes = {"evaluate": {"metric": "mean_loss"}, "human": {"loss": 0.01}}
    rng = np.random.default_rng(5)

    def with_losses(shift: float) -> None:
        table = ready.predict(lambda rows: rows["id"].str.endswith("1"))
        same = pd.read_parquet("data/splits/train.parquet")["id"]
        noise = np.where(table["id"].isin(same), 0.0, shift * rng.random(len(table)))
        losses = np.random.default_rng(1).random(len(table)) + noise
        ready.write("data/predictions.parquet", table.assign(loss=losses))
        diagnose(ready.load(**changes))

    with_losses(0.0)
    snapshot(ready, "one")
    with_losses(1.0)
    told = compare("one", ".")
    assert told.notes[0].startswith("train: compared unpaired, because no row or group changed its loss")
    assert told.errors["train"].n is None
    assert told.errors["dev"].n is not None
    assert told.errors["dev"].status == "moved"


def test_a_projects_own_metric_is_that_of_its_own_folder(ready: Project) -> None:
    changes = {"evaluate": {"metric": "own.wrong", "draws": 200}}
    for folder, every in (("one", 2), (".", 7)):
        Path("own.py").write_text("def wrong(counts, labels):\n    return 1 - counts.trace() / counts.sum()\n")
        score(ready, every, **changes)
        if folder != ".":
            shutil.copy("own.py", snapshot(ready, folder))
    told = compare("one", ".")
    assert told.errors["dev"].status == "moved"
    assert told.errors["dev"].method == "mover"
    Path("one/own.py").write_text("def other():\n    return 0\n")
    del sys.modules["own"]
    Path("own.py").unlink()
    told = compare("one", ".")
    assert told.errors["dev"].method == "mover of intervals as saved"
    assert any(note.startswith("one: mlstrat.evaluate.metric = own.wrong: ") for note in told.notes)
    assert told.errors["dev"].status == "moved"  # the saved intervals hold at the confidence that both have
