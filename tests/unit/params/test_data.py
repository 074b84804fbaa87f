"""The blocks about data: names, columns and sizes that fit together."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from mlstrat_plugin.params.data import Columns, Engine, SourceName, Split


@pytest.mark.parametrize("name", ["web", "a-b.c_1", "0", "_x"])
def test_names_of_sources(name: str) -> None:
    assert TypeAdapter[str](SourceName).validate_python(name) == name


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "-x", "", "a b", "ä", "web\n"])
def test_source_names_are_file_names(name: str) -> None:
    with pytest.raises(ValidationError, match="is not a name for a source"):
        TypeAdapter[str](SourceName).validate_python(name)


def test_the_columns_that_a_source_needs() -> None:
    columns = Columns(group="user", weight="cost", content=("text",))
    assert columns.needed == ("id", "label", "user", "cost", "text")
    assert Columns(labels=("car", "sign")).answers == ("car", "sign")
    assert Columns().needed == ("id", "label")


@pytest.mark.parametrize(
    "block", [{"group": "id"}, {"weight": "label"}, {"content": ["a", "a"]}, {"labels": ["car", "car"]}], ids=str
)
def test_a_column_has_one_meaning(block: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="named twice"):
        Columns.model_validate(block)


@pytest.mark.parametrize(
    ("block", "fits"),
    [
        ({"dev": 0.5, "test": 0.4}, True),
        ({"dev": 0.5, "test": 0.5}, False),
        ({"dev": 0.9, "test": 300}, True),
        ({"dev": 1}, True),
        ({"dev": 1.0}, False),
        ({"target_in_train": 0.5}, True),
        ({"target_in_train": "none"}, True),
        ({"target_in_train": 1}, False),
        ({"target_in_train": 0}, False),
        ({"target_in_train": True}, False),
        ({"assumed_error": 0}, False),
    ],
    ids=str,
)
def test_sizes(block: dict[str, Any], fits: bool) -> None:
    if fits:
        assert Split.model_validate(block).model_dump().items() >= block.items()
    else:
        with pytest.raises(ValidationError):
            Split.model_validate(block)


def test_the_engine_has_a_least_memory() -> None:
    assert Engine(memory_mb=128).memory_mb == 128
    with pytest.raises(ValidationError):
        Engine(memory_mb=127)
