"""The blocks about data: which sources, what their columns mean, how they are checked and split."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from mlstrat_plugin.errors import shown
from mlstrat_plugin.params.types import Block, Number, Share, Size, Text, Whole
from mlstrat_plugin.records.splits import UNIT

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")


def _source_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{shown(name)} is not a name for a source: use letters, digits, _, - and ., starting with neither - nor ."
        )
    return name


SourceName = Annotated[
    str,
    Field(strict=True),
    AfterValidator(_source_name),
    WithJsonSchema({"type": "string", "pattern": NAME.pattern}),
]


class Engine(Block):
    """The engine that scans the tables."""

    name: Literal["duckdb"] = Field("duckdb", description="Query engine.")
    threads: Whole = Field(0, ge=0, description="CPU cores to use; 0 takes all.")
    memory_mb: Whole = Field(1024, ge=128, description="Megabytes of memory before the engine spills to disk.")


class Folders(Block):
    """Where reports and review sheets are kept; two models in one repository need two of each."""

    reports: Text = Field("reports", description="Folder of everything that mlstrat reports.")
    reviews: Text = Field("reviews", description="Folder of the sheets that people fill in.")


class Source(Block):
    """One table of labelled examples."""

    path: Text = Field(description="A .parquet or .csv file, or a folder of .parquet files.")
    role: Literal["target", "auxiliary"] = Field(
        description="Role of the source: `target` is what the product serves, `auxiliary` only helps training."
    )


class Columns(Block):
    """Names of the columns that have a meaning."""

    id: Text = Field("id", description="Column with one value per example, unique over all sources.")
    label: Text = Field("label", description="Column with the right answer.")
    labels: tuple[Text, ...] = Field(
        (), description="Label columns of several tasks, instead of `label`; their cells may be empty."
    )
    group: Text | None = Field(
        None, description="Column whose rows stay together in one split, such as a writer or a patient."
    )
    content: tuple[Text, ...] = Field((), description="Columns that make two examples duplicates if all are equal.")
    weight: Text | None = Field(None, description="Column with the weight of each example's error, 0 or more.")
    slice: Text | None = Field(None, description="Column whose values are the slices of `mean_over` and `worst_slice`.")

    @model_validator(mode="after")
    def _distinct(self) -> Columns:
        single = [name for name in (self.group, self.weight) if name is not None]
        names = [self.id, *self.answers, *single, *self.content]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"a column has one meaning only; named twice: {', '.join(twice)}")
        return self

    @property
    def needed(self) -> tuple[str, ...]:
        """Return every column that a source must have."""
        single = [name for name in (self.group, self.weight) if name is not None]
        return (self.id, *self.answers, *single, *self.content)

    @property
    def answers(self) -> tuple[str, ...]:
        """Return the columns with the right answers: the label, or one per task."""
        return self.labels or (self.label,)

    def unit_in(self, names: Sequence[str]) -> str | None:
        """Return the column of a split that says which rows are one observation; None where each row is its own.

        ``split`` writes ``unit`` where contents are copied; it tells groups apart, too, where they are configured.

        >>> Columns(content=("text",)).unit_in(["id", "text"]), Columns(content=("text",)).unit_in(["id", "unit"])
        (None, 'unit')
        """
        return UNIT if self.content and UNIT in names else self.group


class Validate(Block):
    """How the sources are checked."""

    expectations: Text = Field(
        "expectations", description="Folder with one YAML suite per source, named after the source."
    )


class Split(Block):
    """How the sources are split."""

    salt: Text = Field("mlstrat", description="Any text; a different salt makes a different split.")
    dev: Size = Field(0.2, description="Size of dev, as a share of the target rows or a number of rows.")
    test: Size = Field(0.2, description="Size of test, as a share of the target rows or a number of rows.")
    train_dev: Size = Field(0.1, description="Size of train-dev, as a share of the training mix or a number of rows.")
    target_in_train: Literal["rest", "none"] | Share = Field(
        "rest",
        description="Target rows left over by dev and test that join the training mix: "
        "the `rest` of them, `none`, or a share.",
    )
    assumed_error: Share = Field(
        0.05, description="Error rate at which the split report says what these sizes can detect, as a fraction."
    )
    assumed_deviation: Annotated[Number, Field(gt=0)] | None = Field(
        None, description="Standard deviation of a row's error to expect of a metric that is not a rate, in its unit."
    )
    folder: Text = Field("data/splits", description="Folder of the four Parquet files.")

    @model_validator(mode="after")
    def _fits(self) -> Split:
        if isinstance(self.dev, float) and isinstance(self.test, float) and self.dev + self.test >= 1:
            raise ValueError(
                f"dev + test = {self.dev + self.test:g} leaves no target row over; the shares must add up to below 1"
            )
        return self
