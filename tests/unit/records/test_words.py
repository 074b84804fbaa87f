"""Settings check themselves, however they are made."""

import json
from dataclasses import asdict, fields, replace
from math import inf, nan
from typing import Any

import pytest

from mlstrat_plugin.errors import EstimateError, RecordError
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.ranges import RANGES
from mlstrat_plugin.records.saving import from_json
from mlstrat_plugin.records.sizing import Sizing
from mlstrat_plugin.records.words import Settings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"material_gap": nan}, "material_gap = nan must be in (0, 1)"),
        ({"material_gap": 1}, "material_gap = 1 must be in (0, 1)"),
        ({"material_gap": 0.0, "metric": "mean_loss"}, "material_gap = 0.0 must be above 0"),
        ({"material_gap": inf, "metric": "mean_loss"}, "material_gap = inf must be above 0"),
        ({"material_gap": "1%"}, "material_gap = '1%' must be in (0, 1)"),
        ({"material_gap_relative": 1}, "material_gap_relative = 1 must be in [0, 1)"),
        ({"confidence": 1}, "confidence = 1 must be in [0.5, 1)"),
        ({"power": 0.2}, "power = 0.2 must be in [0.5, 1)"),
        ({"also_large": 0}, "also_large = 0 must be in (0, 1]"),
        ({"lean_draws": 0}, "lean_draws = 0 must be no less than 1"),
    ],
    ids=str,
)
def test_a_number_out_of_range_is_named_with_what_is_allowed(change: dict[str, Any], message: str) -> None:
    with pytest.raises(EstimateError) as caught:
        Settings(**change)
    assert caught.value.message == f"settings out of range: {message}"
    with pytest.raises(EstimateError):
        replace(Settings(), **change)


def test_every_number_out_of_range_is_named() -> None:
    with pytest.raises(EstimateError) as caught:
        Settings(confidence=nan, power=1, also_large=2)
    assert caught.value.message == (
        "settings out of range: confidence = nan must be in [0.5, 1), power = 1 must be in [0.5, 1), "
        "also_large = 2 must be in (0, 1]"
    )


def test_the_ends_of_the_ranges_are_accepted() -> None:
    low = Settings(material_gap=1e-9, material_gap_relative=0, confidence=0.5, power=0.5, also_large=1, lean_draws=1)
    assert low.also_large == 1
    assert Settings(material_gap=3.5, metric="mean_loss").material_gap == 3.5


def test_every_range_belongs_to_a_field() -> None:
    assert set(RANGES) <= {field.name for field in fields(Settings)}


def test_an_unknown_metric_is_named() -> None:
    with pytest.raises(EstimateError, match="metric = 'macrof1' must be one of error_rate, "):
        Settings(metric="macrof1")


def test_a_saved_record_with_settings_out_of_range_is_damaged() -> None:
    saved = Diagnosis(
        diagnosis="ok",
        summary="",
        problems=(),
        also_large=(),
        lean=None,
        errors={},
        gaps={},
        sizing=Sizing(splits={}),
        material_gap=0.01,
        settings=Settings(),
    )
    data = asdict(saved)
    data["settings"]["power"] = 1.5
    with pytest.raises(RecordError, match=r"d\.json: settings out of range: power = 1\.5") as caught:
        from_json(Diagnosis, json.dumps(data), name="d.json", stage="diagnose")
    assert "mlstrat diagnose" in caught.value.hint
