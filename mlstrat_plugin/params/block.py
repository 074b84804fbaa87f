"""The ``mlstrat:`` block of params.yaml, typed and checked; every problem is reported at once."""

from __future__ import annotations

from functools import reduce
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from mlstrat_plugin.errors import ParamsError, did_you_mean, shown
from mlstrat_plugin.params.data import Columns, Engine, Folders, Source, SourceName, Split, Validate
from mlstrat_plugin.params.gate import Gate  # noqa: TC001 - pydantic reads it
from mlstrat_plugin.params.messages import sentence
from mlstrat_plugin.params.people import Review, Track
from mlstrat_plugin.params.scoring import Diagnose, Evaluate, Human
from mlstrat_plugin.params.types import Block
from mlstrat_plugin.params.yamlfile import load_yaml
from mlstrat_plugin.records.metrics import METRICS
from mlstrat_plugin.records.ranges import MARGIN_OF_RATES, gap_range
from mlstrat_plugin.records.words import Settings

BLOCK = "mlstrat"


class Params(Block):
    """Everything mlstrat reads from params.yaml."""

    sources: dict[SourceName, Source] = Field(
        min_length=1,
        description="Tables of labelled examples, by name.",
        json_schema_extra={"additionalProperties": False},
    )
    engine: Engine = Engine()
    folders: Folders = Folders()
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
                f"evaluate.trained_on names {shown(unknown[0])}, which is not a source"
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
                f"params.yaml has no block {BLOCK}.review, which says what people may look at",
                hint="add the block `review`; docs/params.md lists its keys",
            )
        return self.review

    @property
    def roles(self) -> dict[str, str]:
        """Return the role of each source."""
        return {name: source.role for name, source in self.sources.items()}

    @property
    def sealed(self) -> bool:
        """Return whether the test error is hidden until a model passes the gate."""
        return self.gate is not None and self.gate.sealed

    def settings(self) -> Settings:
        """Return how to judge, as the record that the core takes."""
        return Settings(**self.diagnose.model_dump(), metric=self.evaluate.metric, unit=self.evaluate.unit or "")

    @model_validator(mode="after")
    def _fits_metric(self) -> Params:
        """Check that the metric has what it needs; every problem is named."""
        metric, human = self.evaluate.spec, self.human
        lacking = [key for key in metric.needs if self._value(key) is None]
        problems = [f"evaluate.metric = {metric.name} needs {key}" for key in lacking]
        if (gap := self.diagnose.material_gap) not in gap_range(metric):
            problems.append(f"diagnose.material_gap = {gap:g} must be {gap_range(metric)} for {metric.name}")
        margin = 0.0 if self.gate is None or self.gate.optimize is None else self.gate.optimize.margin
        if metric.is_rate and margin not in MARGIN_OF_RATES:
            problems.append(f"gate.optimize.margin = {margin:g} must be {MARGIN_OF_RATES} for {metric.name}")
        if human is not None and metric.is_rate == (human.loss is not None):
            form = "error, errors and n, tasks, or table" if metric.is_rate else "loss"
            given = ", ".join(sorted(human.model_dump(exclude_defaults=True)))
            problems.append(f"human gives {given}, which does not fit evaluate.metric = {metric.name}: give {form}")
        problems += self._task_problems()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _value(self, key: str) -> object:
        """Return the value of a dotted key below ``mlstrat``."""
        return reduce(getattr, key.split("."), self)

    def _task_problems(self) -> list[str]:
        tasks, human = self.columns.labels, self.human
        problems = []
        if tasks and not self.evaluate.spec.takes_tasks:
            able = ", ".join(metric.name for metric in METRICS if metric.takes_tasks)
            problems.append(f"columns.labels: tasks are scored by {able}, not by {self.evaluate.metric}")
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
