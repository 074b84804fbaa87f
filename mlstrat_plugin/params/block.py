"""The ``mlstrat:`` block of params.yaml, typed and checked; every problem is reported at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from mlstrat_plugin.errors import ParamsError, did_you_mean, shown
from mlstrat_plugin.params.gate import Gate  # noqa: TC001 - pydantic reads it
from mlstrat_plugin.params.messages import sentence
from mlstrat_plugin.params.types import Block, Flag, Number, Text, Whole
from mlstrat_plugin.params.yamlfile import load_yaml
from mlstrat_plugin.records.words import Settings

BLOCK = "mlstrat"
_DEFAULTS = Settings()


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
DOTTED = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")


def _metric(value: str) -> str:
    if value not in METRICS and not DOTTED.match(value):
        raise ValueError(f"must be one of {', '.join(METRICS)}, or a dotted name")
    return value


class Evaluate(Block):
    """How predictions are scored."""

    metric: Annotated[Text, AfterValidator(_metric)] = Field(
        "error_rate",
        description=f"one of {', '.join(METRICS)}, or the dotted name of a function of the confusion matrix",
    )
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


class Review(Block):
    """What people look at, and how it is shown to them."""

    rows: Whole = Field(100, ge=1, le=10_000, description="rows that a call of the sampler fills up to, 1 to 10,000")
    eyeball: Number = Field(
        0.5, gt=0, le=1, description="share of dev in (0, 1] that people may look at; the rest stays unseen"
    )
    image: Text | None = Field(None, description="column with a picture: a path, the bytes of a file, or grey values")
    audio: Text | None = Field(None, description="column with a sound: a path, or the bytes of a file")
    text: Text | None = Field(None, description="column with a text, or null")
    features: tuple[Text, ...] = Field((), description="columns shown as a table; may be empty")
    roots: tuple[Text, ...] = Field(("data",), description="folders from which pictures and sounds are shown")
    fix_train: Flag = Field(default=False, description="true applies label fixes to train and train-dev as well")


class Track(Block):
    """Where the diagnosis is logged."""

    tracking_uri: Text | None = Field(None, description="an MLflow tracking URI; null takes MLFLOW_TRACKING_URI")
    experiment: Text | None = Field(
        None, description="experiment that the runs must be in; null takes any, and 'mlstrat' for runs of its own"
    )
    run: Text | None = Field("models/run.json", description="JSON file with the run_id of the training run, or null")
    model: Text | None = Field(None, description="the model's file or folder, whose hash finds its run again, or null")
    patience_seconds: Number = Field(15.0, gt=0, le=600, description="seconds to wait for a server, in (0, 600]")

    @property
    def own_experiment(self) -> str:
        """The experiment of runs that mlstrat makes itself."""
        return self.experiment or "mlstrat"


class Params(Block):
    """Everything mlstrat reads from params.yaml."""

    sources: dict[SourceName, Source] = Field(min_length=1, description="at least one source, by name")
    engine: Engine = Engine()
    columns: Columns = Columns()
    validate_: Validate = Field(Validate(), alias="validate")
    split: Split = Split()
    human: Human | None = None
    evaluate: Evaluate = Evaluate()
    diagnose: Diagnose = Diagnose()
    review: Review | None = None
    track: Track = Track()
    gate: Gate | None = None

    @model_validator(mode="after")
    def _has_target(self) -> Params:
        if all(source.role != "target" for source in self.sources.values()):
            raise ValueError(
                f"no source has role target (sources: {', '.join(self.sources)}); dev and test are cut from target rows"
            )
        return self

    @model_validator(mode="after")
    def _known_sources(self) -> Params:
        named = self.evaluate.trained_on if isinstance(self.evaluate.trained_on, tuple) else ()
        unknown = [name for name in named if name not in self.sources]
        if unknown:
            raise ValueError(
                f"evaluate.trained_on names {shown(unknown[0])}, which is no source"
                + did_you_mean(unknown[0], self.sources)
            )
        return self

    def reviewed(self) -> Review:
        """Return how people look at rows.

        Raises
        ------
        ParamsError
            There is no such block.
        """
        if self.review is None:
            raise ParamsError(
                f"{BLOCK}.review is not there: nothing says what people may look at",
                hint="copy the block `review` of docs/params.md",
            )
        return self.review

    def settings(self) -> Settings:
        """Return how to judge, as the record that the core takes."""
        return Settings(**self.diagnose.model_dump(), metric=self.evaluate.metric)

    @model_validator(mode="after")
    def _fits_metric(self) -> Params:
        """Check that the metric has what it needs; every problem is named."""
        metric, human = self.evaluate.metric, self.human
        needs = {
            "weighted_error": ("columns.weight", self.columns.weight),
            "f1": ("evaluate.positive", self.evaluate.positive),
            "mean_over": ("columns.slice", self.columns.slice),
            "worst_slice": ("columns.slice", self.columns.slice),
        }
        name, value = needs.get(metric, ("", ""))
        problems = [f"evaluate.metric = {metric} needs {name}"] if value is None else []
        if metric != "mean_loss" and self.diagnose.material_gap >= 1:
            problems.append(f"diagnose.material_gap = {self.diagnose.material_gap:g} is no gap of rates in (0, 1)")
        if human is not None and (metric == "mean_loss") != (human.loss is not None):
            form = "loss" if metric == "mean_loss" else "error, errors and n, or table"
            problems.append(f"human: evaluate.metric = {metric} is compared with {form}")
        problems += self._task_problems()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _task_problems(self) -> list[str]:
        tasks, human = self.columns.labels, self.human
        problems = []
        if tasks and self.evaluate.metric != "error_rate":
            problems.append(f"columns.labels: tasks are scored by error_rate, not by {self.evaluate.metric}")
        if tasks and human is not None and (human.table is not None or human.n is not None):
            problems.append("human: with columns.labels give error, or tasks with an error for each")
        if human is not None and human.tasks is not None and set(human.tasks) != set(tasks):
            problems.append(
                f"human.tasks names {', '.join(human.tasks)}; columns.labels has {', '.join(tasks) or 'none'}"
            )
        return problems


def load_params(path: Path | str = "params.yaml") -> Params:
    """Read and check the ``mlstrat:`` block.

    Parameters
    ----------
    path : Path or str
        The params file.

    Raises
    ------
    ParamsError
        The file cannot be read, has no ``mlstrat:`` block, or any key or value is not allowed; all problems are named.
    """
    path = Path(path)
    data = load_yaml(path)
    block = data.get(BLOCK) if isinstance(data, dict) else None
    if not isinstance(block, dict):
        raise ParamsError(f"{path} has no `{BLOCK}:` block", hint="copy the block of docs/params.md and edit it")
    try:
        return Params.model_validate(block)
    except ValidationError as error:
        problems = list(dict.fromkeys(sentence(dict(item), Params, BLOCK) for item in error.errors()))
        raise ParamsError(f"{path}:\n" + "\n".join(f"- {p}" for p in problems), hint="edit the named keys") from error
