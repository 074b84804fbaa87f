"""The conditions of a gate: each name is parsed once, into what it looks at and the limit that this must keep."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, Field

from mlstrat_plugin.errors import did_you_mean, shown
from mlstrat_plugin.params.types import Block, Number, Text, bounds
from mlstrat_plugin.records.ranges import MOST
from mlstrat_plugin.records.words import GAPS, LADDER, Split

if TYPE_CHECKING:
    from mlstrat_plugin.records.gate import Kind

LATENCY, SIZE = "latency_ms", "model_mb"
ERRORS = {f"error/{split}": split for split in Split}
STEPS = {f"gap/{gap}": (gap, *rungs) for gap, *rungs in zip(GAPS, LADDER, LADDER[1:], strict=False)}
NAMES = (*ERRORS, *STEPS, LATENCY, SIZE)
PART = re.compile(rf"^({'|'.join(ERRORS)})\[(.+)\]$")


def _known(name: str) -> str:
    if name not in NAMES and not PART.match(name):
        raise ValueError(
            f"{shown(name)} is not a condition{did_you_mean(name, NAMES)}; the conditions are {', '.join(NAMES)}, and "
            "error/<split>[<source or slice>]"
        )
    return name


ConditionName = Annotated[Text, AfterValidator(_known)]


class Limit(Block):
    """The limit of one condition, which a bound of the value must keep."""

    max: Number = Field(
        description="Highest value that passes: a fraction for errors and gaps of a rate, else in the unit of the "
        "metric, in milliseconds or in megabytes."
    )
    quantile: Number | None = Field(
        None, description="Share of the rows that must stay below `max`; for `latency_ms` only.", **bounds(MOST)
    )


@dataclass(frozen=True, kw_only=True)
class _Limited:
    """``name`` is the condition's key in params.yaml, ``limit`` the highest value that passes."""

    name: str
    limit: float

    @property
    def of_test(self) -> bool:
        """Return whether it is made of the test set, so that a look at it is a look at the test set."""
        return False


@dataclass(frozen=True, kw_only=True)
class ErrorCondition(_Limited):
    """The error of a split, or of one source or slice of it; ``part`` is empty for the whole split."""

    kind: ClassVar[Kind] = "error"
    split: Split
    part: str = ""

    @property
    def title(self) -> str:
        """Return its name for people."""
        return f"{self.split} error [{self.part}]" if self.part else f"{self.split} error"

    @property
    def of_test(self) -> bool:
        """Return whether it is made of the test set."""
        return self.split is Split.TEST


@dataclass(frozen=True, kw_only=True)
class GapCondition(_Limited):
    """A gap of the ladder: the error ``high`` minus the error ``low``, two neighbouring rungs."""

    kind: ClassVar[Kind] = "gap"
    gap: str
    low: str
    high: str

    @property
    def title(self) -> str:
        """Return its name for people."""
        return self.gap

    @property
    def of_test(self) -> bool:
        """Return whether it is made of the test set."""
        return self.high == Split.TEST


@dataclass(frozen=True, kw_only=True)
class LatencyCondition(_Limited):
    """The share of dev rows that take ``milliseconds`` or longer; ``quantile`` of the rows must be faster."""

    kind: ClassVar[Kind] = "latency"
    milliseconds: float
    quantile: float

    @property
    def title(self) -> str:
        """Return its name for people."""
        return f"rows at or above {self.milliseconds:g} ms"


@dataclass(frozen=True, kw_only=True)
class SizeCondition(_Limited):
    """The size of the model's file or folder, in MB."""

    kind: ClassVar[Kind] = "size"

    @property
    def title(self) -> str:
        """Return its name for people."""
        return "model size"


Condition = ErrorCondition | GapCondition | LatencyCondition | SizeCondition


def condition_of(name: str, limit: Limit) -> Condition:
    """Return the condition that a valid name and its limit stand for.

    >>> condition_of("error/test[night]", Limit(max=0.1)).title, condition_of("gap/dev-overfit", Limit(max=0)).of_test
    ('test error [night]', True)
    """
    if name == SIZE:
        return SizeCondition(name=name, limit=limit.max)
    if name == LATENCY:
        quantile = float(limit.quantile or 0)
        return LatencyCondition(name=name, limit=1 - quantile, milliseconds=limit.max, quantile=quantile)
    if name in STEPS:
        gap, low, high = STEPS[name]
        return GapCondition(name=name, limit=limit.max, gap=gap, low=low, high=high)
    part = PART.match(name)
    split, inside = part.groups() if part else (name, "")
    return ErrorCondition(name=name, limit=limit.max, split=ERRORS[split], part=inside)
