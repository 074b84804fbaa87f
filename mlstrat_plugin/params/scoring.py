"""The blocks about errors: the human level, how predictions are scored, when a gap counts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from mlstrat_plugin.params.types import Block, Flag, Number, Text, Whole
from mlstrat_plugin.records.metrics import BY_NAME, Metric, metric_named
from mlstrat_plugin.records.words import Settings

_DEFAULTS = Settings()


class Human(Block):
    """The human level: one declared number, counts, or a table of raters."""

    error: Number | None = Field(None, ge=0, le=1, description="declared error, a fraction in 0..1 (7 % is 0.07)")
    loss: Number | None = Field(None, ge=0, description="declared mean loss, from 0 on; for evaluate.metric mean_loss")
    errors: Whole | None = Field(None, ge=0, description="wrong answers that people gave, from 0 on")
    n: Whole | None = Field(None, ge=1, description="answers that people gave, from 1 on")
    tasks: dict[Text, Annotated[Number, Field(ge=0, le=1)]] | None = Field(
        None, description="declared error in 0..1 by task, for every task of columns.labels"
    )
    table: Text | None = Field(None, description="a .parquet or .csv table of answers: id, rater, label, perhaps group")
    truth: Literal["consensus", "given"] = Field(
        "consensus", description="consensus: answers are scored against the other raters'; given: against the labels"
    )
    proxy: Text = Field("best", description="the rater group that stands for the best possible error, or best")

    @model_validator(mode="after")
    def _one_form(self) -> Human:
        counts = (self.errors is not None, self.n is not None)
        forms = [
            self.error is not None,
            self.loss is not None,
            self.table is not None,
            self.tasks is not None,
            any(counts),
        ]
        if sum(forms) != 1 or any(counts) != all(counts):
            raise ValueError(
                "give either error or tasks (declared), errors and n (counted), table (raters) or loss (for mean_loss)"
            )
        if self.errors is not None and self.n is not None and self.errors > self.n:
            raise ValueError(f"errors = {self.errors} exceeds n = {self.n}")
        return self


METRICS = ("error_rate", "weighted_error", "mean_loss", "f1", "macro_f1", "mean_over", "worst_slice")


def _metric(value: str) -> str:
    metric_named(value)
    return value


class Evaluate(Block):
    """How predictions are scored."""

    metric: Annotated[Text, AfterValidator(_metric)] = Field(
        "error_rate",
        description=f"one of {', '.join(BY_NAME)}, or the dotted name of a function of the confusion matrix",
    )
    unit: Text | None = Field(None, description="unit of the labels, such as minutes, for mean_absolute_error; or null")
    positive: Flag | Whole | Text | None = Field(None, description="the label that f1 takes for positive, or null")
    loss: Text = Field("loss", description="column of the predictions with the loss that mean_loss takes the mean of")
    draws: Whole = Field(
        2_000, ge=200, le=1_000_000, description="bootstrap draws of a dotted metric, 200 to 1,000,000"
    )
    seed: Whole = Field(_DEFAULTS.seed, ge=0, description="seed of those draws, a whole number from 0 on")
    predictions: Text = Field("data/predictions.parquet", description="the predictions table, .parquet or .csv")
    train: Literal["all", "sample"] = Field(
        "all", description="all: every train row is predicted; sample: a random part of them is"
    )
    trained_on: Literal["predicted"] | tuple[Text, ...] = Field(
        "predicted",
        description="predicted: the sources with train predictions; or the list of sources the model was trained on",
    )

    @property
    def spec(self) -> Metric:
        """Return what the metric is."""
        return metric_named(self.metric)


class Diagnose(Block):
    """When a gap counts, and how the lean is drawn."""

    material_gap: Number = Field(
        _DEFAULTS.material_gap, gt=0, description="gap worth acting on, in (0, 1), or above 0 for a mean loss"
    )
    material_gap_relative: Number = Field(
        _DEFAULTS.material_gap_relative, ge=0, lt=1, description="the same as a share of the dev error, in [0, 1)"
    )
    confidence: Number = Field(_DEFAULTS.confidence, ge=0.5, lt=1, description="joint confidence, in [0.5, 1)")
    power: Number = Field(_DEFAULTS.power, ge=0.5, lt=1, description="chance that the asked rows decide, in [0.5, 1)")
    same_distribution: Flag = Field(
        _DEFAULTS.same_distribution, description="true if train and dev are declared to be one distribution"
    )
    also_large: Number = Field(_DEFAULTS.also_large, gt=0, le=1, description="share of the largest gap, in (0, 1]")
    lean_draws: Whole = Field(_DEFAULTS.lean_draws, ge=1000, le=10_000_000, description="draws, 1,000 to 10,000,000")
    seed: Whole = Field(_DEFAULTS.seed, ge=0, description="seed of the draws, a whole number from 0 on")
    ignore: tuple[Text, ...] = Field(
        _DEFAULTS.ignore, description="codes of findings that are not reported, such as MLS133; may be empty"
    )
