"""What stages hand to one another, and what they save."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from mlstrat_plugin.review_records import ErrorAnalysis, LabelChange, LabelCheck  # noqa: TC001 - pydantic reads them

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
Movement = Literal["moved", "unchanged", "unclear"]
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

    ``smallest_material_gap`` is the point gap before this split that comes out as material at these rows;
    ``rows_for_twice`` are the rows at which a true gap of twice the material gap does, four times in five.
    ``smallest_gain_paired`` is the smallest difference of two models that the split shows when both are scored on it,
    if exactly one of them is wrong on as many rows as a single model is; ``smallest_gain_unpaired`` that of two
    separate samples of this size.
    """

    n: int
    error: float
    half_width: float
    smallest_material_gap: float | None
    rows_for_twice: int | None = None
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
class TaskDiagnosis:
    """The answer for one of several tasks: its own ladder, gaps and verdict."""

    diagnosis: str
    summary: str
    problems: tuple[str, ...]
    lean: Lean | None
    errors: dict[str, ErrorRecord]
    gaps: dict[str, GapRecord]


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
    tasks: dict[str, TaskDiagnosis] = field(default_factory=dict)
    trained_on: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    error_analysis: ErrorAnalysis | None = None
    label_audit: dict[str, LabelCheck] = field(default_factory=dict)
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
    """How the sources were cut; ``counts`` is split -> source -> label -> rows.

    ``label_changes`` are the labels that people asked to be replaced, and ``labels_left`` those they asked for on rows
    of train and train-dev that were left as they are.
    """

    schema_version: int = SCHEMA_VERSION
    split_id: str
    test_id: str
    rows: dict[str, int]
    counts: dict[str, dict[str, dict[str, int]]]
    held_out: tuple[HeldOut, ...]
    label_changes: tuple[LabelChange, ...] = ()
    labels_left: int = 0
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
