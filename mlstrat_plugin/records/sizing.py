"""How many rows it takes, and what the rows at hand can show."""

from __future__ import annotations

from dataclasses import dataclass

from mlstrat_plugin.records.words import SCHEMA_VERSION


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
    """What a split of ``n`` rows can show; None if it cannot show any difference of two models."""

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
