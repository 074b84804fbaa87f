"""The words that everything shares: splits, rungs, gaps, and how a diagnosis is made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.metrics import metric_named
from mlstrat_plugin.records.ranges import RANGES, gap_range

SCHEMA_VERSION = 1
EXACT = "exact"  # the method of an error of all rows that it is about
DIAGNOSIS_VERSION = 2  # of diagnosis.json; version 1 has no tallies and is still read
DECISION_VERSION = 2  # of gate.json; version 1 has other keys, and a decision is soon made again


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

    @property
    def file_name(self) -> str:
        """Return the name of the file with its rows."""
        return f"{self.file_stem}.parquet"


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
    unit : str
        The unit of the labels, for metrics that are in it; empty where nobody named one.
    ignore : tuple of str
        Codes of findings that are not reported.

    Raises
    ------
    EstimateError
        The metric is unknown, or numbers are out of range; each is named with its value and what is allowed.
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
    unit: str = ""
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            gap = gap_range(metric_named(self.metric))
        except ValueError as error:
            raise EstimateError(f"metric = {self.metric!r} {error}", hint="change the named setting") from error
        wrong = [
            f"{name} = {value!r} must be {allowed}"
            for name, allowed in {"material_gap": gap, **RANGES}.items()
            if (value := getattr(self, name)) not in allowed
        ]
        if wrong:
            raise EstimateError(f"settings out of range: {', '.join(wrong)}", hint="change the named settings")
