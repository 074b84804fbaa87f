"""What every block of params.yaml is made of: strict types, unknown keys are errors, values never change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mlstrat_plugin.records.ranges import FRACTION

if TYPE_CHECKING:
    from mlstrat_plugin.records.ranges import Range

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Text = Annotated[str, Field(strict=True, min_length=1)]
Flag = Annotated[bool, Field(strict=True)]


def bounds(limits: Range) -> dict[str, Any]:
    """Return a range as the bounds that ``pydantic.Field`` takes.

    >>> from mlstrat_plugin.records.ranges import Range
    >>> bounds(Range(low=0.5, high=1, high_open=True))
    {'ge': 0.5, 'lt': 1}
    """
    low: dict[str, Any] = {"gt" if limits.low_open else "ge": limits.low}
    return low if limits.high == float("inf") else low | {"lt" if limits.high_open else "le": limits.high}


Share = Annotated[Number, Field(**bounds(FRACTION))]
Size = Share | Annotated[Whole, Field(ge=1)]  # of a split: a share, or a number of rows


class Block(BaseModel):
    """A block of keys: unknown ones are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
