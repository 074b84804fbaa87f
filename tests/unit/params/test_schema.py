"""The JSON Schema of the block, and what is read from it."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from mlstrat_plugin.params.schema import Node, schema_of
from mlstrat_plugin.params.types import Block, Flag, Number, Share, Size, Text, Whole


class Bulb(Block):
    """A bulb."""

    watts: Whole = Field(ge=1, le=1_000, description="Power.")


class Lamp(Block):
    """A lamp.

    More about lamps.
    """

    bulb: Bulb = Field(Bulb(watts=5), alias="the_bulb")
    spare: Bulb | None = Field(None, description="Another bulb.")
    sizes: dict[Text, Bulb] = Field({}, description="Bulbs by name.")
    limits: dict[Text, Annotated[Number, Field(gt=0)]] = Field({})
    colour: Literal["red", "blue"] | Whole | None = None
    only: Literal["on"] = "on"
    names: tuple[Text, ...] = ()
    lit: Flag = False
    share: Share = 0.5
    size: Size = 3
    any_number: Number = 0.0
    any_whole: Whole = 0
    at_most: Number = Field(0.0, le=3)
    named: Number = Field(0.0, ge=0, title="what a person calls it")


@pytest.mark.parametrize(
    ("key", "allowed"),
    {
        "the_bulb": "a block with the keys watts",
        "spare": "a block with the keys watts or null",
        "sizes": "a block that gives each name a block with the keys watts",
        "limits": "a block that gives each name a number above 0",
        "colour": "red, blue, a whole number or null",
        "only": "on",
        "names": "a list of strings",
        "lit": "true or false",
        "share": "a number in (0, 1)",
        "size": "a number in (0, 1) or a whole number no less than 1",
        "any_number": "a finite number",
        "any_whole": "a whole number",
        "at_most": "a number from -inf to 3",
        "named": "what a person calls it",
    }.items(),
)
def test_what_is_allowed_follows_from_the_type(key: str, allowed: str) -> None:
    assert Node.of(Lamp).properties[key].allowed == allowed


def test_keys_in_the_order_of_the_model_with_names_that_people_choose() -> None:
    assert [key for key, _ in Node.of(Lamp).keys("lamp")][:6] == [
        "lamp.the_bulb",
        "lamp.the_bulb.watts",
        "lamp.spare",
        "lamp.spare.watts",
        "lamp.sizes",
        "lamp.sizes.<name>.watts",
    ]


def test_a_description_is_the_fields_own_or_that_of_its_block() -> None:
    keys = Node.of(Lamp).properties
    assert keys["the_bulb"].description == "A bulb."
    assert keys["spare"].description == "Another bulb."
    assert keys["lit"].description == ""


def test_words_to_guess_from() -> None:
    keys = Node.of(Lamp).properties
    assert keys["colour"].words == ["red", "blue"]
    assert keys["only"].words == ["on"]
    assert keys["size"].words == []


def test_schemas_have_the_first_paragraph_of_docstrings_and_no_titles_of_keys() -> None:
    schema = schema_of(Lamp)
    assert schema["description"] == "A lamp."
    assert schema["$defs"]["Bulb"]["properties"]["watts"] == {
        "description": "Power.",
        "maximum": 1_000,
        "minimum": 1,
        "type": "integer",
    }
    assert schema["properties"]["named"]["title"] == "what a person calls it"
