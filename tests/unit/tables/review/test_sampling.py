"""Rows drawn for people: at random, alike on every machine, and never from the part of dev that stays unseen."""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mlstrat_plugin.errors import PredictionsError, ReviewError
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.digests import share_last
from mlstrat_plugin.tables.review.sampling import (
    all_labels,
    answered,
    examples,
    first_mistakes,
    first_of_stratum,
    scored,
    sheet_facts,
    states,
    stratum_facts,
    with_features,
)
from tests.conftest import digits

if TYPE_CHECKING:
    from mlstrat_plugin.params.project import Project as MlstratProject
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from tests.conftest import Project

SIZE = 300


def dev_of(n: int = SIZE) -> pd.DataFrame:
    """Return rows of mobile, five to a user, the id's last figure saying how they are answered."""
    return digits(n, "m", per_group=5).assign(source="mobile", camera="old")


def written(project: Project, rows: pd.DataFrame, wrong: str = "147", **blocks: Any) -> MlstratProject:
    """Write four splits, of which dev and test hold these rows, and predictions that are wrong where ids end so."""
    loaded = project.load(**{"review": {"rows": 20, "eyeball": 0.5}, "columns": {"group": "user"}, **blocks})
    parts = {name: rows.assign(id=f"{name}-" + rows["id"]) for name in ("train", "train_dev", "test")} | {"dev": rows}
    answers = []
    for name, part in parts.items():
        project.write(f"data/splits/{name}.parquet", part)
        answer = part["label"].where(~part["id"].str[-1].isin(list(wrong)), (part["label"] + 1) % 3)
        answers.append(pd.DataFrame({"id": part["id"], "prediction": answer}))
    project.write("data/predictions.parquet", pd.concat(answers))
    return loaded


def digest(purpose: str, text: str) -> str:
    return md5(f"mlstrat:{purpose}:{text}".encode()).hexdigest()


def may_be_seen(user: str, share: float = 0.5) -> bool:
    return digest("eyeball", user) <= share_last(share)


def test_a_row_has_texts_for_people_and_digests_for_chance(engine: Engine, project: Project) -> None:
    loaded = written(project, dev_of(10))
    found = {row["id"]: row for row in engine.rows(answered(engine, loaded, Split.DEV))}
    assert list(found) == [f"m{i:05d}" for i in range(10)]
    assert found["m00004"] == {
        "id": "m00004",
        "source": "mobile",
        "unit": "mu00000",
        "value": 1,
        "label": "1",
        "prediction": "2",
        "eyeball": may_be_seen("mu00000"),
        "review": digest("review", "m00004"),
        "audit": digest("audit", "m00004"),
    }


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_the_first_mistakes_are_a_random_sample_of_whole_groups(engine: Engine, project: Project, share: float) -> None:
    dev = dev_of()
    loaded = written(project, dev, review={"rows": 20, "eyeball": share})
    rows = answered(engine, loaded, Split.DEV)
    drawn = [row["id"] for row in first_mistakes(engine, rows, SIZE)]
    wrong = dev[dev["id"].str[-1].isin(["1", "4", "7"])]
    seen = wrong[wrong["user"].map(lambda user: may_be_seen(user, share))]["id"]
    assert drawn == sorted(seen, key=lambda i: digest("review", i))
    assert drawn != sorted(drawn)
    for size in (0, 1, 10):
        assert [row["id"] for row in first_mistakes(engine, rows, size)] == drawn[:size]  # a larger size only adds


def test_another_salt_draws_other_rows(engine: Engine, project: Project) -> None:
    drawn = []
    for salt in ("mlstrat", "other"):
        split = {"dev": 0.25, "test": 0.25, "train_dev": 0.2, "salt": salt}
        rows = answered(engine, written(project, dev_of(), split=split), Split.DEV)
        drawn.append([row["id"] for row in first_mistakes(engine, rows, 20)])
    assert drawn[0] != drawn[1]


def test_a_stratum_is_drawn_without_the_answer(engine: Engine, project: Project) -> None:
    dev = dev_of()
    rows = answered(engine, written(project, dev), Split.DEV)
    for wrong in (True, False):
        drawn = first_of_stratum(engine, rows, wrong=wrong, size=10)
        inside = dev[dev["id"].str[-1].isin(["1", "4", "7"]) == wrong]["id"]
        assert [row["id"] for row in drawn] == sorted(inside, key=lambda i: digest("audit", i))[:10]
        assert set(drawn[0]) == {"id", "source", "label"}  # all of dev, seen or not: the label alone is judged


def test_states_are_of_rows_that_are_still_there(engine: Engine, project: Project) -> None:
    rows = answered(engine, written(project, dev_of()), Split.DEV)
    found = states(engine, rows, ["m00001", "m00002", "gone"])
    assert {i: (row["label"], row["prediction"], row["value"]) for i, row in found.items()} == {
        "m00001": ("1", "2", 1),
        "m00002": ("2", "2", 0),
    }
    assert states(engine, rows, []) == {}


