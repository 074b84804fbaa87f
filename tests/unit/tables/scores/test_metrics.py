"""Metrics beside pandas and scikit-learn, and what is found about their rows."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from mlstrat_plugin.core.estimates.intervals import t_value, wilson, z_value
from mlstrat_plugin.errors import EstimateError, ParamsError
from mlstrat_plugin.params.data import Columns
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.metrics import METRICS
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.report import report
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.tables.scores.answers import answers
from mlstrat_plugin.tables.scores.metrics import SUMS, ConfusionSums, TaskSums, scorer_of, sums_of
from mlstrat_plugin.tables.scores.tallying import tally, tally_slices
from tests.conftest import digits
from tests.unit.tables.scores.scoring import Measured, measured, tallies_of

if TYPE_CHECKING:
    from mlstrat_plugin.params.project import Project as MlstratProject
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from tests.conftest import Project
    from tests.unit.tables.scores.scoring import Model

SPLITS = ("train", "train_dev", "dev", "test")
Z95 = z_value(0.025)


def write_sources(project: Project) -> None:
    """Three rows a user, regions in turn, a weight of 10 for every ninth row."""
    for name, n, prefix in (("web", 900, "w"), ("mobile", 900, "m")):
        rows = digits(n, prefix, per_group=3)
        rows["region"] = [("north", "south", "west")[i % 7 % 3] for i in range(n)]
        rows["weight"] = [10.0 if i % 9 == 0 else 1.0 for i in range(n)]
        project.write(f"{name}.parquet", rows)


@pytest.fixture
def scored(project: Project) -> pd.DataFrame:
    """Return all split rows with their predictions and losses."""
    write_sources(project)
    split(project.load(columns={"group": "user"}))
    hard = np.random.default_rng(2).random(600) < 0.3  # some users are hard, all of their rows
    project.predict(lambda rows: rows["user"].str[-3:].astype(int).map(lambda i: hard[i]) & (rows["label"] < 2))
    rows = pd.concat([project.rows(name).assign(split=name.replace("_", "-")) for name in SPLITS]).merge(
        project.table("data/predictions.parquet"), on="id"
    )
    rows["wrong"] = rows["label"] != rows["prediction"]
    rows["loss"] = np.where(rows["wrong"], 2.0, 0.1) + rows["label"] / 10
    rows[["id", "prediction", "loss"]].to_parquet(project.root / "data/predictions.parquet")
    return rows


def asked(project: Project, metric: str, *, group: str | None = "user", **more: Any) -> MlstratProject:
    columns = {"group": group, **{key: more.pop(key) for key in ("weight", "slice") if key in more}}
    human = {"loss": 0.05} if metric in ("mean_loss", "mean_absolute_error") else {"error": 0.01}
    return project.load(columns=columns, human=human, evaluate={"metric": metric, **more})


def run(project: Project, metric: str, **more: Any) -> Diagnosis:
    return diagnose(asked(project, metric, **more))


def errors(engine: Engine, project: Project, metric: str, **more: Any) -> dict[str, Measured]:
    """Return the errors by split, without a diagnosis."""
    ladder = tallies_of(engine, asked(project, metric, **more)).ladder
    return {name: measured(tally) for name, tally in ladder.items()}


def part(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return rows[rows["split"] == name]


def grouped_variance(rows: pd.DataFrame, a: str, b: str) -> float:
    """Return the linearized variance of sum(a) / sum(b) over users, worked out in pandas."""
    sums = rows.groupby("user")[[a, b]].sum()
    ratio = sums[a].sum() / sums[b].sum()
    return len(sums) / (len(sums) - 1) * float(((sums[a] - ratio * sums[b]) ** 2).sum()) / sums[b].sum() ** 2


def effective(rows: pd.DataFrame, a: str, b: str) -> float:
    """Return the effective rows with a pseudo-group of mean size, a quarter of it wrong."""
    sums = rows.groupby("user")[[a, b]].sum()
    mean = sums[b].mean()
    sums = pd.concat([sums, pd.DataFrame({a: [mean / 4], b: [mean]}, index=["pseudo"])])
    ratio = sums[a].sum() / sums[b].sum()
    return ratio * (1 - ratio) / grouped_variance(sums.rename_axis("user").reset_index(), a, b)


@pytest.mark.parametrize("name", ["train", "train-dev", "dev", "test"])
def test_error_rate_follows_groups(engine: Engine, project: Project, scored: pd.DataFrame, name: str) -> None:
    error = errors(engine, project, "error_rate")[name]
    rows = part(scored, name).assign(one=1)
    assert (error.wrong, error.n, error.method) == (rows["wrong"].sum(), len(rows), "grouped wilson")
    sizes = rows.groupby("user").size()
    assert error.groups == pytest.approx(len(rows) ** 2 / (sizes**2).sum())
    n = min(effective(rows, "wrong", "one"), len(rows))
    assert n < len(rows)  # users are wrong in more than one row
    assert (error.low, error.high) == pytest.approx(wilson(error.value, n, t_value(Z95, error.groups - 1)))


def test_without_a_group_column_rows_count_one_by_one(engine: Engine, project: Project, scored: pd.DataFrame) -> None:
    error = errors(engine, project, "error_rate", group=None)["dev"]
    rows = part(scored, "dev")
    assert (error.low, error.high) == pytest.approx(wilson(rows["wrong"].mean(), len(rows), Z95))
    assert error.groups is None


@pytest.mark.parametrize("group", [None, "user"])
def test_weighted_error(project: Project, scored: pd.DataFrame, group: str | None) -> None:
    record = run(project, "weighted_error", group=group, weight="weight")
    measured = {name: error for name, error in record.errors.items() if name != "human"}
    for name, error in measured.items():
        rows = part(scored, name)
        assert error.value == pytest.approx((rows["weight"] * rows["wrong"]).sum() / rows["weight"].sum())
        assert error.wrong is None
    codes = {finding.code: finding for finding in record.findings}
    heavy = {name: int((part(scored, name)["weight"] == 10).sum()) for name in measured}
    few = {name: rows for name, rows in heavy.items() if rows < 30}
    assert few
    assert all(f"{name} {rows} rows of weight 10" in codes["MLS146"].evidence for name, rows in few.items())


@pytest.mark.parametrize("group", [None, "user"])
def test_mean_loss(engine: Engine, project: Project, scored: pd.DataFrame, group: str | None) -> None:
    error = errors(engine, project, "mean_loss", group=group)["dev"]
    rows = part(scored, "dev")
    assert error.value == pytest.approx(rows["loss"].mean())
    assert error.low < error.value < error.high
    if group:
        wide = np.sqrt(grouped_variance(rows.assign(one=1), "loss", "one"))
        assert error.high - error.low == pytest.approx(2 * 1.97 * wide, rel=0.1)
    else:
        assert error.high - error.low == pytest.approx(2 * 1.97 * rows["loss"].sem(), rel=0.05)


@pytest.mark.parametrize("group", [None, "user"])
def test_f1(engine: Engine, project: Project, scored: pd.DataFrame, group: str | None) -> None:
    error = errors(engine, project, "f1", group=group, positive=1)["dev"]
    rows = part(scored, "dev")
    truth, answer = rows["label"] == 1, rows["prediction"] == 1
    assert 1 - error.value == pytest.approx(f1_score(truth, answer))
    if group is None:
        m = int((truth | answer).sum())
        low, high = wilson(float((truth & answer).sum() / m), m, Z95)
        assert (1 - error.high, 1 - error.low) == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))


@pytest.mark.parametrize("group", [None, "user"])
def test_macro_f1(engine: Engine, project: Project, scored: pd.DataFrame, group: str | None) -> None:
    error = errors(engine, project, "macro_f1", group=group)["dev"]
    rows = part(scored, "dev")
    assert 1 - error.value == pytest.approx(f1_score(rows["label"], rows["prediction"], average="macro"))
    assert error.low < error.value < error.high


def test_groups_lie_in_one_part_and_widen_macro_f1(engine: Engine, project: Project, scored: pd.DataFrame) -> None:
    alone, grouped = (errors(engine, project, "macro_f1", group=group)["dev"] for group in (None, "user"))
    assert grouped.high - grouped.low > 1.2 * (alone.high - alone.low)
    assert grouped.groups is not None
    assert grouped.groups <= part(scored, "dev")["user"].nunique()


@pytest.mark.parametrize("group", [None, "user"])
def test_slices(engine: Engine, project: Project, scored: pd.DataFrame, group: str | None) -> None:
    rates = part(scored, "dev").groupby("region")["wrong"].mean()
    mean = errors(engine, project, "mean_over", group=group, slice="region")["dev"]
    worst = errors(engine, project, "worst_slice", group=group, slice="region")["dev"]
    assert mean.value == pytest.approx(rates.mean())
    assert worst.value == pytest.approx(rates.max())
    assert mean.low < mean.value < mean.high
    assert worst.low < worst.value < worst.high


@pytest.mark.parametrize("group", [None, "user"])
def test_balanced_error(engine: Engine, project: Project, scored: pd.DataFrame, group: str | None) -> None:
    for name, error in errors(engine, project, "balanced_error", group=group).items():
        rows = part(scored, name)
        assert error.value == pytest.approx(1 - balanced_accuracy_score(rows["label"], rows["prediction"]))
        assert error.low < error.value < error.high
        assert (error.method == "balanced wilson") is (group is None)


SLICE_METRICS = {
    "error_rate": lambda rows: rows["wrong"].mean(),
    "weighted_error": lambda rows: (rows["weight"] * rows["wrong"]).sum() / rows["weight"].sum(),
    "mean_loss": lambda rows: rows["loss"].mean(),
    "mean_absolute_error": lambda rows: (rows["label"] - rows["prediction"]).abs().mean(),
    "f1": lambda rows: 1 - f1_score(rows["label"] == 1, rows["prediction"] == 1),
    "macro_f1": lambda rows: 1 - f1_score(rows["label"], rows["prediction"], average="macro"),
    "balanced_error": lambda rows: 1 - balanced_accuracy_score(rows["label"], rows["prediction"]),
    "mean_over": lambda rows: rows["wrong"].mean(),
    "worst_slice": lambda rows: rows["wrong"].mean(),
}


@pytest.mark.parametrize("metric", SLICE_METRICS)
@pytest.mark.parametrize("group", [None, "user"])
def test_a_slice_is_measured_by_the_metric_of_the_run(
    engine: Engine, project: Project, scored: pd.DataFrame, metric: str, group: str | None
) -> None:
    more = {"positive": 1} if metric == "f1" else {}
    loaded = asked(project, metric, group=group, slice="region", weight="weight", **more)
    params = loaded.params
    answered = answers(engine, loaded.splits, loaded.predictions, params.columns, params.evaluate)
    found = tally_slices(engine, answered, Split.DEV)
    rows = part(scored, "dev")
    assert set(found) == set(rows["region"]) == {"north", "south", "west"}
    for name, mine in rows.groupby("region"):
        error = found[str(name)].estimate()
        assert (found[str(name)].n, error.value) == (len(mine), pytest.approx(SLICE_METRICS[metric](mine)))
        low, high = error.bounds(Z95)
        assert low < error.value < high
        assert (error.groups is None) is (group is None)
    whole = tally(engine, answered).ladder["dev"]
    assert sum(one.n for one in found.values()) == whole.n
    assert (
        tally_slices(engine, replace(answered, columns=params.columns.model_copy(update={"slice": None})), Split.DEV)
        == {}
    )


def test_slices_that_differ_between_splits(project: Project, scored: pd.DataFrame) -> None:
    rows = project.rows("dev")
    rows.loc[rows["region"] == "west", "region"] = None
    rows.to_parquet(project.root / "data/splits/dev.parquet")
    record = run(project, "mean_over", slice="region")
    found = next(finding for finding in record.findings if finding.code == "MLS147")
    assert "dev also has '(none)'" in found.evidence
    assert "'west'" in found.evidence


METRIC = """
import numpy as np
def balanced_error(counts, labels):
    support = counts.sum(axis=1)
    return 1 - float((counts.diagonal()[support > 0] / support[support > 0]).mean())
