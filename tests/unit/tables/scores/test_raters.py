"""People scored as a model is: against the given labels, or against the others' majority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mlstrat_plugin.core.estimates.intervals import wilson
from mlstrat_plugin.core.estimates.rated import RatedTally
from mlstrat_plugin.errors import EstimateError, HumanError
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.tables.scores.raters import Ratings, rate
from tests.unit.tables.scores.scoring import Measured, measured

if TYPE_CHECKING:
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from tests.conftest import Project

RATERS = 12


@pytest.fixture
def ratings(project: Project) -> pd.DataFrame:
    """Return answers of 12 people (two groups) to 40 dev and 40 web rows; every fifth of the first group is wrong."""
    split(project.load())
    project.predict(lambda rows: rows["id"].str.endswith("7"))
    dev, train = (project.rows(name) for name in ("dev", "train"))
    rows = pd.concat([dev.head(40), train[train["source"] == "web"].head(40)])
    answers = []
    for rater in range(RATERS):
        for place, (_, row) in enumerate(rows.iterrows()):
            team = rater >= RATERS // 2
            wrong = (place * 7 + rater) % (20 if team else 5) == 0
            label = (row["label"] + 1) % 3 if wrong else row["label"]
            answers.append((row["id"], f"r{rater}", "team" if team else "typical", label))
    return pd.DataFrame(answers, columns=["id", "rater", "group", "label"])


def rated(engine: Engine, project: Project, ratings: pd.DataFrame, **human: Any) -> Ratings:
    file, loaded = project.write("ratings.parquet", ratings), project.load(human={"table": "ratings.parquet", **human})
    assert loaded.params.human is not None
    roles = {name: source.role for name, source in loaded.params.sources.items()}
    return rate(engine, file, loaded.splits, loaded.params.columns, loaded.params.human, roles)


def human_error(engine: Engine, project: Project, ratings: pd.DataFrame, **human: Any) -> Measured:
    return measured(rated(engine, project, ratings, **human).level)


def run(project: Project, ratings: pd.DataFrame, **human: Any) -> Diagnosis:
    project.write("ratings.parquet", ratings)
    return diagnose(project.load(human={"table": "ratings.parquet", **human}))


def leave_one_out(ratings: pd.DataFrame) -> pd.Series:
    """Return each answer's error against the others' majority, worked out row by row."""
    errors = []
    for _, answer in ratings.iterrows():
        others = ratings[(ratings["id"] == answer["id"]) & (ratings["rater"] != answer["rater"])]
        votes = others["label"].value_counts()
        top = set(votes.index[votes == votes.max()])
        errors.append(1 - (answer["label"] in top) / len(top))
    return pd.Series(errors, index=ratings.index)


def truth(project: Project, answers: pd.DataFrame) -> list[Any]:
    known = pd.concat([project.rows(name) for name in ("train", "train_dev", "dev", "test")]).set_index("id")["label"]
    return list(known[answers["id"]])


def test_labels_that_are_the_raters_own_vote_are_said(project: Project, ratings: pd.DataFrame) -> None:
    made = run(project, ratings, truth="given")
    (finding,) = [finding for finding in made.findings if finding.code == "MLS154"]
    assert finding.message == "In 80 of 80 rows the label is the majority of the raters' answers."
    torn = ratings.assign(
        label=[(label + (i % 12 < 7)) % 3 for i, label in zip(range(960), ratings["label"], strict=True)]
    )
    others = {check.code: check for check in run(project, torn, truth="given").checks}
    assert others["MLS154"].outcome == "passed"
    consensus = {check.code: check for check in run(project, ratings).checks}
    assert (consensus["MLS154"].outcome, consensus["MLS154"].reason) == (
        "not-applicable",
        "raters are scored against each other",
    )


def test_rows_of_one_group_are_one_row(engine: Engine, project: Project, ratings: pd.DataFrame) -> None:
    for name in ("train", "train_dev", "dev", "test"):
        rows = project.rows(name)
        rows.assign(user="g" + rows["id"].str[-2:]).to_parquet(project.root / f"data/splits/{name}.parquet")
    hard = ratings["id"].str[-2:].astype(int) % 5 == 0  # a fifth of the groups is hard for everybody
    table = ratings.assign(label=(ratings["label"] + hard) % 3)
    narrow = human_error(engine, project, table, truth="given", proxy="typical")
    project.block["columns"] = {"group": "user"}
    wide = human_error(engine, project, table, truth="given", proxy="typical")
    assert narrow.value == wide.value > 0.2
    assert wide.high - wide.low > narrow.high - narrow.low


def test_given_truth(engine: Engine, project: Project, ratings: pd.DataFrame) -> None:
    mine = ratings[ratings["group"] == "typical"]
    human = human_error(engine, project, ratings, truth="given", proxy="typical")
    assert human.n == len(mine)
    assert human.value == pytest.approx(0.2, abs=0.01)
    assert human.groups == pytest.approx(6)
    assert human.method == "raters x rows wilson"
    pairs = mine.assign(wrong=[a != b for a, b in zip(mine["label"], truth(project, mine), strict=True)])
    by_hand = RatedTally.of((r, i, float(w)) for r, i, w in pairs[["rater", "id", "wrong"]].itertuples(index=False))
    assert (human.low, human.high) == pytest.approx(by_hand.estimate().interval(0.95))


def test_consensus_leaves_the_own_vote_out(engine: Engine, project: Project, ratings: pd.DataFrame) -> None:
    four = ratings[ratings["rater"].isin(["r0", "r1", "r2", "r6"])].drop(columns="group")
    human = human_error(engine, project, four)
    assert human.value == pytest.approx(leave_one_out(four).mean())
    assert human.n == len(four)


def test_two_raters_are_scored_by_disagreement(engine: Engine, project: Project, ratings: pd.DataFrame) -> None:
    two = ratings[ratings["rater"].isin(["r0", "r1"])].drop(columns="group")
    wide = two.pivot(index="id", columns="rater", values="label")
    assert human_error(engine, project, two).value == pytest.approx((wide["r0"] != wide["r1"]).mean())


def test_best_group_is_taken_and_the_table_has_human_cells(project: Project, ratings: pd.DataFrame) -> None:
    record = run(project, ratings, truth="given")
    assert record.errors["human"].value < 0.1
    assert record.errors["human"].method.startswith("best of 2 groups")
    assert record.table_2x3["target"]["human"].n == record.table_2x3["auxiliary"]["human"].n == 40 * 6
    assert {"intrinsic difficulty", "human-adjusted mismatch", "bias on target"} <= set(record.statements)
    adjusted, mismatch, harder = (
        record.statements[name].value for name in ("human-adjusted mismatch", "mismatch", "intrinsic difficulty")
    )
    assert adjusted == pytest.approx(mismatch - harder)


def test_each_distribution_that_was_rated_has_its_own_level(
    engine: Engine, project: Project, ratings: pd.DataFrame
) -> None:
    found = rated(engine, project, ratings, truth="given", proxy="team")
    assert found.raters == {"team": 6, "typical": 6}
    assert found.silent == ()
    assert set(found.by_role) == {"auxiliary", "target"}
    for role, prefix in (("target", "m"), ("auxiliary", "w")):
        mine = ratings[ratings["id"].str.startswith(prefix) & (ratings["group"] == "team")]
        assert found.by_role[role].n == len(mine)
    only_dev = ratings[ratings["id"].str.startswith("m")]
    assert set(rated(engine, project, only_dev, truth="given").by_role) == {"target"}


def test_a_rater_without_an_answer_that_counts_is_silent(
    engine: Engine, project: Project, ratings: pd.DataFrame
) -> None:
    alone = pd.DataFrame([(ratings["id"].iloc[0], "sleeper", "team", None)], columns=ratings.columns)
    table = pd.concat([ratings, alone]).astype({"label": "Int64"})
    assert rated(engine, project, table, truth="given").silent == ("sleeper",)


def test_findings_about_people(project: Project, ratings: pd.DataFrame) -> None:
    same = ratings.assign(group=["a" if rater in {"r6", "r7", "r8"} else "b" for rater in ratings["rater"]])
    same = same[same["rater"].isin([f"r{i}" for i in range(6, 12)])]
    silent = pd.DataFrame([(same["id"].iloc[0], "sleeper", "a", None)], columns=same.columns)
    table = pd.concat([same, silent]).astype({"label": "Int64"})
    found = {finding.code: finding for finding in run(project, table, truth="given").findings}
    assert "a, b cannot be told apart" in found["MLS151"].message
    assert "fewer than 5 raters" in found["MLS152"].message
    assert "'sleeper'" in found["MLS153"].evidence


def test_one_rater_against_given_labels_counts_rows(engine: Engine, project: Project, ratings: pd.DataFrame) -> None:
    one = ratings[ratings["rater"] == "r0"]
    human = human_error(engine, project, one, truth="given")
    assert (human.method, human.groups, human.wrong) == ("raters x rows wilson", None, 16)
    assert (human.low, human.high) == pytest.approx(wilson(0.2, 80, 1.96), abs=0.005)


def test_one_rater_has_no_consensus(engine: Engine, project: Project, ratings: pd.DataFrame) -> None:
    with pytest.raises(HumanError, match="no row has two raters"):
        rated(engine, project, ratings[ratings["rater"] == "r0"])


def test_few_raters_do_not_withhold_the_verdict(project: Project, ratings: pd.DataFrame) -> None:
    few = ratings[ratings["rater"].isin(["r6", "r7", "r8", "r9"])]
    codes = {finding.code for finding in run(project, few, truth="given").findings}
    assert "MLS152" in codes
    assert not {"MLS144", "MLS145"} & codes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(id=t["id"] + "x"), "80 ids that are in no split: .* and 75 more"),
        (lambda t: pd.concat([t, t.head(1)]), "1 times one rater answered one row twice: 'r0 on "),
        (lambda t: t.drop(columns="rater"), "no column 'rater'"),
        (lambda t: t.rename(columns={"label": "labels"}), "no column 'label' .did you mean 'labels'"),
        (lambda t: t.assign(label=t["label"].astype(str)), "label is string, but int64 in the splits"),
        (lambda t: t.assign(rater=None), "960 answers without a rater or an id"),
        (lambda t: t.assign(group=["a", "b"] * (len(t) // 2)), "raters in two groups"),
        (lambda t: t.assign(label=pd.Series([None] * len(t), dtype="Int64")), "no answer at all"),
    ],
)
def test_tables_that_cannot_be_scored(
    engine: Engine, project: Project, ratings: pd.DataFrame, change: Any, message: str
) -> None:
    with pytest.raises(HumanError, match=message):
        rated(engine, project, change(ratings))


def test_no_table(project: Project, ratings: pd.DataFrame) -> None:
    with pytest.raises(HumanError, match=r"nowhere\.csv does not exist"):
        diagnose(project.load(human={"table": "nowhere.csv"}))


def test_a_group_nobody_is_in(engine: Engine, project: Project, ratings: pd.DataFrame) -> None:
    with pytest.raises(EstimateError, match="did you mean 'typical'"):
        rated(engine, project, ratings, proxy="typcal")
