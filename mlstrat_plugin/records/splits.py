"""What is saved about the sources and how they were cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mlstrat_plugin.records.review import LabelChange  # noqa: TC001 - pydantic reads it
from mlstrat_plugin.records.sizing import Sizing  # noqa: TC001 - pydantic reads it
from mlstrat_plugin.records.words import SCHEMA_VERSION

UNIT = "unit"  # column of the split files: what counts as one independent row, where contents are copied
ANY = "*"  # the one label of counts where there are too many to list


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

    ``contents`` counts the distinct contents of each split, where ``mlstrat.columns.content`` is set: the other rows
    are copies, and a row without any content is its own.

    ``labels`` counts the distinct labels; above 1,000 of them ``counts`` has the one label ``*`` for all.

    ``label_changes`` are the labels that people asked to be replaced, and ``labels_left`` those they asked for on rows
    of train and train-dev that were left as they are.
    """

    schema_version: int = SCHEMA_VERSION
    split_id: str
    test_id: str
    rows: dict[str, int]
    counts: dict[str, dict[str, dict[str, int]]]
    contents: dict[str, int] = field(default_factory=dict)
    labels: int = 0
    held_out: tuple[HeldOut, ...]
    label_changes: tuple[LabelChange, ...] = ()
    labels_left: int = 0
    sizing: Sizing
    advice: tuple[str, ...]
    settings: dict[str, Any]
