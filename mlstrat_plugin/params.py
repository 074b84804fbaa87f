"""The ``mlstrat:`` block of params.yaml, typed and checked; every problem is reported at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from mlstrat_plugin.errors import ParamsError, did_you_mean, shown
from mlstrat_plugin.records import Settings

BLOCK = "mlstrat"
_DEFAULTS = Settings()


def _size(value: int | float) -> int | float:
    if not (value >= 1 if isinstance(value, int) else 0 < value < 1):
        raise ValueError("must be a share strictly between 0 and 1, or a whole number of rows from 1 on")
    return value


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Text = Annotated[str, Field(strict=True, min_length=1)]
Flag = Annotated[bool, Field(strict=True)]
SourceName = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
Size = Annotated[Whole | Number, AfterValidator(_size)]


class Block(BaseModel):
    """A block of keys: unknown ones are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
    group: Text | None = Field(None, description="column whose rows never straddle splits, or null")
    content: tuple[Text, ...] = Field((), description="columns that make two examples duplicates; may be empty")

    @model_validator(mode="after")
    def _distinct(self) -> Columns:
        names = [self.id, self.label, *([self.group] if self.group else []), *self.content]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"a column has one meaning only; named twice: {', '.join(twice)}")
        return self

    @property
    def needed(self) -> tuple[str, ...]:
        """Return every column that a source must have."""
        return (self.id, self.label, *((self.group,) if self.group else ()), *self.content)


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
    """The human level: one declared number, or counts."""

    error: Number | None = Field(None, ge=0, le=1, description="declared error, a fraction in 0..1 (7 % is 0.07)")
    errors: Whole | None = Field(None, ge=0, description="wrong answers that people gave, from 0 on")
    n: Whole | None = Field(None, ge=1, description="answers that people gave, from 1 on")

    @model_validator(mode="after")
    def _one_form(self) -> Human:
        counts = (self.errors is not None, self.n is not None)
        if (self.error is not None) == any(counts) or (any(counts) and not all(counts)):
            raise ValueError("give either error (declared), or errors and n (counted)")
        if self.errors is not None and self.n is not None and self.errors > self.n:
            raise ValueError(f"errors = {self.errors} exceeds n = {self.n}")
        return self


class Evaluate(Block):
    """How predictions are scored."""

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

    material_gap: Number = Field(_DEFAULTS.material_gap, gt=0, lt=1, description="gap worth acting on, in (0, 1)")
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

    def settings(self) -> Settings:
        """Return the same as the record that the core takes."""
        return Settings(**self.model_dump())


class Track(Block):
    """Where the diagnosis is logged."""

    tracking_uri: Text | None = Field(None, description="an MLflow tracking URI; null takes MLFLOW_TRACKING_URI")
    experiment: Text = Field("mlstrat", description="experiment for a run that mlstrat has to create")
    run: Text | None = Field("models/run.json", description="JSON file with the run_id of the training run, or null")
    patience_seconds: Number = Field(15.0, gt=0, le=600, description="seconds to wait for a server, in (0, 600]")


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
    track: Track = Track()

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


class _Loader(yaml.SafeLoader):
    """YAML as DVC reads it where it matters: ``1e-3`` is a number, and a key given twice is an error."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise yaml.constructor.ConstructorError(None, None, f"key {twice!r} is given twice", node.start_mark)
    loader.flatten_mapping(node)
    return {loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value}


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def load_yaml(path: Path) -> Any:
    """Read a YAML file without running anything in it.

    Raises
    ------
    ParamsError
        The file is missing, not UTF-8, not YAML, or gives a key twice.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ParamsError(f"cannot read {path}: {error.strerror}", hint="run from the project's folder") from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise ParamsError(f"{path} is not valid YAML: {error}", hint=f"mend {path} at the named place") from error


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
        problems = list(dict.fromkeys(_sentence(dict(item)) for item in error.errors()))
        raise ParamsError(f"{path}:\n" + "\n".join(f"- {p}" for p in problems), hint="edit the named keys") from error


def _sentence(item: dict[str, Any]) -> str:
    """Turn one pydantic error into: key path = value: what is wrong; what is allowed; did you mean."""
    path, model, description = _locate(item["loc"])
    if item["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in model.model_fields.items()]
        word = str(item["loc"][-1])
        return f"{path}: unknown key{did_you_mean(word, known)}; known keys: {', '.join(known)}"
    if item["type"] == "missing":
        return f"{path}: missing; give {description}"
    reason = item["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if item["type"] == "value_error" and not description:
        return f"{path}: {reason}"
    if item["type"] == "model_type":
        return f"{path} = {shown(item['input'])}: must be a block with keys {', '.join(model.model_fields)}"
    guess = did_you_mean(item["input"], re.findall("'([^']+)'", item["msg"])) if item["type"] == "literal_error" else ""
    return f"{path} = {shown(item['input'])}: {f'allowed is {description}' if description else reason}{guess}"


def _locate(loc: tuple[str | int, ...]) -> tuple[str, type[BaseModel], str]:
    """Walk an error's location down the models: the key path, the innermost model, the key's description."""
    model: type[BaseModel] = Params
    path, description = [BLOCK], ""
    for part in loc:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if str(part) in fields:
            path.append(str(part))
            description = fields[str(part)].description or ""
            inner = fields[str(part)].annotation
            model = _model_in(inner) or model
        elif path[-1] == "sources" or (part == loc[-1] and not description):
            path.append(str(part))
            description = "" if path[-2] == "sources" else description
    return ".".join(path), model, description


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the Block inside ``Block``, ``Block | None`` or ``dict[str, Block]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for arg in getattr(annotation, "__args__", ()) if (m := _model_in(arg))), None)
