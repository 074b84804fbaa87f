"""Several labels of the same rows: one error per task, and the errors of a row together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from mlstrat_plugin.core.diagnosis.diagnose import diagnose_ladder
from mlstrat_plugin.core.estimates.composites import TaskTally
from mlstrat_plugin.core.estimates.intervals import wilson, z_value
from mlstrat_plugin.core.estimates.recomputed import tally_of
from mlstrat_plugin.errors import ChecksFailed, EstimateError, ParamsError, PredictionsError
from mlstrat_plugin.params.data import Columns
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.words import Settings
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.report import report
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.stages.validate import validate
from mlstrat_plugin.tables.scores.metrics import TaskSums
from tests.conftest import digits
from tests.unit.tables.scores.scoring import Measured, Model, measured, tallies_of

if TYPE_CHECKING:
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from tests.conftest import Project

TASKS = ["pedestrian", "car", "sign"]
SPLITS = ("train", "train_dev", "dev", "test")
Z95 = z_value(0.025)


def sources(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return two sources with three labels per row, a third of the cells empty but never a whole row."""
    made = {}
    for name, n, prefix in (("web", 1500, "w"), ("mobile", 1500, "m")):
        rows = digits(n, prefix, per_group=3).drop(columns="label")
        for task in TASKS:
            rows[task] = rng.integers(0, 2, n).astype(float)
        empty = rng.random((n, 3)) < 0.33
        empty[empty.all(axis=1), 0] = False
        for i, task in enumerate(TASKS):
            rows.loc[empty[:, i], task] = None
        made[name] = rows
    return made


@pytest.fixture
def scored(project: Project) -> pd.DataFrame:
    """Split, and predict: pedestrians are hard on mobile, signs everywhere, cars nowhere."""
    rng = np.random.default_rng(41)
    for name, rows in sources(rng).items():
        project.write(f"{name}.parquet", rows)
    project.block["columns"] = {"labels": TASKS, "group": "user"}
    split(project.load())
    rows = pd.concat(
        [project.rows(name).assign(split=name.replace("_", "-")) for name in SPLITS],
        ignore_index=True,
    )
    chances = {"pedestrian": np.where(rows["source"] == "mobile", 0.3, 0.02), "car": 0.02, "sign": 0.25}
    answers = pd.DataFrame({"id": rows["id"]})
    for task in TASKS:
        flipped = rng.random(len(rows)) < chances[task]
        answers[task] = rows[task].fillna(0).astype(int) ^ flipped.astype(int)
    answers.to_parquet(project.root / "data/predictions.parquet")
    return rows.merge(answers, on="id", suffixes=("", "_answer"))


def run(project: Project, **changes: Any) -> Diagnosis:
    return diagnose(project.load(**changes))


def errors(engine: Engine, project: Project, **changes: Any) -> dict[str, dict[str, Measured]]:
    """Return the errors by task and split, without a diagnosis; those of all tasks together have no name."""
    ladder = tallies_of(engine, project.load(**changes)).ladder
    found = {task: {name: measured(tally.by_task()[task]) for name, tally in ladder.items()} for task in TASKS}
    return {"": {name: measured(tally) for name, tally in ladder.items()}, **found}


def rates(rows: pd.DataFrame) -> list[float]:
    found = []
    for task in TASKS:
        labelled = rows[rows[task].notna()]
        found.append(float((labelled[task] != labelled[f"{task}_answer"]).mean()))
    return found


def test_a_row_brings_each_task_to_its_own_sums(model: Model) -> None:
    for rows in model.splits.values():
        rows["car"], rows["sign"] = 1, [0.0, 1.0, None, None, 0.0, 1.0]
    model.predictions = model.predictions.assign(car=[0, 1] * 12, sign=0)
    tally = model.tallies(Columns(labels=("car", "sign"))).ladder["dev"]
    assert isinstance(tally, TaskTally)
    assert (tally.n, tally.a, tally.b) == (6, (3.0, 2.0), (6.0, 4.0))
    assert tally.aa == ((3.0, 0.0), (0.0, 2.0))  # even rows are wrong about cars, odd ones about signs
    assert tally.bb == ((6.0, 4.0), (4.0, 4.0))
    assert not TaskSums(answered=model.answers(Columns(labels=("car", "sign")))).sums_units


def test_empty_cells_are_left_out_of_their_task(engine: Engine, project: Project, scored: pd.DataFrame) -> None:
    found = errors(engine, project)
    for name in ("dev", "test"):
        rows = scored[scored["split"] == name]
        for task, rate in zip(TASKS, rates(rows), strict=True):
            error = found[task][name]
            assert error.value == pytest.approx(rate)
            assert error.n == int(rows[task].notna().sum())
        assert found[""][name].value == pytest.approx(np.mean(rates(rows)))
        assert found[""][name].n == len(rows)


