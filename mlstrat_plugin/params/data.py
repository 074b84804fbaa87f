"""The blocks about data: which sources, what their columns mean, how they are checked and cut."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from mlstrat_plugin.params.types import Block, Number, Text, Whole


def _size(value: int | float) -> int | float:
    if not (value >= 1 if isinstance(value, int) else 0 < value < 1):
        raise ValueError("must be a share strictly between 0 and 1, or a whole number of rows from 1 on")
    return value


SourceName = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]


Size = Annotated[Whole | Number, AfterValidator(_size)]


class Engine(Block):
    """What runs the scans."""

    name: Literal["duckdb"] = Field("duckdb", description="duckdb")
    threads: Whole = Field(0, ge=0, description="cores to use, a whole number from 1 on; 0 takes all")
    memory_mb: Whole = Field(1024, ge=128, description="megabytes before the engine spills to disk, from 128 on")


class Folders(Block):
    """Where reports and sheets are kept; two models in one repository have two."""

    reports: Text = Field("reports", description="folder for everything that mlstrat reports")
    reviews: Text = Field("reviews", description="folder of the sheets that people fill in")


class Source(Block):
    """One named table of labelled examples."""

    path: Text = Field(description="a .parquet or .csv file, or a folder of .parquet files")
    role: Literal["target", "auxiliary"] = Field(description="target or auxiliary")


class Columns(Block):
    """Names of the columns that carry a meaning."""

    id: Text = Field("id", description="column with one value per example, unique over all sources")
    label: Text = Field("label", description="column with the right answer")
    labels: tuple[Text, ...] = Field(
        (), description="instead of label: one column per task about the same example, cells may be empty"
    )
    group: Text | None = Field(None, description="column whose rows never straddle splits, or null")
    content: tuple[Text, ...] = Field((), description="columns that make two examples duplicates; may be empty")
    weight: Text | None = Field(None, description="column with the weight of an example's error, or null")
    slice: Text | None = Field(None, description="column whose values are the slices of mean_over and worst_slice")

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


class Validate(Block):
    """How the sources are checked."""

    expectations: Text = Field("expectations", description="folder with one YAML suite per source")


class Split(Block):
    """How the sources are cut."""

    salt: Text = Field("mlstrat", description="any text; another salt makes another split")
    dev: Size = Field(0.2, description="share of target rows in (0, 1), or a row count from 1 on")
    test: Size = Field(0.2, description="share of target rows in (0, 1), or a row count from 1 on")
    train_dev: Size = Field(0.1, description="share of the training mix in (0, 1), or a row count from 1 on")
    target_in_train: Literal["rest", "none"] | Number = Field(
        "rest", description="rest, none, or the share in (0, 1) of the target rows left over by dev and test"
    )
    assumed_error: Number = Field(
        0.05, gt=0, lt=1, description="error rate in (0, 1) at which the report says what these sizes can prove"
    )
    folder: Text = Field("data/splits", description="folder for the four Parquet files")

    @model_validator(mode="after")
    def _fits(self) -> Split:
        if isinstance(self.dev, float) and isinstance(self.test, float) and self.dev + self.test >= 1:
            raise ValueError(
                f"dev + test = {self.dev + self.test:g} leaves no target row over; the shares must add up to below 1"
            )
        if isinstance(self.target_in_train, float) and not 0 < self.target_in_train < 1:
            raise ValueError(f"target_in_train = {self.target_in_train:g} must be rest, none or a share in (0, 1)")
        return self
