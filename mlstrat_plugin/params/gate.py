"""The block ``mlstrat.gate`` of params.yaml: what a model must show before it may be promoted."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from mlstrat_plugin.errors import shown
from mlstrat_plugin.params.conditions import LATENCY, Condition, ConditionName, Limit, condition_of
from mlstrat_plugin.params.types import Block, Flag, Number, Text, Whole, bounds
from mlstrat_plugin.records.ranges import MOST
from mlstrat_plugin.records.words import Split

# MLflow keeps these words for itself, and takes 255 characters.
ALIAS = re.compile(r"^(?!latest$)(?!v\d+$)[\w-]{1,255}$")


def _alias(name: str) -> str:
    if not ALIAS.match(name):
        raise ValueError(f"{shown(name)} is not an alias that MLflow takes (letters, digits, _ and -)")
    return name


class Optimize(Block):
    """The one metric in which the challenger is compared with the champion, on the same rows."""

    split: Literal["dev", "test"] = Field("test", description="Split that both models are compared on.")
    goal: Literal["superior", "non-inferior"] = Field(
        "superior",
        description="What to show: `superior` is better by more than the margin, `non-inferior` is worse by less.",
    )
    margin: Number = Field(0.0, ge=0, description="Margin of the comparison, as a difference of errors.")

    @property
    def of_test(self) -> bool:
        """Return whether the comparison is a look at the test set."""
        return self.split == Split.TEST.value


class Gate(Block):
    """What a model must show before it may be promoted."""

    model: Text = Field(description="Name of the registered model.")
    alias: Annotated[Text, AfterValidator(_alias)] = Field(
        "champion", description="Alias of the version that is served."
    )
    optimize: Optimize | None = Field(
        None, description="What the challenger must do better than the champion; null compares nothing."
    )
    conditions: dict[ConditionName, Limit] = Field(
        {}, description="Limits that the bounds of a model must keep; all of them count."
    )
    without_champion: Literal["conditions", "refuse"] = Field(
        "conditions", description="Who decides without a champion: the `conditions` alone; `refuse` waits for a person."
    )
    test: Literal["open", "sealed"] = Field(
        "open", description="When the test error is shown: `open` at every run, `sealed` not before a model passes."
    )
    looks: Whole = Field(20, ge=1, le=1000, description="Number of models that may be judged on one test set.")
    promotions: Whole = Field(1, ge=1, le=10, description="Number of comparisons that may be won on one test set.")
    confidence: Number = Field(0.95, description="One-sided confidence of each condition.", **bounds(MOST))
    rescore: Flag = Field(
        default=False, description="Whether the champion's model is scored on today's rows if its own rows differ."
    )
    inputs: Text | None = Field(
        None, description="Dotted name of the function that turns rows into a model's input, for `rescore`."
    )
    register_: Flag = Field(
        default=False,
        alias="register",
        description="Whether the run's model is registered as a version when it is promoted.",
    )

    _asked: tuple[Condition, ...] = PrivateAttr(())

    @property
    def asked(self) -> tuple[Condition, ...]:
        """Return the conditions, parsed when the params were loaded, in their order there."""
        return self._asked

    @property
    def sealed(self) -> bool:
        """Return whether the test error stays hidden until a model passes."""
        return self.test == "sealed"

    @model_validator(mode="after")
    def _asks_something(self) -> Gate:
        """Check that the policy can refuse a model at all, and that each limit fits its condition."""
        problems = []
        if self.optimize is None and not self.conditions:
            problems.append("the policy is empty: it needs optimize or conditions")
        elif self.without_champion == "conditions" and not self.conditions:
            problems.append("without_champion: conditions needs conditions, or every first model would pass")
        if self.optimize is not None and self.optimize.goal == "non-inferior" and self.optimize.margin == 0:
            problems.append("optimize.goal: non-inferior needs a margin above 0")
        for name, limit in self.conditions.items():
            if (limit.quantile is not None) != (name == LATENCY):
                problems.append(f"conditions.{name}: quantile belongs to {LATENCY}, and to it alone")
        if problems:
            raise ValueError("; ".join(problems))
        self._asked = tuple(condition_of(name, limit) for name, limit in self.conditions.items())
        return self
