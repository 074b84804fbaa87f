"""Answers summed up by split and source, and of the ladder's rungs: the same counts as pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from mlstrat_plugin.core.diagnosis.by_distribution import tallies_by_distribution
from mlstrat_plugin.core.estimates.finite import FiniteTally
from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.errors import PredictionsError, RecordError
from mlstrat_plugin.params.data import Columns
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.tables.scores.tallying import tally
from tests.unit.tables.scores.scoring import ROWS, SPLITS, Model, tallies_of

if TYPE_CHECKING:
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from tests.conftest import Project

GROUPED = Columns(group="user")


def test_rows_are_counted_by_split_and_source(model: Model) -> None:
    found = model.tallies()
    one, none = ErrorTally(wrong=1, n=3), ErrorTally(wrong=0, n=3)
    mix = {"web": one, "mobile": none}  # the first row of each split is wrong, and of web where web is in it
    of_target = {"mobile": ErrorTally(wrong=1, n=ROWS)}
    assert found.by_source == {"train": mix, "train-dev": mix, "dev": of_target, "test": of_target}
    assert found.ladder == dict.fromkeys(SPLITS, ErrorTally(wrong=1, n=ROWS))
    assert (found.trained_on, found.not_trained_on) == (("mobile", "web"), ())
    assert (found.groups, found.train_rows) == (None, None)


def test_groups_are_summed_before_cells(model: Model) -> None:
    found = model.tallies(GROUPED)
    assert found.groups == dict.fromkeys(SPLITS, ROWS // 2)
    whole = found.ladder["train"]
    assert isinstance(whole, RatioTally)
    assert (whole.n, whole.units, whole.a, whole.aa, whole.ab, whole.bb) == (ROWS, 3, 1, 1, 2, 12)
    web = found.by_source["train"]["web"]
    assert isinstance(web, RatioTally)
    assert (web.n, web.units, web.bb) == (3, 3, 3)  # a group of two sources is a unit of each, and one of the ladder


def test_a_group_in_two_sources_of_one_role_is_one_unit(model: Model) -> None:
    for rows in model.splits.values():
        rows.loc[rows["source"] == "web", "source"] = ["web", "shop", "web"][: (rows["source"] == "web").sum()]
        rows.loc[rows["source"] == "shop", "user"] = rows["user"].iloc[0]
    roles = {"web": "auxiliary", "shop": "auxiliary", "mobile": "target"}
    found = tally(model.engine, model.answers(GROUPED), roles)
    trained = found.by_role["train"]["auxiliary"]
    assert isinstance(trained, FiniteTally)
    part = trained.part
    assert isinstance(part, RatioTally)
    assert (part.n, part.units, part.a, part.bb, trained.population) == (3, 2, 1, 5, 3)
    added = found.by_source["train"]["web"] + found.by_source["train"]["shop"]
    assert isinstance(added, RatioTally)
    assert (added.n, added.units, added.bb) == (3, 3, 3)  # what adding sources makes of the shared group
    cells = tallies_by_distribution(found.by_source, roles, found.by_role)
    assert cells["auxiliary"]["trained-on"] == trained
    assert set(cells["auxiliary"]) == {"trained-on", "not-trained-on"}
    assert tally(model.engine, model.answers(), roles).by_role == {}
    assert "test" not in found.without(Split.TEST).by_role


def test_only_sources_that_were_trained_on_are_on_the_ladder(model: Model) -> None:
    for columns in (None, GROUPED):
        found = model.tallies(columns, trained_on=["web"])
        assert {name: rung.n for name, rung in found.ladder.items()} == {
            "train": 3, "train-dev": 3, "dev": ROWS, "test": ROWS,
        }  # fmt: skip
        assert (found.trained_on, found.not_trained_on) == (("web",), ("mobile",))
        assert set(found.by_source["train"]) == {"web", "mobile"}


@pytest.mark.parametrize("columns", [None, GROUPED])
def test_a_sample_of_train_says_how_many_rows_there_are(model: Model, columns: Columns | None) -> None:
    model.predictions = model.predictions[~model.predictions["id"].isin(["train0", "train5"])]
    found = model.tallies(columns, train="sample")
    assert (found.ladder["train"].n, found.train_rows) == (ROWS - 2, ROWS)
    assert model.tallies(columns, train="sample", trained_on=["web"]).train_rows == 3
    with pytest.raises(PredictionsError, match="train rows of mobile have no prediction"):
        model.tallies(columns)


@pytest.mark.parametrize("columns", [Columns(weight="weight"), Columns(weight="weight", group="user")])
def test_the_heaviest_rows_are_known(model: Model, columns: Columns) -> None:
    model.splits["dev"].loc[[3, 4], "weight"] = 50.0
    found = model.tallies(columns, metric="weighted_error")
    assert found.ladder["dev"].remarks().heaviest == (50.0, 2)
    assert found.ladder["test"].remarks().heaviest == (6.0, 1)
    assert found.by_source["train"]["web"].remarks().heaviest == (5.0, 1)


@pytest.mark.parametrize("columns", [None, GROUPED])
def test_a_sealed_split_leaves_no_trace(model: Model, columns: Columns | None) -> None:
    found = model.tallies(columns)
    sealed = found.without(Split.TEST)
    assert set(sealed.ladder) == set(sealed.by_source) == {"train", "train-dev", "dev"}
    assert (sealed.groups is None) is (columns is None)
    assert "test" not in (sealed.groups or {})
    assert sealed.ladder["dev"] == found.ladder["dev"]


def test_answers_that_do_not_fit_are_refused(model: Model) -> None:
    model.predictions = model.predictions.iloc[1:]
    with pytest.raises(PredictionsError, match="1 of 3 train rows of web have no prediction"):
        tally(model.engine, model.answers())


@pytest.fixture
def ready(project: Project) -> tuple[Project, pd.DataFrame]:
    split(project.load())
    return project, project.predict(lambda rows: rows["id"].str.endswith("7") & (rows["source"] == "mobile"))


def test_counts_equal_pandas(engine: Engine, ready: tuple[Project, pd.DataFrame]) -> None:
    project, predictions = ready
    found = tallies_of(engine, project.load())
    for split_name, sources in found.by_source.items():
        rows = project.rows(split_name.replace("-", "_")).merge(predictions, on="id")
        for source, counted in sources.items():
            mine = rows[rows["source"] == source]
            assert (counted.n, counted.wrong) == (len(mine), int((mine["label"] != mine["prediction"]).sum()))
    record = diagnose(project.load())
    assert record.trained_on == found.trained_on == ("mobile", "web")
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


Spoil = "Callable[[pd.DataFrame, Project], pd.DataFrame]"


def drop(name: str) -> Spoil:
    return lambda p, project: p[~p["id"].isin(set(project.rows(name)["id"].head(7)))]


SPOILED: dict[str, tuple[Spoil, str]] = {
    "some dev rows missing": (drop("dev"), r"7 of \d+ dev rows of mobile.*and 2 more"),
    "some train-dev rows missing": (drop("train_dev"), "train-dev rows of"),
    "duplicated": (lambda p, _: pd.concat([p, p.head(3)]), "more than once"),
    "text for numbers": (lambda p, _: p.assign(prediction=p["prediction"].astype(str)), "prediction is string.*int64"),
    "numbers for ids": (lambda p, _: p.assign(id=range(len(p))), "id is int64"),
}


@pytest.mark.parametrize(("spoil", "message"), SPOILED.values(), ids=SPOILED)
def test_predictions_that_do_not_fit_leave_the_reports_alone(
    ready: tuple[Project, pd.DataFrame], spoil: Spoil, message: str
) -> None:
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
