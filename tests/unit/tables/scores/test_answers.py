"""The one room of answers: what a row holds, what is refused, and that opening scans nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.errors import PredictionsError, SourceError
from mlstrat_plugin.params.data import Columns
from mlstrat_plugin.params.data import Engine as EngineParams
from mlstrat_plugin.params.scoring import Evaluate
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.engines.duckdb import Engine, reading
from mlstrat_plugin.tables.scores.answers import NO_SLICE, Answered, answers, answers_in, scored, wrong_rows
from tests.unit.tables.scores.scoring import ROWS, SPLITS, Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from ibis.expr.types import Table

NAN, INF = float("nan"), float("inf")
WEIGHTED = Columns(weight="weight")
TASKS = Columns(labels=("car", "sign"))


def checked(answered: Answered, engine: Engine) -> tuple[str, ...]:
    return answered.check(engine, answered.cells(engine))


def refused(model: Model, columns: Columns | None = None, **evaluate: Any) -> str:
    """Return what is said of answers that cannot be scored."""
    with pytest.raises(PredictionsError) as caught:
        checked(model.answers(columns, **evaluate), model.engine)
    assert caught.value.exit_code == 2
    assert caught.value.hint
    return caught.value.message


def with_tasks(model: Model) -> None:
    """Give every row two tasks; signs of every other row are not labelled."""
    for rows in model.splits.values():
        rows["car"], rows["sign"] = 1, [None if i % 2 else 0.0 for i in range(ROWS)]
    model.predictions = model.predictions.assign(car=1, sign=0)


def test_a_row_holds_all_that_is_asked_of_it(model: Model) -> None:
    model.predictions["latency_ms"] = 5
    answered = model.answers(Columns(group="user", weight="weight", slice="place"))
    rows = model.engine.rows(answered.outcomes(answered.matched).order_by("id"))
    assert len(rows) == len(SPLITS) * ROWS
    assert rows[:2] == [
        {"id": f"dev{i}", "split": "dev", "source": "mobile", "label": i, "unit": "devu0", "weight": 1.0 + i,
         "slice": NO_SLICE if i == 0 else "day", "latency_ms": 5.0, "value": 1.0 - i}
        for i in (0, 1)
    ]  # fmt: skip


def test_what_is_not_configured_has_a_neutral_value(model: Model) -> None:
    answered = model.answers()
    row = model.engine.rows(answered.outcomes(answered.matched).order_by("id"))[0]
    assert (row["unit"], row["weight"], row["slice"], row["latency_ms"]) == ("dev0", 1.0, "", None)
    assert not answered.grouped


def test_a_row_without_a_group_is_its_own(model: Model) -> None:
    model.splits["dev"].loc[2, "user"] = None
    answered = model.answers(Columns(group="user"))
    rows = model.engine.rows(answered.rows.filter(answered.rows.split == "dev").order_by("id"))
    assert [row["unit"] for row in rows][:4] == ["devu0", "devu0", "dev2", "devu1"]
    assert answered.grouped


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ({"metric": "error_rate"}, [1.0, 0.0, 0.0]),
        ({"metric": "mean_loss"}, [0.5, 0.25, 0.125]),
        ({"metric": "mean_absolute_error", "unit": "m"}, [1.0, 0.0, 0.0]),
        ({"metric": "macro_f1"}, [1.0, 0.0, 0.0]),
    ],
)
def test_what_a_row_adds_to_an_error(model: Model, metric: dict[str, Any], expected: list[float]) -> None:
    model.predictions["loss"] = [0.5 ** (1 + i % ROWS) for i in range(len(model.predictions))]
    answered = model.answers(splits=[Split.DEV], **metric)
    table = answered.matched
    rows = model.engine.rows(table.select(table.id, value=answered.row_error(table)).order_by("id"))
    assert [row["value"] for row in rows][:3] == expected


def test_only_the_asked_splits_are_read(model: Model) -> None:
    model.write()
    (model.folder / "train.parquet").unlink()
    model.splits.pop("train")
    answered = model.answers(splits=[Split.DEV, Split.TEST])
    assert model.engine.count(answered.rows) == 2 * ROWS


class Counting(Engine):
    """Counts what reaches the database."""

    scans = 0

    def rows(self, table: Table) -> list[dict[str, Any]]:
        self.scans += 1
        return super().rows(table)

    def keep(self, table: Table) -> Table:
        self.scans += 1
        return super().keep(table)


def test_opening_scans_nothing(model: Model) -> None:
    with Counting(EngineParams(threads=1)) as engine:
        model.engine = engine
        answered = model.answers(Columns(group="user", weight="weight", slice="place"), metric="weighted_error")
        joined = answered.joined
        assert answered.outcomes(joined.filter(answered.flawed(joined))).columns[-1] == "value"
        assert engine.scans == 0
        cells = answered.cells(engine)
        assert engine.scans == 1
        assert answered.check(engine, cells) == ("mobile", "web")
        assert engine.scans == 2  # and the count of the rows, which a scan of the footers answers


def test_opening_reads_no_row_of_the_files(model: Model) -> None:
    model.write()
    for file in (model.file, model.folder / "dev.parquet"):
        data = bytearray(file.read_bytes())
        data[4:200] = bytes(196)  # the pages of the first columns, not the footer
        file.write_bytes(data)
    answered = answers(model.engine, model.folder, model.file, Columns(), Evaluate())
    with pytest.raises(SourceError, match="cannot read the rows"), reading("the rows", "write them again"):
        answered.cells(model.engine)


def test_sound_answers_are_counted_and_say_what_the_model_was_trained_on(model: Model) -> None:
    answered = model.answers()
    cells = answered.cells(model.engine)
    assert {(c["split"], c["source"]): (c["n"], c["predicted"], c["null"]) for c in cells} == {
        **{(name, source): (3, 3, 0) for name in ("train", "train-dev") for source in ("web", "mobile")},
        ("dev", "mobile"): (6, 6, 0),
        ("test", "mobile"): (6, 6, 0),
    }
    assert answered.check(model.engine, cells) == ("mobile", "web")


def one_lost(model: Model, *rows: str) -> None:
    model.predictions = model.predictions[~model.predictions["id"].isin(rows)]


def test_rows_without_an_answer(model: Model) -> None:
    one_lost(model, "dev1", "dev4", "test0")
    said = refused(model)
    assert "2 of 6 dev rows of mobile have no prediction" in said
    assert "1 of 6 test rows of mobile have no prediction" in said
    assert said.endswith("'dev1', 'dev4', 'test0'")


def test_answers_to_unknown_rows(model: Model) -> None:
    more = pd.DataFrame({"id": ["=cmd()", None], "prediction": [1, 1]})
    model.predictions = pd.concat([model.predictions, more])
    assert "2 predictions for ids that are in no split: '=cmd()'" in refused(model)


def test_rows_that_are_answered_twice(model: Model) -> None:
    model.predictions = pd.concat([model.predictions, model.predictions.query("id in ('dev2', 'test3')")])
    assert refused(model).endswith("ids are predicted more than once: 'dev2', 'test3'")


def test_a_double_does_not_hide_a_hole(model: Model) -> None:
    one_lost(model, "dev1")
    model.predictions = pd.concat([model.predictions, model.predictions.query("id == 'dev2'")])
    assert "dev" in refused(model)  # as many answers as rows, and yet one row has none


def test_a_null_answer(model: Model) -> None:
    model.predictions["prediction"] = (
        model.predictions["prediction"].astype("Int64").where(model.predictions["id"] != "test4")
    )
    assert "1 predictions or labels are null: 'test4'" in refused(model)


def test_a_null_label_equals_nothing_not_even_a_mistake(model: Model) -> None:
    model.splits["dev"]["label"] = model.splits["dev"]["label"].astype("Int64").where(model.splits["dev"].index != 3)
    assert "1 predictions or labels are null: 'dev3'" in refused(model)


@pytest.mark.parametrize("value", [NAN, None])
def test_floats_as_classes_are_not_nan(model: Model, value: float | None) -> None:
    for rows in model.splits.values():
        rows["label"] = rows["label"].astype(float)
    model.predictions["prediction"] = model.predictions["prediction"].astype(float)
    assert checked(model.answers(), model.engine) == ("mobile", "web")
    model.predictions.loc[model.predictions["id"] == "dev3", "prediction"] = value
    assert "1 predictions or labels are null: 'dev3'" in refused(model)


@pytest.mark.parametrize("value", [NAN, INF, -INF, None])
def test_losses_are_finite_numbers(model: Model, value: float | None) -> None:
    model.predictions.loc[model.predictions["id"] == "dev3", "loss"] = value
    assert "1 losses are null, NaN or infinite: 'dev3'" in refused(model, metric="mean_loss")
    assert checked(model.answers(), model.engine) == ("mobile", "web")  # nobody else asks for the loss


@pytest.mark.parametrize("value", [-1.0, NAN, INF, -INF, None])
def test_weights_are_finite_and_not_negative(model: Model, value: float | None) -> None:
    model.splits["test"].loc[2, "weight"] = value
    said = refused(model, WEIGHTED, metric="weighted_error")
    assert "1 predictions or labels are null, or weights are null, negative or infinite: 'test2'" in said
    assert checked(model.answers(WEIGHTED), model.engine) == ("mobile", "web")  # nor for weights


def test_a_weight_of_zero_is_a_weight(model: Model) -> None:
    model.splits["test"].loc[2, "weight"] = 0.0
    assert checked(model.answers(WEIGHTED, metric="weighted_error"), model.engine) == ("mobile", "web")


@pytest.mark.parametrize("value", [NAN, INF, None])
@pytest.mark.parametrize("column", ["label", "prediction"])
def test_distances_are_between_finite_numbers(model: Model, column: str, value: float | None) -> None:
    table = model.splits["dev"] if column == "label" else model.predictions
    for rows in (*model.splits.values(),):
        rows["label"] = rows["label"].astype(float)
    table[column] = table[column].astype(float)
    table.loc[table["id"] == "dev3", column] = value
    said = refused(model, metric="mean_absolute_error", unit="m")
    assert "1 predictions or labels are null, NaN or infinite: 'dev3'" in said


def test_a_task_that_is_not_labelled_needs_no_answer(model: Model) -> None:
    with_tasks(model)
    model.predictions["sign"] = model.predictions["sign"].astype("Int64")
    model.predictions.loc[model.predictions["id"] == "dev1", "sign"] = pd.NA  # not labelled
    assert checked(model.answers(TASKS), model.engine) == ("mobile", "web")
    model.predictions.loc[model.predictions["id"] == "dev2", "sign"] = pd.NA  # labelled
    assert "1 predictions are null for a task that is labelled: 'dev2'" in refused(model, TASKS)


def test_all_problems_are_named_with_five_examples_at_most(model: Model) -> None:
    strangers = pd.DataFrame({"id": [f"x{i}" for i in range(8)], "prediction": 1})
    model.predictions = pd.concat([model.predictions, strangers, model.predictions.head(2)])
    model.predictions["prediction"] = (
        model.predictions["prediction"].astype("Int64").where(model.predictions["id"] != "dev5")
    )
    said = refused(model).splitlines()
    assert len(said) == 3
    assert "8 predictions for ids that are in no split: 'x0', 'x1', 'x2', 'x3', 'x4' ... and 3 more" in said[0]
    assert said[1] == "- ids are predicted more than once: 'train0', 'train1'"
    assert said[2].startswith("- 1 predictions or labels are null: 'dev5'")


def test_examples_of_null_answers_are_rows_of_the_splits(model: Model) -> None:
    strangers = pd.DataFrame({"id": ["a stranger"], "prediction": [1]})
    model.predictions = pd.concat([model.predictions, strangers])
    model.predictions["prediction"] = (
        model.predictions["prediction"].astype("Int64").where(model.predictions["id"] != "dev5")
    )
    assert refused(model).endswith("1 predictions or labels are null: 'dev5'")


def drop(model: Model) -> None:
    model.predictions = model.predictions.drop(columns="prediction").rename(columns={"loss": "predicton"})


def no_id(model: Model) -> None:
    model.predictions = model.predictions.rename(columns={"id": "ids"})


@pytest.mark.parametrize(
    ("spoil", "columns", "evaluate", "message"),
    [
        (drop, None, {}, "no column 'prediction' (did you mean 'predicton'?); it has 'id', 'predicton'"),
        (no_id, None, {}, "no column 'id' (did you mean 'ids'?)"),
        (None, None, {"metric": "mean_loss", "loss": "losss"}, "no column 'losss' (did you mean 'loss'?)"),
        (None, Columns(group="usr"), {}, "the splits: no column 'usr' (did you mean 'user'?)"),
        (None, Columns(weight="wight"), {}, "the splits: no column 'wight' (did you mean 'weight'?)"),
        (None, Columns(slice="plce"), {}, "the splits: no column 'plce' (did you mean 'place'?)"),
        (with_tasks, Columns(labels=("car", "weight")), {}, "no column 'weight'"),
    ],
)
def test_columns_that_are_not_there(
    model: Model,
    spoil: Callable[[Model], None] | None,
    columns: Columns | None,
    evaluate: dict[str, Any],
    message: str,
) -> None:
    if spoil:
        spoil(model)
    assert message in refused(model, columns, **evaluate)


def test_files_that_are_not_there_or_damaged(model: Model) -> None:
    def opened() -> str:
        with pytest.raises((PredictionsError, SourceError)) as caught:
            answers(model.engine, model.folder, model.file, Columns(), Evaluate())
        assert caught.value.hint
        return caught.value.message

    model.write()
    model.file.write_bytes(b"PAR1 is not enough")
    assert opened().startswith(f"cannot read predictions {model.file}")
    model.file.unlink()
    assert opened() == f"predictions file {model.file} does not exist"
    (model.folder / "dev.parquet").write_bytes(b"")
    assert opened().startswith("cannot read the splits")
    for name in ("dev", "train_dev"):
        (model.folder / f"{name}.parquet").unlink()
    assert opened() == f"split files are missing: {model.folder / 'train_dev.parquet'}, {model.folder / 'dev.parquet'}"


def test_predictions_may_be_csv_with_leading_zeros(model: Model) -> None:
    for place, rows in enumerate(model.splits.values()):
        rows["id"] = [f"00{place}{i}" for i in range(ROWS)]
    model.predictions["id"] = [f"00{i // ROWS}{i % ROWS}" for i in range(len(model.predictions))]
    model.write()
    model.predictions.to_csv(model.folder / "predictions.csv", index=False)
    answered = answers(model.engine, model.folder, model.folder / "predictions.csv", Columns(), Evaluate())
    assert checked(answered, model.engine) == ("mobile", "web")


def test_a_table_that_holds_both(engine: Engine) -> None:
    table = engine.columns(id=["a", "b"], source=["mobile"] * 2, split=["dev"] * 2, label=[0, 1], prediction=[0, 0])
    found = answers_in(table, "the frame")
    rows = engine.rows(found.outcomes(found.matched).order_by("id"))
    assert [(row["unit"], row["weight"], row["value"]) for row in rows] == [("a", 1.0, 0.0), ("b", 1.0, 1.0)]
    twice = engine.keep(table.union(table))
    with pytest.raises(PredictionsError, match="the frame: ids are predicted more than once"):
        checked(answers_in(twice, "the frame"), engine)
    text = table.mutate(prediction=table.prediction.cast("string"))
    with pytest.raises(PredictionsError, match="the frame: prediction is string"):
        answers_in(text, "the frame")


@given(labels=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20))
def test_wrong_rows(engine: Engine, labels: list[tuple[int, int]]) -> None:
    label, prediction = zip(*labels, strict=True)
    rows = engine.columns(label=label, prediction=prediction, place=range(len(labels)))
    found = engine.rows(rows.select("place", wrong=wrong_rows(rows)).order_by("place"))
    assert [row["wrong"] for row in found] == [int(a != b) for a, b in labels]


def test_the_ladder_counts_dev_test_and_what_was_trained_on(engine: Engine) -> None:
    rows = engine.columns(split=np.repeat(SPLITS, 2).tolist(), source=["web", "mobile"] * 4)
    for trained_on, expected in ((["web"], 2), (["web", "mobile"], 4), ([], 0)):
        found = engine.rows(rows.filter(scored(rows, trained_on)))
        assert sum(row["split"] in ("dev", "test") for row in found) == 4
        assert sum(row["split"] in ("train", "train-dev") for row in found) == expected
