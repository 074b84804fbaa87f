"""Which types of labels and answers can ever be equal, and what is said of those that cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlstrat_plugin.errors import PredictionsError
from mlstrat_plugin.params.data import Columns
from mlstrat_plugin.params.scoring import Evaluate
from mlstrat_plugin.tables.scores.answer_types import answer_names, label_names, require_types

if TYPE_CHECKING:
    from mlstrat_plugin.tables.engines.duckdb import Engine

SINGLE, TASKS = Columns(label="digit"), Columns(labels=("car", "sign"))


def fits(engine: Engine, *values: Any, **evaluate: Any) -> bool:
    """Return whether nothing is said of these labels and answers."""
    try:
        required(engine, *values, **evaluate)
    except PredictionsError:
        return False
    return True


def required(
    engine: Engine, labels: dict[str, Any], answers: dict[str, Any], columns: Columns = SINGLE, **evaluate: Any
) -> None:
    rows = engine.columns(id=["a"], **{name: [value] for name, value in labels.items()})
    given = engine.columns(**{"answered": ["a"], **{name: [value] for name, value in answers.items()}})
    require_types("predictions.csv", rows, given, columns, Evaluate(**evaluate))


def test_names_of_labels_and_answers() -> None:
    assert label_names(SINGLE) == [("label", "digit")]
    assert answer_names(SINGLE, Evaluate()) == [("prediction", "prediction")]
    assert answer_names(SINGLE, Evaluate(metric="mean_loss", loss="nll")) == [("loss", "nll")]
    assert label_names(TASKS) == [("label_0", "car"), ("label_1", "sign")]
    assert answer_names(TASKS, Evaluate()) == [("answer_0", "car"), ("answer_1", "sign")]


@pytest.mark.parametrize("value", [1, 1.5, "a", True])
def test_one_kind_fits(engine: Engine, value: Any) -> None:
    assert fits(engine, {"label": value}, {"prediction": value})


@pytest.mark.parametrize(
    ("label", "answer", "message"),
    [
        (1, "1", "prediction is string, but digit in the splits is int64"),
        ("1", 1, "prediction is int64, but digit in the splits is string"),
        (1, 1.0, "prediction is float64, but digit in the splits is int64"),
        (1, True, "prediction is boolean, but digit in the splits is int64"),
        (True, "true", "prediction is string, but digit in the splits is boolean"),
    ],
)
def test_two_kinds_can_never_be_equal(engine: Engine, label: Any, answer: Any, message: str) -> None:
    with pytest.raises(PredictionsError, match=f"predictions.csv: {message}") as caught:
        required(engine, {"label": label}, {"prediction": answer})
    assert "in the type of the labels" in caught.value.hint


def test_ids_have_one_kind(engine: Engine) -> None:
    for metric in ({}, {"metric": "mean_loss"}, {"metric": "mean_absolute_error", "unit": "m"}):
        with pytest.raises(PredictionsError, match="id is int64, but id in the splits is string"):
            required(engine, {"label": 1}, {"answered": 1, "prediction": 1, "loss": 0.5}, **metric)


def test_empty_cells_make_floats_of_tasks_alone(engine: Engine) -> None:
    assert fits(engine, {"label_0": 1.0, "label_1": 0}, {"answer_0": 1, "answer_1": 0.0}, TASKS)
    with pytest.raises(PredictionsError, match="sign is string, but sign in the splits is int64"):
        required(engine, {"label_0": 1, "label_1": 0}, {"answer_0": 1, "answer_1": "0"}, TASKS)


@pytest.mark.parametrize("loss", [1, 0.5])
def test_a_loss_is_a_number(engine: Engine, loss: float) -> None:
    assert fits(engine, {"label": "a"}, {"loss": loss}, metric="mean_loss")


@pytest.mark.parametrize(
    ("label", "answer", "evaluate", "message"),
    [
        (1, {"loss": "much"}, {"metric": "mean_loss", "loss": "nll"}, "nll is string, not a number"),
        (1, {"loss": True}, {"metric": "mean_loss"}, "loss is boolean, not a number"),
        ("a", {"prediction": 1.0}, {"metric": "mean_absolute_error", "unit": "m"}, "digit is string, not a number"),
        (1, {"prediction": "a"}, {"metric": "mean_absolute_error", "unit": "m"}, "prediction is string, not a number"),
    ],
)
def test_numbers_are_needed(
    engine: Engine, label: Any, answer: dict[str, Any], evaluate: dict[str, Any], message: str
) -> None:
    with pytest.raises(PredictionsError, match=message) as caught:
        required(engine, {"label": label}, answer, **evaluate)
    assert caught.value.hint == f"{evaluate['metric']} needs a number for each example"


def test_numbers_of_any_kind_have_a_distance(engine: Engine) -> None:
    assert fits(engine, {"label": 1}, {"prediction": 1.5}, metric="mean_absolute_error", unit="m")
