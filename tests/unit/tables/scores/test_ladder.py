"""The ladder of a project: its splits' errors, and a human level that is declared or comes from raters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mlstrat_plugin.core.estimates.human_level import Declared
from mlstrat_plugin.errors import PredictionsError
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.tables.scores.ladder import Ladder, measure_ladder

if TYPE_CHECKING:
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from tests.conftest import Project


@pytest.fixture
def answered(project: Project) -> Project:
    split(project.load())
    project.predict(lambda rows: rows["id"].str.endswith("1"))
    return project


def measured(project: Project, engine: Engine, **changes: Any) -> Ladder:
    return measure_ladder(project.load(**changes), engine)


def test_every_split_and_the_declared_human_level_are_rungs(answered: Project, engine: Engine) -> None:
    ladder = measured(answered, engine, human={"error": 0.02})
    rows = answered.rows("dev")
    assert ladder.rungs["dev"].n == len(rows)
    assert ladder.rungs["dev"].wrong == rows["id"].str.endswith("1").sum()
    assert ladder.rungs["human"] == Declared(0.02)
    assert set(ladder.rungs) == {"human", "train", "train-dev", "dev", "test"}
    assert ladder.ratings is None


def test_raters_are_the_human_level_where_there_is_a_table(answered: Project, engine: Engine) -> None:
    rows = answered.rows("dev").head(40)
    said = [pd.DataFrame({"id": rows["id"], "rater": name, "label": rows["label"]}) for name in ("ann", "bob")]
    said[1].loc[said[1].index[:4], "label"] = (said[1]["label"] + 1) % 3
    answered.write("raters.parquet", pd.concat(said))
    ladder = measured(answered, engine, human={"table": "raters.parquet", "truth": "given"})
    assert ladder.ratings is not None
    assert ladder.rungs["human"] is ladder.ratings.level
    assert ladder.rungs["human"].estimate().value == pytest.approx(4 / 80)


def test_a_sealed_test_set_leaves_no_number_of_test(answered: Project, engine: Engine) -> None:
    ladder = measured(answered, engine).without_test()
    assert "test" not in ladder.rungs
    assert "test" not in ladder.tallies.by_source
    assert "test" not in ladder.tallies.ladder
    assert "dev" in ladder.rungs


def test_answers_that_do_not_fit_are_refused(answered: Project, engine: Engine) -> None:
    table = answered.table("data/predictions.parquet")
    answered.write("data/predictions.parquet", pd.concat([table, table.head(1)]))
    with pytest.raises(PredictionsError, match="predicted more than once"):
        measured(answered, engine)
