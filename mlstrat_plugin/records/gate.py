"""What the gate decides and why, as it is saved in ``reports/gate.json``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mlstrat_plugin.records.words import SCHEMA_VERSION

Answer = Literal["pass", "fail", "unclear"]
Outcome = Literal["promote", "refuse", "unclear"]
HIDDEN = "sealed"  # stands where a number of the test set would, before a model has passed


@dataclass(frozen=True, kw_only=True)
class ConditionResult:
    """One limit and what came of it; ``low`` and ``high`` are one-sided bounds, ``value`` is nothing where sealed."""

    measure: str
    limit: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    method: str
    answer: Answer
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """Challenger minus champion on one split; below zero the challenger is better.

    ``fixed`` rows only the challenger answered rightly, ``broken`` rows only the champion; ``p_value`` is one-sided;
    ``rows_needed`` would decide at the same discordance.
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
    note: str = ""


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

    ``champion`` is the version that carried the alias when this was decided, empty where none did; ``inputs`` are
    digests of what was read, checked again before the alias moves.
    """

    schema_version: int = SCHEMA_VERSION
    decision: Outcome
    reason: str
    model: str
    alias: str
    champion: str
    candidate: Candidate
    conditions: tuple[ConditionResult, ...]
    challenge: Challenge | None
    looks: Looks
    policy_hash: str
    inputs: dict[str, str]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """An alias that was moved: by whom, when (UTC), from which version, and why where the gate had not passed it."""

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