def test_examples_show_the_configured_columns(engine: Engine, project: Project) -> None:
    review = {"rows": 20, "eyeball": 0.5, "text": "text", "features": ["camera", "text"]}
    loaded = written(project, dev_of(), review=review)
    assert examples(engine, loaded, Split.DEV, ["m00003", "gone"]) == {"m00003": {"text": "m text 3", "camera": "old"}}
    loaded = written(project, dev_of(), review={**review, "image": "camra"})
    with pytest.raises(ReviewError, match=r"dev: no column 'camra' .did you mean 'camera'"):
        examples(engine, loaded, Split.DEV, ["m00003"])


def test_all_labels_are_texts_in_order(engine: Engine, project: Project) -> None:
    loaded = written(project, dev_of())
    project.write("data/splits/train.parquet", dev_of().assign(label=10))
    assert all_labels(engine, loaded) == ("0", "1", "10", "2")


def test_columns_without_a_meaning_may_have_kinds(engine: Engine, project: Project) -> None:
    review = {"rows": 20, "eyeball": 0.5, "text": "text"}
    table, names = with_features(engine, written(project, dev_of(), review=review))
    assert names == ["label", "source", "camera"]
    row = next(row for row in engine.rows(table) if row["value"] == 1)
    assert set(row) == {"value", "unit", "half", "f_label", "f_source", "f_camera"}
    assert row["half"] == digest("half", row["unit"])


def test_scores_need_a_column_for_each_label(engine: Engine, project: Project) -> None:
    loaded = written(project, dev_of())
    assert scored(engine, loaded, Split.DEV) == ([], [])
    given = pd.read_parquet(project.root / "data/predictions.parquet")
    project.write("data/predictions.parquet", given.assign(score_0=0.2, score_1=0.3, score_2=0.5))
    rows, names = scored(engine, loaded, Split.DEV)
    assert names == ["score_0", "score_1", "score_2"]
    assert len(rows) == SIZE
    assert rows[4] == {"id": "m00004", "label": "1", "score_0": 0.2, "score_1": 0.3, "score_2": 0.5}
    project.write("data/predictions.parquet", given.assign(score_0=0.5, score_1=0.5))
    assert scored(engine, loaded, Split.DEV) == ([], [])


def test_what_dev_says_about_a_sheet(engine: Engine, project: Project) -> None:
    dev = dev_of()
    rows = answered(engine, written(project, dev), Split.DEV)
    drawn = [row["id"] for row in first_mistakes(engine, rows, 10)]
    known = [*drawn[:4], *drawn[5:], "m00000", "gone"]  # one is passed over, one is right by now, one is gone
    facts = sheet_facts(engine, rows, known, grouped=True)
    assert list(facts.drawn) == drawn[:4]  # what follows a gap is not a random sample
    assert facts.drawn[drawn[0]] == dev.set_index("id")["user"][drawn[0]]
    assert (facts.now_right, facts.gone) == (1, 1)
    seen = dev["user"].map(may_be_seen)
    assert {name: part.n for name, part in facts.parts.items() if part} == {
        "eyeball": int(seen.sum()),
        "blackbox": int((~seen).sum()),
    }


def test_what_a_split_says_about_a_stratum(engine: Engine, project: Project) -> None:
    rows = answered(engine, written(project, dev_of()), Split.DEV)
    drawn = [row["id"] for row in first_of_stratum(engine, rows, wrong=False, size=10)]
    size, found = stratum_facts(engine, rows, [*drawn[:3], *drawn[4:], "m00001"], wrong=False)
    assert size == SIZE * 7 // 10
    assert list(found) == drawn[:3]


@pytest.mark.parametrize(
    "blocks",
    [
        {"columns": {"labels": ["label", "other"]}},
        {"evaluate": {"metric": "mean_loss"}, "human": {"loss": 0.1}},
        {"evaluate": {"metric": "mean_absolute_error", "unit": "m"}, "human": {"loss": 0.1}},
    ],
)
def test_metrics_without_mistakes_are_refused(engine: Engine, project: Project, blocks: dict[str, Any]) -> None:
    loaded = written(project, dev_of().assign(other=1), **blocks)
    with pytest.raises(ReviewError, match="no mistakes to look at"):
        answered(engine, loaded, Split.DEV)


def test_missing_predictions_are_said(engine: Engine, project: Project) -> None:
    loaded = written(project, dev_of())
    given = pd.read_parquet(project.root / "data/predictions.parquet")
    project.write("data/predictions.parquet", given[given["id"] != "m00003"])
    with pytest.raises(PredictionsError, match="1 rows of dev have no prediction"):
        answered(engine, loaded, Split.DEV)
    assert engine.count(answered(engine, loaded, Split.TEST)) == SIZE  # the other splits are not asked for
