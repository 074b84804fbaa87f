"""The diagnosis of one model, as it is saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mlstrat_plugin.records.review import ErrorAnalysis, LabelCheck  # noqa: TC001 - pydantic reads them
from mlstrat_plugin.records.sizing import Sizing  # noqa: TC001 - pydantic reads it
from mlstrat_plugin.records.words import DIAGNOSIS_VERSION, EXACT, Settings, Severity, Status


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

    @property
    def is_exact(self) -> bool:
        """Return whether every row that it is about was scored."""
        return self.method == EXACT


@dataclass(frozen=True, kw_only=True)
class GapRecord:
    """One gap; ``low`` and ``high`` are the bounds at the quantile of its status.

    Each interval holds by itself; all lower bounds of the gaps hold together, and so do all upper bounds.
    """

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
class CheckOutcome:
    """One finding's code and what came of looking for it; ``reason`` says why it does not apply."""

    code: str
    outcome: Literal["found", "passed", "not-applicable", "ignored"]
    reason: str = ""


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
    """The answer of one model: what holds it back, how sure that is, what to try.

    ``tallies``, ``tallies_by_source`` and ``tallies_2x3`` hold the sums behind ``errors``, ``by_source`` and
    ``table_2x3``, from which every estimate is recomputed without the rows; a diagnosis of schema version 1 has none.
    """

    schema_version: int = DIAGNOSIS_VERSION
    diagnosis: str
    summary: str
    problems: tuple[str, ...]
    also_large: tuple[str, ...]
    lean: Lean | None
    errors: dict[str, ErrorRecord]
    gaps: dict[str, GapRecord]
    tallies: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_source: dict[str, dict[str, ErrorRecord]] = field(default_factory=dict)
    tallies_by_source: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    table_2x3: dict[str, dict[str, ErrorRecord]] = field(default_factory=dict)
    tallies_2x3: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    statements: dict[str, Statement] = field(default_factory=dict)
    tasks: dict[str, TaskDiagnosis] = field(default_factory=dict)
    trained_on: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    checks: tuple[CheckOutcome, ...] = ()
    error_analysis: ErrorAnalysis | None = None
    label_audit: dict[str, LabelCheck] = field(default_factory=dict)
    sizing: Sizing
    material_gap: float
    split_id: str | None = None
    test_id: str | None = None
    settings: Settings
