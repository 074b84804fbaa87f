"""What a simulation observed, beside what was promised."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One line of the table: what was observed, how often, and what was promised."""

    what: str
    setting: str
    observed: float
    bar: float
    at_least: bool
    replicates: int
    beside: str = ""

    @property
    def noise(self) -> float:
        """Return two standard errors of what was observed."""
        return 2 * sqrt(max(self.bar * (1 - self.bar), 1e-9) / self.replicates)

    @property
    def kept(self) -> str:
        """Return whether the promise was kept, but for simulation noise."""
        short = self.bar - self.observed if self.at_least else self.observed - self.bar
        return "kept" if short <= 0 else "within noise" if short <= self.noise else "BROKEN"

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        return (
            f"{self.what:24} {self.setting:46} {100 * self.observed:6.2f} % {sign} {100 * self.bar:4.1f} %  "
            f"{self.kept:12} n={self.replicates:,} {self.beside}"
        )
