"""What stages hand to one another, saved as versioned JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypeVar

from mlstrat_plugin.errors import RecordError

SCHEMA_VERSION = 1


class Split(StrEnum):
    """The four splits; the value is the word for people, ``file_stem`` the word in files and Python."""

    TRAIN = "train"
    TRAIN_DEV = "train-dev"
    DEV = "dev"
    TEST = "test"

    @property
    def file_stem(self) -> str:
        """Return the name in files and columns: ``train_dev``."""
        return self.value.replace("-", "_")


HUMAN = "human"
LADDER: tuple[str, ...] = (HUMAN, *(split.value for split in Split))
GAPS: tuple[str, ...] = ("bias", "variance", "mismatch", "dev-overfit")

Status = Literal["material", "ruled-out", "unclear", "negative"]
Severity = Literal["problem", "warning", "tip"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a diagnosis is made; every field is echoed in the record.

    Parameters
    ----------
    material_gap : float
        Gap that is worth acting on, as a fraction of all rows (0.01 is one percentage point).
    material_gap_relative : float
        The same as a share of the dev error; the larger of the two counts. 0 switches it off.
    confidence : float
        Joint confidence of the four statements, 0.5..1.
    power : float
        Chance of an answer at the number of rows that is asked for.
    same_distribution : bool
        Train and dev are declared to come from one distribution, so that variance and mismatch need no train-dev.
    also_large : float
        A material gap of at least this share of the largest is named beside it.
    lean_draws : int
        Draws behind the probability of the lean.
    seed : int
        Seed of those draws.
    metric : str
        What the errors are: ``error_rate``, ``mean_loss`` and so on; a mean loss is not shown as a percentage.
    """

    material_gap: float = 0.01
    material_gap_relative: float = 0.0
    confidence: float = 0.95
    power: float = 0.8
    same_distribution: bool = False
    also_large: float = 0.8
    lean_draws: int = 4_000
    seed: int = 20_260_101
    metric: str = "error_rate"


@dataclass(frozen=True, kw_only=True)
class ErrorRecord:
    """One error of the ladder; ``low`` and ``high`` are its two-sided bounds at the settings' confidence.

    ``groups`` is the effective number of groups of rows, where rows come in groups.
    """

    value: float
    low: float
    high: float
    n: int | None
    wrong: int | None
    method: str
    groups: float | None = None


@dataclass(frozen=True, kw_only=True)
class GapRecord:
    """One gap; ``low`` and ``high`` are the simultaneous bounds, which hold for all gaps together."""

    value: float
    low: float
    high: float
    status: Status
    method: str
    between: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A difference of cells of the table of distributions, with a two-sided interval of its own."""

    value: float
    low: float
    high: float
    method: str


@dataclass(frozen=True, kw_only=True)
class Lean:
    """The gap that is most probably the largest; shown, never decided on."""

    problem: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One observation: what it is, the numbers behind it, what to try next."""

    code: str
    severity: Severity
    title: str
    message: str
    evidence: str
    next_steps: tuple[str, ...]
    docs: str


