"""A metric in the unit of the labels: the same numbers as pandas, and no page that calls them rates."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from mlstrat_plugin.core.estimates.losses import LossTally
from mlstrat_plugin.core.estimates.recomputed import saved_estimates
from mlstrat_plugin.errors import ParamsError, PredictionsError
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.report import report
from mlstrat_plugin.stages.split import split

if TYPE_CHECKING:
    from mlstrat_plugin.params.project import Project as MlstratProject
    from tests.conftest import Project

SPLITS = ("train", "train_dev", "dev", "test")
MINUTES: dict[str, Any] = {
    "human": {"loss": 1.0},
    "evaluate": {"metric": "mean_absolute_error", "unit": "minutes"},
    "diagnose": {"material_gap": 0.5},
}


def waits(project: Project) -> tuple[MlstratProject, pd.DataFrame]:
    """Write sources with waiting times as labels, split them, and predict; return all rows with their answers."""
    rng = np.random.default_rng(5)
    for name, n in (("web", 900), ("mobile", 1500)):
        rows = pd.DataFrame({"id": [f"{name}{i:04d}" for i in range(n)], "label": rng.gamma(4, 3, n)})
        project.write(f"{name}.parquet", rows)
    loaded = project.load(**MINUTES)
    split(loaded)
    parts = [pd.read_parquet(project.root / f"data/splits/{s}.parquet").assign(split=s) for s in SPLITS]
    rows = pd.concat(parts, ignore_index=True)
    spread = np.where(rows["split"].isin(["dev", "test"]), 4.0, 1.5)
    rows["prediction"] = rows["label"] + rng.normal(0, spread)
    project.write("data/predictions.parquet", rows[["id", "prediction"]])
    return loaded, rows


def test_errors_are_mean_distances_with_the_bounds_of_losses(project: Project) -> None:
    loaded, rows = waits(project)
    record = diagnose(loaded)
    for name in SPLITS:
        mine = rows[rows["split"] == name]
        distances = (mine["prediction"] - mine["label"]).abs()
        error = record.errors[name.replace("_", "-")]
        bounds = LossTally.of(distances.tolist()).estimate().interval(0.95)
        if name == "train":  # all training rows were scored: their mean is known
            bounds = (distances.mean(), distances.mean())
        assert (error.value, error.low, error.high) == pytest.approx((distances.mean(), *bounds), rel=1e-8)
        assert error.wrong is None
    assert record.diagnosis == "mismatch"
    assert saved_estimates(record)["dev"].interval(0.95) == pytest.approx(
        (record.errors["dev"].low, record.errors["dev"].high), rel=1e-12
    )


def test_pages_speak_in_minutes_and_never_in_rates_or_points(project: Project) -> None:
    loaded, _ = waits(project)
    diagnose(loaded)
    report(loaded)
    page = re.sub(r"base64,[^\"]*", "", loaded.places.page.read_text(encoding="utf-8"))
    text = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert "minutes" in text
    assert "points" not in text
    assert not re.search(r"\d ?%(?! confidence| interval)", re.sub(r"(95|80|60|\d+) ?%", "", text))
    splits = json.loads(loaded.places.splits.read_text(encoding="utf-8"))
    said = " ".join(splits["advice"])
    assert "points" not in said
    assert "assumed_deviation" in said


def test_with_a_deviation_split_says_what_sizes_can_detect(project: Project) -> None:
    waits(project)
    loaded = project.load(**MINUTES, split={"dev": 0.25, "test": 0.25, "train_dev": 0.2, "assumed_deviation": 3.0})
    record = split(loaded)
    said = " ".join(record.advice)
    assert "minutes" in said
    assert "points" not in said
    n = record.rows["dev"]
    assert record.sizing.splits["dev"].half_width == pytest.approx(1.96 * 3.0 / n**0.5, rel=1e-2)


def test_labels_that_are_no_numbers_are_refused(project: Project) -> None:
    split(project.load())
    project.predict(lambda rows: rows["id"].str.endswith("7"))
    rows = pd.read_parquet(project.root / "data/predictions.parquet")
    project.write("data/predictions.parquet", rows.assign(prediction=rows["prediction"].astype(str)))
    with pytest.raises(PredictionsError, match="prediction is string, not a number"):
        diagnose(project.load(**MINUTES))


@pytest.mark.parametrize("value", [np.nan, np.inf, None])
def test_distances_that_are_no_numbers_are_refused(project: Project, value: float | None) -> None:
    loaded, rows = waits(project)
    rows.loc[5, "prediction"] = value
    project.write("data/predictions.parquet", rows[["id", "prediction"]])
    with pytest.raises(PredictionsError, match="1 predictions or labels are null, NaN or infinite"):
        diagnose(loaded)


def test_a_human_error_is_a_distance_too(project: Project) -> None:
    with pytest.raises(
        ParamsError, match=r"human gives error, which does not fit evaluate\.metric = mean_absolute_error: give loss"
    ):
        project.load(**{**MINUTES, "human": {"error": 0.01}})
