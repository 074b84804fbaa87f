"""The metrics: what each one needs, what an answer is to it, and how its numbers are shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

DOTTED = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")


class Scale(StrEnum):
    """What the numbers of a metric are."""

    RATE = "rate"  # a share in 0..1, shown as a percentage; gaps in points
    LOSS = "loss"  # a mean of numbers without a unit that anybody knows
    LABEL = "label"  # a mean in the unit of the labels


class Pairing(StrEnum):
    """How two models that answered the same rows are compared."""

    ERRORS = "errors"
    WEIGHTED = "weighted errors"
    LOSSES = "losses"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One way to turn answers into an error; lower is better.

    Parameters
    ----------
    name : str
        Its name in params.yaml.
    needs : tuple of str
        Keys below ``mlstrat`` that have to be set.
    answer : str
        What a model gives for a row: a ``prediction``, or a ``loss``.
    scale : Scale
        What its numbers are.
    pairing : Pairing, optional
        How two models are compared row by row; None if the metric is not a sum over rows.
    has_mistakes : bool
        Whether a single row is answered rightly or wrongly.
    takes_tasks : bool
        Whether rows may have several labels, one per task.

    Examples
    --------
    >>> metric_named("mean_loss").scale.value, metric_named("my.metric").pairing
    ('loss', None)
    """

    name: str
    needs: tuple[str, ...] = ()
    answer: Literal["prediction", "loss"] = "prediction"
    scale: Scale = Scale.RATE
    pairing: Pairing | None = None
    has_mistakes: bool = True
    takes_tasks: bool = False

    @property
    def is_rate(self) -> bool:
        """Return whether its numbers lie in 0..1 and are shown as percentages."""
        return self.scale is Scale.RATE

    @property
    def is_weighted(self) -> bool:
        """Return whether the rows' weights count."""
        return "columns.weight" in self.needs

    @property
    def is_of_numbers(self) -> bool:
        """Return whether labels and predictions are numbers with a distance."""
        return self.scale is Scale.LABEL


METRICS = (
    Metric(name="error_rate", pairing=Pairing.ERRORS, takes_tasks=True),
    Metric(name="weighted_error", needs=("columns.weight",), pairing=Pairing.WEIGHTED),
    Metric(name="mean_loss", answer="loss", scale=Scale.LOSS, pairing=Pairing.LOSSES, has_mistakes=False),
    Metric(name="mean_absolute_error", scale=Scale.LABEL, pairing=Pairing.LOSSES, has_mistakes=False),
    Metric(name="f1", needs=("evaluate.positive",)),
    Metric(name="macro_f1"),
    Metric(name="balanced_error"),
    Metric(name="mean_over", needs=("columns.slice",)),
    Metric(name="worst_slice", needs=("columns.slice",)),
)
BY_NAME = {metric.name: metric for metric in METRICS}


def metric_named(name: str) -> Metric:
    """Return a metric by its name in params.yaml; a dotted name is a function of the confusion matrix.

    Raises
    ------
    ValueError
        There is no such metric.
    """
    if name in BY_NAME:
        return BY_NAME[name]
    if DOTTED.match(name):
        return Metric(name=name)
    raise ValueError(f"must be one of {', '.join(BY_NAME)}, or a dotted name")