def not_a_number(counts, labels):
    return float("nan")
"""


@pytest.mark.parametrize("group", [None, "user"])
def test_dotted_metric(engine: Engine, project: Project, scored: pd.DataFrame, group: str | None) -> None:
    (project.root / "my_metrics.py").write_text(METRIC)
    error = errors(engine, project, "my_metrics.balanced_error", group=group, draws=400)["dev"]
    rows = part(scored, "dev")
    assert 1 - error.value == pytest.approx(balanced_accuracy_score(rows["label"], rows["prediction"]))
    assert error.low < error.value < error.high
    assert "my_metrics.balanced_error" in error.method


def test_dotted_metric_that_returns_nan(project: Project, scored: pd.DataFrame) -> None:
    (project.root / "my_metrics.py").write_text(METRIC)
    with pytest.raises(EstimateError, match=r"train: metric my_metrics.not_a_number returned nan"):
        run(project, "my_metrics.not_a_number")


@pytest.mark.parametrize("metric", ["no_such_module.metric", "json.no_such_function", "json.encoder.ESCAPE"])
def test_dotted_metric_that_is_none(project: Project, scored: pd.DataFrame, metric: str) -> None:
    with pytest.raises(ParamsError, match=f"evaluate.metric = {metric}"):
        run(project, metric)


def test_weights_that_are_all_zero(project: Project, scored: pd.DataFrame) -> None:
    project.rows("dev").assign(weight=0.0).to_parquet(project.root / "data/splits/dev.parquet")
    with pytest.raises(EstimateError, match=r"dev: .* rows carry no weight at all"):
        run(project, "weighted_error", weight="weight")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evaluate": {"metric": "weighted_error"}}, "needs columns.weight"),
        ({"evaluate": {"metric": "f1"}}, "needs evaluate.positive"),
        ({"evaluate": {"metric": "mean_over"}}, "needs columns.slice"),
        ({"evaluate": {"metric": "macrof1"}}, "did you mean 'macro_f1'"),
        (
            {"evaluate": {"metric": "mean_loss"}, "human": {"error": 0.1}},
            "human gives error, which does not fit evaluate.metric = mean_loss: give loss",
        ),
        (
            {"human": {"loss": 3.5}},
            "human gives loss, which does not fit evaluate.metric = error_rate: give error, errors and n",
        ),
        ({"diagnose": {"material_gap": 2.5}}, r"material_gap = 2.5 must be in \(0, 1\) for error_rate"),
    ],
)
def test_metrics_name_what_they_need(project: Project, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ParamsError, match=message):
        project.load(**changes)


def test_few_groups_withhold_the_verdict(project: Project) -> None:
    for name, n, prefix in (("web", 900, "w"), ("mobile", 900, "m")):
        project.write(f"{name}.parquet", digits(n, prefix, per_group=100 if name == "mobile" else 1))
    split(project.load(columns={"group": "user"}, split={"dev": 300, "test": 300, "train_dev": 0.3}))
    project.predict(lambda rows: (rows["split"].isin(["dev", "test"])) & (rows["label"] > 0))
    record = run(project, "error_rate")
    assert record.diagnosis == "inconclusive"
    assert record.gaps["mismatch"].status == "unclear"
    found = {finding.code: finding for finding in record.findings}
    assert "dev 3.0 effective groups" in found["MLS145"].evidence


def test_a_mean_loss_is_not_shown_as_a_percentage(project: Project, scored: pd.DataFrame) -> None:
    record = run(project, "mean_loss")
    report(project.load())
    page = (project.root / "reports/report.html").read_text(encoding="utf-8")
    assert record.errors["human"].value == 0.05
    assert "Metric: mean_loss." in page
    said = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)
    assert " points" not in said
    for error in record.errors.values():
        assert not re.search(rf"\b{100 * error.value:.1f}\d? ?%", said)


def test_every_metric_has_its_sums() -> None:
    assert set(SUMS) == {metric.name for metric in METRICS}


def test_the_sums_of_tasks_and_of_a_function_of_the_project(model: Model) -> None:
    for rows in model.splits.values():
        rows["car"], rows["sign"] = 1, 0
    model.predictions = model.predictions.assign(car=1, sign=0)
    assert isinstance(sums_of(model.answers(Columns(labels=("car", "sign")))), TaskSums)
    (model.folder / "own_metrics.py").write_text(METRIC)
    answered = replace(model.answers(metric="own_metrics.balanced_error", draws=300), root=model.folder)
    sums = sums_of(answered)
    assert isinstance(sums, ConfusionSums)
    scorer = scorer_of(answered.evaluate, model.folder)
    assert sums.scorer.name == scorer.name == "own_metrics.balanced_error"
    assert scorer.value(np.array([[3, 1], [0, 4]]), (0, 1)) == pytest.approx(0.125)
