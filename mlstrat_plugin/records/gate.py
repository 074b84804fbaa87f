"""What the gate decides and why, as it is saved in ``reports/gate.json``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mlstrat_plugin.records.words import DECISION_VERSION, SCHEMA_VERSION

Answer = Literal["pass", "fail", "unclear"]
Outcome = Literal["promote", "refuse", "unclear"]
Kind = Literal["error", "gap", "latency", "size"]
HIDDEN = "sealed"  # note and code where a number of the test set would be, before a model has passed


@dataclass(frozen=True, kw_only=True)
class ConditionResult:
    """One condition of the policy and its answer.

    ``condition`` is its key in params.yaml, ``title`` its name for people. An error or a gap is in the unit of the
    metric, a latency is the share of rows that are too slow, a size is in MB. ``low`` and ``high`` are one-sided
    bounds; ``value`` is None if it could not be measured or is sealed. ``code`` says why the answer is not a pass, see
    ``records.codes``; it is empty for a pass.
    """

    condition: str
    title: str
    kind: Kind
    limit: float
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    method: str
    answer: Answer
    code: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """Challenger minus champion on one split; below zero the challenger is better.

    ``fixed`` rows only the challenger answered correctly, ``broken`` rows only the champion; ``p_value`` is one-sided;
    ``rows_needed`` would decide at the same discordance. ``code`` says why the answer is not a pass.
    """

    split: str
    goal: str
    margin: float
    change: float | None
    low: float | None
    high: float | None
    n: int | None
    fixed: int | None
    broken: int | None
    p_value: float | None
    p_method: str
    rows_needed: int | None
    method: str
    answer: Answer
    code: str = ""
    note: str = ""

    @property
    def limit(self) -> float:
        """Return what the change must stay below: the margin above zero, or as much below it."""
        return self.margin if self.goal == "non-inferior" else -self.margin


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What forbids a promotion whatever the numbers are."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Looks:
    """How often a test set has been looked at; ``alpha`` and ``z`` are what one look is judged at."""

    used: int
    budget: int
    won: int
    promotions: int
    seen_before: bool
    alpha: float
    z: float
    mode: Literal["open", "sealed"]

    @property
    def left(self) -> int:
        """Return how many further models may be judged."""
        return max(0, self.budget - self.used)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The model that wants to be promoted."""

    run_id: str
    model_hash: str
    split_id: str
    test_id: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The gate's answer with every condition's evidence.

    ``code`` is empty on a promotion. ``metric`` is what the errors are, ``unit`` that of the labels if they are in it.
    ``champion`` is the version that carried the alias when this was decided, empty if none did; ``inputs`` are digests
    of what was read, checked again before the alias moves.
    """

    schema_version: int = DECISION_VERSION
    decision: Outcome
    code: str
    reason: str
    metric: str
    unit: str
    model: str
    alias: str
    champion: str
    candidate: Candidate
    conditions: tuple[ConditionResult, ...]
    challenge: Challenge | None
    looks: Looks
    policy_hash: str
    inputs: dict[str, str]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """An alias that was moved: by whom, when (UTC), from which version; ``forced`` says why a person did it anyway."""

    schema_version: int = SCHEMA_VERSION
    model: str
    alias: str
    version: str
    champion_before: str
    run_id: str
    decision: str
    reason: str
    forced: str
    by: str
    at: str


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Which models, by their hash, were judged on each test set, and which won a comparison there."""

    schema_version: int = SCHEMA_VERSION
    judged: dict[str, tuple[str, ...]] = field(default_factory=dict)
    won: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def judging(self, test_id: str, model_hash: str) -> Ledger:
        """Return the ledger with one more model judged."""
        return Ledger(judged=_with(self.judged, test_id, model_hash), won=self.won)

    def winning(self, test_id: str, model_hash: str) -> Ledger:
        """Return the ledger with one more model that won."""
        return Ledger(judged=self.judged, won=_with(self.won, test_id, model_hash))


def _with(entries: dict[str, tuple[str, ...]], key: str, value: str) -> dict[str, tuple[str, ...]]:
    return {**entries, key: tuple(sorted({*entries.get(key, ()), value}))}
