"""The block ``mlstrat.gate`` of params.yaml: what a model must show before it may be promoted."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from mlstrat_plugin.errors import did_you_mean, shown
from mlstrat_plugin.params.types import Block, Flag, Number, Text, Whole
from mlstrat_plugin.records.words import GAPS, LADDER

SPLITS = tuple(rung for rung in LADDER if rung != "human")
PLAIN = (*(f"error/{split}" for split in SPLITS), *(f"gap/{gap}" for gap in GAPS), "latency_ms", "model_mb")
SLICED = re.compile(rf"^error/({'|'.join(SPLITS)})\[(.+)\]$")
# MLflow keeps these words for itself, and takes 255 characters.
ALIAS = re.compile(r"^(?!latest$)(?!v\d+$)[\w-]{1,255}$")


def _measure(name: str) -> str:
    if name not in PLAIN and not SLICED.match(name):
        raise ValueError(
            f"{shown(name)} is no measure{did_you_mean(name, PLAIN)}; the measures are {', '.join(PLAIN)}, and "
            "error/<split>[<source or slice>]"
        )
    return name


def _alias(name: str) -> str:
    if not ALIAS.match(name):
        raise ValueError(f"{shown(name)} is no alias that MLflow takes (letters, digits, _ and -)")
    return name


Alias = Annotated[Text, AfterValidator(_alias)]
Measure = Annotated[Text, AfterValidator(_measure)]


class Condition(Block):
    """A limit that a measure must provably keep."""

    max: Number = Field(description="the highest value that passes; an error is a fraction, latency in ms, size in MB")
    quantile: Number | None = Field(
        None, ge=0.5, lt=1, description="share of the rows that must stay below max, in [0.5, 1); of latency_ms only"
    )


class Optimize(Block):
    """The one metric in which the challenger is compared with the champion, on the same rows."""

    split: Literal["dev", "test"] = Field("test", description="dev or test")
    goal: Literal["superior", "non-inferior"] = Field(
        "superior", description="superior: better by more than margin; non-inferior: worse by less than margin"
    )
    margin: Number = Field(0.0, ge=0, lt=1, description="difference of errors, in [0, 1)")


class Gate(Block):
    """What a model must show before it may be promoted."""

    model: Text = Field(description="name of the registered model")
    alias: Annotated[Text, AfterValidator(_alias)] = Field(
        "champion", description="alias of the version that is served"
    )
    optimize: Optimize | None = Field(None, description="what the challenger must do better than the champion, or null")
    conditions: dict[Measure, Condition] = Field({}, description="limits by measure, all of which must be kept")
    without_champion: Literal["conditions", "refuse"] = Field(
        "conditions", description="without a champion: conditions decides on them alone; refuse waits for a person"
    )
    test: Literal["open", "sealed"] = Field(
        "open", description="open: the test error is shown at every run; sealed: not before a model passes"
    )
    looks: Whole = Field(20, ge=1, le=1000, description="models that may be judged on one test set, 1 to 1,000")
    promotions: Whole = Field(1, ge=1, le=10, description="comparisons that may be won on one test set, 1 to 10")
    confidence: Number = Field(0.95, ge=0.5, lt=1, description="one-sided confidence of each condition, in [0.5, 1)")
    rescore: Flag = Field(
        default=False, description="true scores the champion's model on today's rows where its own rows differ"
    )
    inputs: Text | None = Field(
        None, description="dotted name of the function that makes a model's input of rows, for rescore; or null"
    )
    register_: Flag = Field(
        default=False, alias="register", description="true registers the run's model as a version when it is promoted"
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Gate:
        """Check that the policy can refuse a model at all, and that each limit fits its measure."""
        problems = []
        if self.optimize is None and not self.conditions:
            problems.append("the policy is empty: it needs optimize or conditions")
        elif self.without_champion == "conditions" and not self.conditions:
            problems.append("without_champion: conditions needs conditions, or every first model would pass")
        if self.optimize is not None and self.optimize.goal == "non-inferior" and self.optimize.margin == 0:
            problems.append("optimize.goal: non-inferior needs a margin above 0")
        for name, limit in self.conditions.items():
            if (limit.quantile is not None) != (name == "latency_ms"):
                problems.append(f"conditions.{name}: quantile belongs to latency_ms, and to it alone")
        if problems:
            raise ValueError("; ".join(problems))
        return self
