"""The blocks about errors: the human level, how predictions are scored, when a gap counts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from mlstrat_plugin.params.types import Block, Flag, Number, Text, Whole, bounds
from mlstrat_plugin.records.metrics import BY_NAME, DOTTED, Metric, metric_named
from mlstrat_plugin.records.ranges import LOSS_GAP, RANGES, RATE_GAP, Range
from mlstrat_plugin.records.words import Settings

_DEFAULTS = Settings()
_RANGES = {
    **RANGES,
    "material_gap": LOSS_GAP,  # Params limits it further where the metric is a rate
    "lean_draws": Range(low=1_000, high=10_000_000),  # enough for a probability that is saved, and no endless run
}


class Human(Block):
    """The human level: one declared number, counts, or a table of raters."""

    error: Number | None = Field(None, ge=0, le=1, description="Declared human error, as a fraction (0.07 = 7%).")
    loss: Number | None = Field(
        None,
        ge=0,
        description="Declared human error for a metric that is not a rate: `mean_loss`, `mean_absolute_error`.",
    )
    errors: Whole | None = Field(None, ge=0, description="Number of wrong answers that people gave, with `n`.")
    n: Whole | None = Field(None, ge=1, description="Number of answers that people gave, with `errors`.")
    tasks: dict[Text, Annotated[Number, Field(ge=0, le=1)]] | None = Field(
        None, description="Declared human error of each task in `columns.labels`, as a fraction."
    )
    table: Text | None = Field(
        None, description="Table of people's answers (.parquet or .csv): id, rater, label and perhaps group."
    )
    truth: Literal["consensus", "given"] = Field(
        "consensus",
        description="What people's answers are scored against: the `consensus` of the other raters, "
        "or the `given` labels.",
    )
    proxy: Text = Field(
        "best", description="Group of raters that stands for the lowest possible error; `best` takes the best group."
    )

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
                "give either error or tasks (declared), errors and n (counted), table (raters) or loss (for a "
                "metric that is not a rate)"
            )
        if self.errors is not None and self.n is not None and self.errors > self.n:
            raise ValueError(f"errors = {self.errors} exceeds n = {self.n}")
        return self


def _metric(value: str) -> str:
    metric_named(value)
    return value


MetricName = Annotated[
    Text,
    AfterValidator(_metric),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": list(BY_NAME)},
                {"type": "string", "pattern": DOTTED.pattern, "title": "the dotted name of a function"},
            ]
        }
    ),
]


class Evaluate(Block):
    """How predictions are scored."""

    metric: MetricName = Field(
        "error_rate", description="Error of the ladder: a named metric, or your own function of the confusion matrix."
    )
    unit: Text | None = Field(
        None, description="Unit of the labels, such as minutes, for metrics that are in the labels' unit."
    )
    positive: Flag | Whole | Text | None = Field(None, description="Label that `f1` treats as positive.")
    loss: Text = Field("loss", description="Column of the predictions with the loss that `mean_loss` averages.")
    draws: Whole = Field(2_000, ge=200, le=1_000_000, description="Number of bootstrap draws for a metric of your own.")
    seed: Whole = Field(_DEFAULTS.seed, ge=0, description="Seed of the bootstrap draws.")
    predictions: Text = Field(
        "data/predictions.parquet",
        description="Table of predictions (.parquet or .csv) with the columns id and prediction.",
    )
    train: Literal["all", "sample"] = Field(
        "all", description="Train rows that have predictions: `all` of them, or a random `sample`."
    )
    trained_on: Literal["predicted"] | tuple[Text, ...] = Field(
        "predicted",
        description="Sources that the model was trained on; `predicted` takes those with train predictions.",
    )

    @property
    def spec(self) -> Metric:
        """Return what the metric is."""
        return metric_named(self.metric)


def _setting(name: str, description: str, allowed: str | None = None) -> Any:
    """Return a field of ``Settings``, whose default and range are written in the records."""
    return Field(getattr(_DEFAULTS, name), description=description, title=allowed, **bounds(_RANGES[name]))


class Diagnose(Block):
    """When a gap matters, and how the most likely largest gap is estimated."""

    material_gap: Number = _setting(
        "material_gap",
        "Smallest gap worth working on: a fraction for rates (0.01 = one point), else in the unit of the metric.",
        allowed=f"a number {RATE_GAP}, or {LOSS_GAP} if the metric is not a rate",
    )
    material_gap_relative: Number = _setting(
        "material_gap_relative",
        "Smallest gap as a share of the dev error; the larger of the two counts, and 0 turns this one off.",
    )
    confidence: Number = _setting("confidence", "Joint confidence of the statements on all gaps.")
    power: Number = _setting("power", "Chance that the number of rows asked for settles the open question.")
    same_distribution: Flag = Field(
        _DEFAULTS.same_distribution, description="Whether train and dev are declared to come from one distribution."
    )
    also_large: Number = _setting(
        "also_large", "Share of the largest gap from which another material gap is named with it."
    )
    lean_draws: Whole = _setting("lean_draws", "Number of draws that estimate which gap is most likely the largest.")
    seed: Whole = Field(_DEFAULTS.seed, ge=0, description="Seed of the draws for the most likely largest gap.")
    ignore: tuple[Text, ...] = Field(
        _DEFAULTS.ignore, description="Codes of findings that are not reported, such as MLS133."
    )
