from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from mlstrat_plugin.errors import PredictionsError, RecordError
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.split import split

if TYPE_CHECKING:
    from tests.conftest import Project


@pytest.fixture
def ready(project: Project) -> tuple[Project, pd.DataFrame]:
    split(project.load())
    return project, project.predict(lambda rows: rows["id"].str.endswith("7") & (rows["source"] == "mobile"))


def test_counts_equal_pandas(ready: tuple[Project, pd.DataFrame]) -> None:
    project, predictions = ready
    record = diagnose(project.load())
    for split_name, sources in record.by_source.items():
        rows = project.rows(split_name.replace("-", "_")).merge(predictions, on="id")
        for source, error in sources.items():
            mine = rows[rows["source"] == source]
            assert (error.n, error.wrong) == (len(mine), int((mine["label"] != mine["prediction"]).sum()))
    assert record.trained_on == ("mobile", "web")
    assert record.table_2x3["target"]["trained-on"].n == record.by_source["train"]["mobile"].n


def test_sources_without_train_predictions_were_not_trained_on(ready: tuple[Project, pd.DataFrame]) -> None:
    project, predictions = ready
    held = {row for name in ("dev", "test") for row in project.rows(name)["id"]}
    project.write(
        "data/predictions.parquet", predictions[predictions["id"].str.startswith("w") | predictions["id"].isin(held)]
    )
    record = diagnose(project.load())
    assert record.trained_on == ("web",)
    assert record.errors["train"].n == record.by_source["train"]["web"].n
    assert "MLS141" in {finding.code for finding in record.findings}
    with pytest.raises(PredictionsError, match="train rows of mobile have no prediction"):
        diagnose(project.load(evaluate={"trained_on": ["web", "mobile"]}))


def test_a_declared_sample_of_train(ready: tuple[Project, pd.DataFrame]) -> None:
    project, predictions = ready
    train = set(project.rows("train")["id"].iloc[::2])
    project.write("data/predictions.parquet", predictions[~predictions["id"].isin(train)])
    with pytest.raises(PredictionsError, match="sample"):
        try:
            diagnose(project.load())
        except PredictionsError as error:
            raise PredictionsError(error.message + error.hint) from error
    record = diagnose(project.load(evaluate={"train": "sample"}))
    assert "MLS143" in {finding.code for finding in record.findings}


def test_no_train_predictions_at_all_merge_gaps(ready: tuple[Project, pd.DataFrame]) -> None:
    project, predictions = ready
    train = set(project.rows("train")["id"])
    project.write("data/predictions.parquet", predictions[~predictions["id"].isin(train)])
    assert list(diagnose(project.load()).gaps) == ["bias+variance", "mismatch", "dev-overfit"]


Spoil = Callable[[pd.DataFrame, "Project"], pd.DataFrame]


def drop(name: str) -> Spoil:
    return lambda p, project: p[~p["id"].isin(set(project.rows(name)["id"].head(7)))]


SPOILED: dict[str, tuple[Spoil, str]] = {
    "some dev rows missing": (drop("dev"), r"7 of \d+ dev rows of mobile.*and 2 more"),
    "some test rows missing": (drop("test"), r"7 of \d+ test rows of mobile"),
    "some train-dev rows missing": (drop("train_dev"), "train-dev rows of"),
    "duplicated": (lambda p, _: pd.concat([p, p.head(3)]), "more than once"),
    "unknown ids": (lambda p, _: pd.concat([p, pd.DataFrame({"id": ["=cmd()"], "prediction": [1]})]), r"'=cmd\(\)'"),
    "null": (lambda p, _: p.assign(prediction=p["prediction"].astype("Int64").where(p.index != 5)), "null"),
    "text for numbers": (lambda p, _: p.assign(prediction=p["prediction"].astype(str)), "prediction is string.*int64"),
    "floats for numbers": (lambda p, _: p.assign(prediction=p["prediction"].astype(float)), "float64.*int64"),
    "numbers for ids": (lambda p, _: p.assign(id=range(len(p))), "id is int64"),
    "no prediction column": (lambda p, _: p.rename(columns={"prediction": "predicton"}), "did you mean 'predicton'"),
}


@pytest.mark.parametrize(("spoil", "message"), SPOILED.values(), ids=SPOILED)
def test_predictions_that_do_not_fit(ready: tuple[Project, pd.DataFrame], spoil: Spoil, message: str) -> None:
    project, predictions = ready
    diagnose(project.load())
    before = {file: file.read_bytes() for file in (project.root / "reports").iterdir()}
    project.write("data/predictions.parquet", spoil(predictions, project))
    with pytest.raises(PredictionsError, match=message) as caught:
        diagnose(project.load())
    assert caught.value.exit_code == 2
    assert {file: file.read_bytes() for file in (project.root / "reports").iterdir()} == before


def test_missing_and_damaged_files(ready: tuple[Project, pd.DataFrame]) -> None:
    project, _ = ready
    (project.root / "data/predictions.parquet").write_bytes(b"PAR1 is not enough")
    with pytest.raises(PredictionsError, match="cannot read predictions"):
        diagnose(project.load())
    (project.root / "data/predictions.parquet").unlink()
    with pytest.raises(PredictionsError, match="does not exist"):
        diagnose(project.load())
    (project.root / "data/splits/dev.parquet").unlink()
    with pytest.raises(PredictionsError, match=r"dev\.parquet"):
        diagnose(project.load())
    (project.root / "reports/splits.json").unlink()
    with pytest.raises(RecordError, match=r"splits\.json"):
        diagnose(project.load())
