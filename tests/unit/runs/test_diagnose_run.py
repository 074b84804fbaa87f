from __future__ import annotations

from typing import Any

import pytest

from mlstrat_plugin.adapters.tracking import Run
from mlstrat_plugin.core.estimates.human_level import Declared
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.runs.diagnose_run import ladder_of

RUN = Run(
    run_id="r",
    experiment_id="1",
    tags={},
    metrics={"train_error": 0.01, "val_acc": 0.93, "broken": float("nan"), "percent": 7.0, "n_val": 2500.0},
    params={"n_train": "10000", "note": "many"},
)


def test_names_accuracies_declared_numbers_and_rows() -> None:
    ladder = ladder_of(
        RUN,
        {"human": 0.005, "train": "train_error", "dev": "1 - val_acc"},
        {"train": "n_train", "dev": "n_val"},
    )
    assert ladder == {
        "human": Declared(0.005),
        "train": ErrorTally(wrong=100, n=10_000),
        "dev": ErrorTally(wrong=175, n=2500),
    }


def test_our_own_names_are_the_default() -> None:
    logged = Run(
        run_id="r",
        experiment_id="1",
        tags={},
        metrics={"error/train": 0.0, "error/dev": 1.0, "rows/train": 50.0, "rows/dev": 20.0, "loss": 3.0},
        params={},
    )
    assert ladder_of(logged) == {"train": ErrorTally(wrong=0, n=50), "dev": ErrorTally(wrong=20, n=20)}


@pytest.mark.parametrize(
    ("errors", "rows", "message"),
    [
        ({"dev": "val_ac"}, {"dev": 10}, "dev: the run has no metric 'val_ac' .did you mean 'val_acc'"),
        ({"dev": "broken"}, {"dev": 10}, "broken is nan, which makes no error"),
        ({"dev": "percent"}, {"dev": 10}, "percent is 7.0, which makes no error"),
        ({"dev": "1 - percent"}, {"dev": 10}, "1 - percent is 7.0"),
        ({"dev": "train_error"}, {}, "its rows are not known: the run has no 'rows/dev'"),
        ({"dev": "train_error"}, {"dev": 0}, "not a number of rows from 1 on"),
        ({"dev": "train_error"}, {"dev": "note"}, "'many' is not a number of rows"),
        ({"develop": "train_error"}, {}, "'develop' is not a rung .did you mean 'dev'"),
        ({"human": 1.5}, {}, r"0\.\.1"),
    ],
)
def test_what_makes_no_ladder(errors: dict[str, Any], rows: dict[str, Any], message: str) -> None:
    with pytest.raises(EstimateError, match=message):
        ladder_of(RUN, errors, rows)


def test_all_problems_at_once() -> None:
    with pytest.raises(EstimateError) as caught:
        ladder_of(RUN, {"train": "nothing", "dev": "broken"}, {"dev": 5})
    assert "train: the run has no metric" in caught.value.message
    assert "dev: broken is nan" in caught.value.message