def test_each_task_has_its_own_verdict(project: Project, scored: pd.DataFrame) -> None:
    record = run(project)
    assert record.tasks["sign"].diagnosis == "bias"
    assert "mismatch" in record.tasks["pedestrian"].problems
    assert record.tasks["car"].problems == ("bias",)  # its train error is exact, and the human one declared
    of_car = record.tasks["car"]
    alone = diagnose_ladder(
        {rung: tally_of(saved).by_task()["car"] for rung, saved in record.tallies.items() if rung != "human"},
        Settings(),
    )
    wider = (of_car.gaps["mismatch"], alone.gaps["mismatch"])
    assert wider[0].high - wider[0].low > wider[1].high - wider[1].low  # three tasks' verdicts hold together
    report(project.load())
    page = (project.root / "reports/report.html").read_text(encoding="utf-8")
    assert "By task" in page
    assert record.tasks["sign"].summary in page


def test_without_groups_a_task_is_a_plain_error(engine: Engine, project: Project, scored: pd.DataFrame) -> None:
    found = errors(engine, project, columns={"labels": TASKS})
    error = found["car"]["dev"]
    assert (error.low, error.high) == pytest.approx(wilson(error.value, error.n, Z95))
    assert found[""]["dev"].method == "mean of 3 tasks"


def test_answers_about_one_row_are_not_independent(engine: Engine, project: Project, scored: pd.DataFrame) -> None:
    answers = project.table("data/predictions.parquet").merge(scored[["id", *TASKS]], on="id", suffixes=("", "_right"))
    rng = np.random.default_rng(5)
    broken = rng.random(len(answers)) < 0.2  # whole rows wrong or right
    for task in TASKS:
        answers[task] = answers[f"{task}_right"].fillna(0).astype(int) ^ broken.astype(int)
    answers[["id", *TASKS]].to_parquet(project.root / "data/predictions.parquet")
    error = errors(engine, project, columns={"labels": TASKS})[""]["dev"]
    rows = wilson(error.value, error.n, Z95)
    cells = wilson(error.value, int(scored[scored["split"] == "dev"][TASKS].notna().sum().sum()), Z95)
    width = error.high - error.low
    assert width > 1.15 * (cells[1] - cells[0])
    assert width == pytest.approx(rows[1] - rows[0], rel=0.2)


def test_declared_human_level_by_task(project: Project, scored: pd.DataFrame) -> None:
    record = run(project, human={"tasks": {"pedestrian": 0.02, "car": 0.01, "sign": 0.24}})
    assert record.errors["human"].value == pytest.approx(0.09)
    assert record.tasks["sign"].errors["human"].value == 0.24
    assert record.tasks["sign"].diagnosis != "bias"


def test_a_task_with_no_labelled_row_in_a_split(project: Project, scored: pd.DataFrame) -> None:
    project.rows("dev").assign(car=np.nan).to_parquet(project.root / "data/splits/dev.parquet")
    with pytest.raises(EstimateError, match="dev: no row is labelled for car"):
        run(project)


def test_a_labelled_cell_without_an_answer(project: Project, scored: pd.DataFrame) -> None:
    answers = project.table("data/predictions.parquet").astype({"car": "Int64"})
    row = scored[scored["car"].notna() & (scored["split"] == "dev")].iloc[0]["id"]
    answers.loc[answers["id"] == row, "car"] = None
    answers.to_parquet(project.root / "data/predictions.parquet")
    with pytest.raises(PredictionsError, match="1 predictions are null for a task that is labelled") as caught:
        run(project)
    assert row in caught.value.message


def test_an_unlabelled_cell_needs_no_answer(engine: Engine, project: Project, scored: pd.DataFrame) -> None:
    before = errors(engine, project)["car"]["dev"]
    answers = project.table("data/predictions.parquet").astype({"car": "Int64"})
    empty = set(scored[scored["car"].isna()]["id"])
    answers.loc[answers["id"].isin(empty), "car"] = None
    answers.to_parquet(project.root / "data/predictions.parquet")
    assert errors(engine, project)["car"]["dev"] == before


def test_a_row_without_any_label_is_refused(project: Project) -> None:
    for name, rows in sources(np.random.default_rng(1)).items():
        if name == "mobile":
            rows.loc[7, TASKS] = np.nan
        project.write(f"{name}.parquet", rows)
    params = project.load(columns={"labels": TASKS})
    assert not validate(params).passed
    with pytest.raises(ChecksFailed, match=r"labels are present: 1 rows \('m00007'\)"):
        split(params)


def test_a_column_per_task_in_the_predictions(project: Project, scored: pd.DataFrame) -> None:
    project.table("data/predictions.parquet").rename(columns={"car": "cars"}).to_parquet(
        project.root / "data/predictions.parquet"
    )
    with pytest.raises(PredictionsError, match=r"no column 'car' .did you mean 'cars'"):
        run(project)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evaluate": {"metric": "macro_f1"}}, "tasks are scored by error_rate, not by macro_f1"),
        ({"human": {"errors": 1, "n": 10}}, "with columns.labels give error, or tasks"),
        ({"human": {"tasks": {"pedestrian": 0.1}}}, "human.tasks names pedestrian; columns.labels has pedestrian, car"),
        ({"columns": {"label": "a"}, "human": {"tasks": {"x": 0.1}}}, "columns.labels has none"),
        ({"columns": {"labels": ["car", "car"]}}, "named twice: car"),
    ],
)
def test_params_that_do_not_fit(project: Project, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ParamsError, match=message):
        project.load(**{"columns": {"labels": TASKS}, **changes})