@dataclass(frozen=True, kw_only=True)
class OpenQuestion:
    """What the verdict could not settle, and the rows that would; empty ``rows`` means that rows cannot."""

    question: str
    bottleneck: str
    rows: dict[str, int]
    power: float


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What the rows of one split can show at an assumed or measured error.

    ``smallest_gain_paired`` is the smallest difference of two models that the split shows when both are scored on it,
    if exactly one of them is wrong on as many rows as a single model is; ``smallest_gain_unpaired`` that of two
    separate samples of this size.
    """

    n: int
    error: float
    half_width: float
    smallest_material_gap: float | None
    smallest_gain_paired: float | None = None
    smallest_gain_unpaired: float | None = None


@dataclass(frozen=True, kw_only=True)
class SizeLine:
    """What a split of ``n`` rows can show; nothing where it cannot show any difference of two models."""

    n: int
    half_width: float
    smallest_gap: float
    smallest_gain_paired: float | None
    smallest_gain_unpaired: float | None


@dataclass(frozen=True, kw_only=True)
class SizePlan:
    """What it takes, before any data: rows by purpose, and what usual sizes can show."""

    schema_version: int = SCHEMA_VERSION
    error: float
    material_gap: float
    gap: float
    discordant: float
    confidence: float
    power: float
    to_know_error: int
    to_prove_gap: int
    to_compare_paired: int
    to_compare_unpaired: int
    lines: tuple[SizeLine, ...]
    advice: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sizing:
    """What the present sizes can prove, and what they leave open."""

    splits: dict[str, Proof]
    open_question: OpenQuestion | None = None


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """The answer of one model: what holds it back, how sure that is, what to try."""

    schema_version: int = SCHEMA_VERSION
    diagnosis: str
    summary: str
    problems: tuple[str, ...]
    also_large: tuple[str, ...]
    lean: Lean | None
    errors: dict[str, ErrorRecord]
    gaps: dict[str, GapRecord]
    by_source: dict[str, dict[str, ErrorRecord]] = field(default_factory=dict)
    table_2x3: dict[str, dict[str, ErrorRecord]] = field(default_factory=dict)
    statements: dict[str, Statement] = field(default_factory=dict)
    trained_on: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    sizing: Sizing
    material_gap: float
    split_id: str | None = None
    test_id: str | None = None
    settings: Settings


@dataclass(frozen=True, kw_only=True)
class RuleResult:
    """One rule and what came of it; ``could-not-check`` is its own outcome."""

    rule: str
    source: str
    outcome: Literal["passed", "failed", "could-not-check"]
    severity: str
    why: str
    detail: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SourceFacts:
    """What one scan of a source saw."""

    role: str
    rows: int
    bytes: int
    groups: int | None


@dataclass(frozen=True, kw_only=True)
class Validation:
    """The answer of the rules: built-in ones first, then each suite in its own order."""

    schema_version: int = SCHEMA_VERSION
    passed: bool
    sources: dict[str, SourceFacts]
    rules: tuple[RuleResult, ...]


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Rows that went to no split, and why."""

    source: str
    reason: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Splits:
    """How the sources were cut; ``counts`` is split -> source -> label -> rows."""

    schema_version: int = SCHEMA_VERSION
    split_id: str
    test_id: str
    rows: dict[str, int]
    counts: dict[str, dict[str, dict[str, int]]]
    held_out: tuple[HeldOut, ...]
    sizing: Sizing
    advice: tuple[str, ...]
    settings: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """The MLflow run that carries the diagnosis."""

    schema_version: int = SCHEMA_VERSION
    run_id: str
    experiment_id: str
    diagnosis_digest: str


Saved = Diagnosis | Validation | Splits | TrackedRun | SizePlan
Record = TypeVar("Record", Diagnosis, Validation, Splits, TrackedRun)


def to_json(record: Saved) -> str:
    """Return the saved form: two-space indent, fixed order, numbers to ten digits, no NaN."""
    return json.dumps(_plain(asdict(record)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Round floats, so that the last bits of another machine do not make another file."""
    if isinstance(value, float):
        return round(value, 10)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def from_json(kind: type[Record], text: str, *, name: str, stage: str) -> Record:
    """Read a saved record back.

    Parameters
    ----------
    kind : type
        The record class.
    text : str
        JSON text.
    name, stage : str
        The file it came from and the stage that writes it, for the message.

    Raises
    ------
    RecordError
        The text is not JSON, of another schema version, or lacks a field. Unknown fields are
        ignored: a newer mlstrat may have added them.
    """
    from pydantic import TypeAdapter, ValidationError

    hint = f"run `mlstrat {stage}` again to write it anew"
    try:
        data = json.loads(text)
    except ValueError as error:
        raise RecordError(f"{name} is not valid JSON: {error}", hint=hint) from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise RecordError(f"{name} has schema_version {version!r}; this mlstrat reads {SCHEMA_VERSION}", hint=hint)
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecordError(f"{name}: {where}: {first['msg']}", hint=hint) from error
