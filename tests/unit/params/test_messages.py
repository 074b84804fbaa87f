"""One sentence per problem: exact wording for every kind of error that the block can have."""

from typing import Any

import pytest
from pydantic import ValidationError

from mlstrat_plugin.params.block import Params
from mlstrat_plugin.params.messages import sentence

SOURCES = {"web": {"path": "a.csv", "role": "auxiliary"}, "mobile": {"path": "b.csv", "role": "target"}}


def sentences(**block: Any) -> set[str]:
    with pytest.raises(ValidationError) as caught:
        Params.model_validate({"sources": SOURCES, **block})
    return {sentence(dict(item), Params, "mlstrat") for item in caught.value.errors()}


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"split": {"dev": 1.5}}, "split.dev = 1.5: must be a number in (0, 1) or a whole number no less than 1"),
        ({"split": {"dev": "x"}}, "split.dev = 'x': must be a number in (0, 1) or a whole number no less than 1"),
        ({"split": {"salt": ""}}, "split.salt = '': must not be empty"),
        ({"split": {"salt": 3}}, "split.salt = 3: must be a string"),
        (
            {"split": {"target_in_train": "rst"}},
            "split.target_in_train = 'rst': must be rest, none or a number in (0, 1) (did you mean 'rest'?)",
        ),
        (
            {"split": 3},
            "split = 3: must be a block with the keys salt, dev, test, train_dev, target_in_train, assumed_error, "
            "assumed_deviation, folder",
        ),
        ({"validate": 3}, "validate = 3: must be a block with the keys expectations"),
        ({"sources": {}}, "sources = {}: must not be empty"),
        ({"sources": {**SOURCES, "x": 3}}, "sources.x = 3: must be a block with the keys path, role"),
        ({"human": {"tasks": {"car": 2}}}, "human.tasks.car = 2: must be a number from 0 to 1"),
        ({"engine": {"name": "spark"}}, "engine.name = 'spark': must be duckdb"),
        ({"columns": {"content": "text"}}, "columns.content = 'text': must be a list of strings"),
        ({"columns": {"group": 3}}, "columns.group = 3: must be a string or null"),
        ({"track": {"patience_seconds": 601}}, "track.patience_seconds = 601: must be a number in (0, 600]"),
        ({"review": {"fix_train": 1}}, "review.fix_train = 1: must be true or false"),
        (
            {"evaluate": {"positive": []}},
            "evaluate.positive = []: must be true or false, a whole number, a string or null",
        ),
        (
            {"evaluate": {"trained_on": "predictd"}},
            "evaluate.trained_on = 'predictd': must be predicted or a list of strings (did you mean 'predicted'?)",
        ),
        (
            {"gate": {"model": "m", "conditions": {"model_mb": {"max": float("inf")}}}},
            "gate.conditions.model_mb.max = inf: must be a finite number",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_it_must_be(block: dict[str, Any], said: str) -> None:
    assert sentences(**block) == {f"mlstrat.{said}"}


def test_a_missing_key_says_what_belongs_there() -> None:
    assert sentences(sources={"mobile": {"role": "target"}}) == {
        "mlstrat.sources.mobile.path: missing. A .parquet or .csv file, or a folder of .parquet files."
    }


def test_an_unknown_key_is_named_with_the_known_ones() -> None:
    assert sentences(folders={"report": "x"}) == {
        "mlstrat.folders.report: unknown key (did you mean 'reports'?); known keys: reports, reviews"
    }
    (said,) = sentences(validat={})
    assert said.startswith("mlstrat.validat: unknown key (did you mean 'validate'?); known keys: sources, engine, ")


def test_a_wrong_name_is_named_without_what_it_leads_to() -> None:
    assert sentences(sources={**SOURCES, "../up": {"path": "a.csv", "role": "target"}}) == {
        "mlstrat.sources: '../up' is not a name for a source: use letters, digits, _, - and ., "
        "starting with neither - nor ."
    }


def test_rules_of_a_block_are_said_as_they_are() -> None:
    (said,) = sentences(split={"dev": 0.6, "test": 0.5})
    assert said == "mlstrat.split: dev + test = 1.1 leaves no target row over; the shares must add up to below 1"
    (said,) = sentences(sources={"web": SOURCES["web"]})
    assert said.startswith("mlstrat: no source has role target (sources: web)")


def test_rules_of_a_value_are_said_with_a_guess() -> None:
    (said,) = sentences(evaluate={"metric": "macrof1"})
    assert said.startswith("mlstrat.evaluate.metric = 'macrof1': must be one of error_rate, ")
    assert said.endswith("or a dotted name (did you mean 'macro_f1'?)")


def test_long_and_hostile_values_stay_one_short_line() -> None:
    (said,) = sentences(split={"folder": ["\x1b[31m" + "x" * 500]})
    assert "\x1b" not in said
    assert len(said) < 200
