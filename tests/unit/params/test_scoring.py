"""The blocks about errors; the block `diagnose` takes defaults and ranges from the settings."""

from dataclasses import fields
from typing import Any

import pytest
from pydantic import ValidationError

from mlstrat_plugin.params.scoring import Diagnose, Evaluate, Human
from mlstrat_plugin.params.types import bounds
from mlstrat_plugin.records.metrics import BY_NAME
from mlstrat_plugin.records.ranges import RANGES
from mlstrat_plugin.records.words import Settings


@pytest.mark.parametrize(
    "block",
    [
        {"error": 0},
        {"error": 1},
        {"loss": 3.5},
        {"errors": 0, "n": 1},
        {"table": "raters.csv", "truth": "given", "proxy": "doctor"},
        {"tasks": {"car": 0.01}},
    ],
    ids=str,
)
def test_forms_of_the_human_level(block: dict[str, Any]) -> None:
    assert Human.model_validate(block).model_dump(exclude_defaults=True) == block


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"error": 0.1, "loss": 1.0},
        {"errors": 1},
        {"n": 5},
        {"errors": 6, "n": 5},
        {"error": 1.01},
        {"loss": -1},
        {"tasks": {"car": 2}},
        {"errors": 0, "n": 0},
    ],
    ids=str,
)
def test_human_levels_that_say_nothing_or_two_things(block: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Human.model_validate(block)


@pytest.mark.parametrize("metric", [*BY_NAME, "costs.cost", "a_1.b.c"])
def test_metrics(metric: str) -> None:
    assert Evaluate(metric=metric).metric == metric


@pytest.mark.parametrize("metric", ["macrof1", "", ".a", "a.", "a b.c", "1.5", "a.b\nc"])
def test_what_is_not_a_metric(metric: str) -> None:
    with pytest.raises(ValidationError):
        Evaluate(metric=metric)


def test_diagnose_has_the_defaults_and_the_keys_of_the_settings() -> None:
    assert Settings(**Diagnose().model_dump()) == Settings()
    assert set(Diagnose.model_fields) == {field.name for field in fields(Settings)} - {"metric", "unit"}


@pytest.mark.parametrize("name", sorted(set(RANGES) - {"lean_draws"}))
def test_diagnose_has_the_ranges_of_the_settings(name: str) -> None:
    ends = bounds(RANGES[name])
    for bound, end in ends.items():
        for value in (end, end - 1e-9, end + 1e-9):
            if value in RANGES[name]:
                assert getattr(Diagnose.model_validate({name: value}), name) == value
            else:
                with pytest.raises(ValidationError):
                    Diagnose.model_validate({name: value})
        assert bound in ("ge", "gt", "le", "lt")


@pytest.mark.parametrize(
    ("block", "fits"),
    [
        ({"lean_draws": 1_000}, True),
        ({"lean_draws": 999}, False),
        ({"lean_draws": 10_000_000}, True),
        ({"lean_draws": 10_000_001}, False),
        ({"material_gap": 0}, False),
        ({"material_gap": 2.5}, True),
        ({"seed": -1}, False),
    ],
    ids=str,
)
def test_what_only_the_block_limits(block: dict[str, Any], fits: bool) -> None:
    if fits:
        assert Diagnose.model_validate(block).model_dump().items() >= block.items()
    else:
        with pytest.raises(ValidationError):
            Diagnose.model_validate(block)
