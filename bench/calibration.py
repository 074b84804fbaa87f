"""Check by simulation that intervals cover and verdicts are wrong as rarely as the documentation says.

Run with ``make bench``. Seeds are fixed, so every run prints the same table; the test suite runs a reduced form.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from bench.draws import (
    Draw,
    best_group,
    classes,
    clusters,
    f1,
    gap_of_rates,
    log_loss,
    lognormal,
    paired,
    slices,
    tasks,
    weighted,
)
from mlstrat_plugin.core.diagnosis.verdict import gaps_of, judge
from mlstrat_plugin.core.estimates.estimate import constant
from mlstrat_plugin.core.estimates.intervals import z_value
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.words import LADDER

if TYPE_CHECKING:
    from collections.abc import Iterator

Z95 = z_value(0.025)
TAU = 0.01
SEED = 20_260_101


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


def coverage(what: str, setting: str, draw: Draw, bar: float, replicates: int) -> Claim:
    """Return how often the 95 % interval holds the truth."""
    rng = np.random.default_rng([SEED, *f"{what} {setting}".encode()])
    held = 0
    for _ in range(replicates):
        with suppress(EstimateError):  # no interval where all losses came out equal: counted as a miss
            quantity, truth = draw(rng)
            low, high = quantity.bounds(Z95)
            held += low <= truth <= high
    return Claim(what=what, setting=setting, observed=held / replicates, bar=bar, at_least=True, replicates=replicates)


def intervals(replicates: int) -> Iterator[Claim]:
    """Yield the coverage of every metric's interval over its grid."""
    for p, q in ((0.001, 0.002), (0.01, 0.01), (0.01, 0.03), (0.05, 0.08), (0.2, 0.2)):
        for n, m in ((500, 500), (2_500, 2_500), (100_000, 2_500), (1_000_000, 10_000)):
            if min(n * p, m * q) >= 0.5:
                yield coverage(
                    "error_rate, gap", f"{p:g} and {q:g}, n {n:,} and {m:,}", gap_of_rates(n, m, p, q), 0.94, replicates
                )
    for n, heavy, p, p_heavy in ((2_500, 0.02, 0.05, 0.1), (10_000, 0.01, 0.05, 0.05), (10_000, 0.1, 0.1, 0.02)):
        yield coverage(
            "weighted_error",
            f"n {n:,}, {heavy:g} x10, {p:g}/{p_heavy:g}",
            weighted(n, heavy, p, p_heavy),
            0.94,
            replicates,
        )
    for n, prevalence in ((500, 0.1), (2_500, 0.05), (10_000, 0.01)):
        yield coverage("f1", f"n {n:,}, prevalence {prevalence:g}", f1(n, prevalence, 0.8, 0.01), 0.94, replicates)
    for k, n in ((5, 1_000), (20, 5_000), (100, 20_000)):
        yield coverage("macro_f1", f"{k} classes, n {n:,}", classes(k, n, 0.1), 0.94, max(replicates // 4, 200))
    yield coverage(
        "dotted (bootstrap)",
        "5 classes, n 2,000",
        classes(5, 2_000, 0.1, function=True),
        0.94,
        max(replicates // 20, 100),
    )
    for n in (100, 500, 2_500):
        yield coverage("mean_loss, log loss", f"n {n:,}", log_loss(n), 0.94, replicates)
    for n in (500, 2_500):
        yield coverage("mean_loss, lognormal", f"n {n:,}", lognormal(n), 0.94, replicates)
    yield coverage(
        "mean_over",
        "6 regions of 50 to 2,000 rows",
        slices("mean", (50, 100, 200, 500, 1_000, 2_000), (0.2, 0.1, 0.1, 0.05, 0.05, 0.02)),
        0.94,
        replicates,
    )
    yield coverage("worst_slice", "6 equal regions", slices("worst", (400,) * 6, (0.05,) * 6), 0.94, replicates)
    yield coverage(
        "worst_slice", "one of 6 is worse", slices("worst", (400,) * 6, (0.15, *(0.05,) * 5)), 0.94, replicates
    )
    for n, together in ((300, 0.0), (1_000, 0.1)):
        draw = tasks(n, (0.02, 0.1, 0.2), together)
        yield coverage("mean over tasks", f"3 tasks, n {n:,}, {together:g} wrong together", draw, 0.94, replicates)
    for groups, n in ((4, 1_000), (8, 5_000)):
        yield coverage(
            "human, best of groups", f"{groups} equal groups of {n:,}", best_group(groups, n, 0.02), 0.94, replicates
        )
    for n, discordant, gain in ((500, 0.1, 0.02), (2_500, 0.06, 0.0), (10_000, 0.02, 0.005)):
        yield coverage(
            "two runs, paired",
            f"n {n:,}, {discordant:g} discordant, gain {gain:g}",
            paired(n, discordant, gain),
            0.94,
            replicates,
        )
    for groups, size, icc, bar in (
        (12, 50, 0.1, 0.88),
        (20, 10, 0.3, 0.88),
        (50, 50, 0.1, 0.92),
        (200, 50, 0.1, 0.92),
        (1_000, 10, 0.3, 0.92),
    ):
        yield coverage(
            "groups", f"{groups} of about {size} rows, icc {icc:g}", clusters(groups, size, icc, 0.1), bar, replicates
        )


VERDICTS = {
    "four gaps exactly at the material gap": (1.0, 2.0, 3.0, 4.0, 5.0),
    "two-way tie": (1.0, 2.0, 5.0, 8.1, 8.1),
    "three-way tie": (1.0, 3.0, 5.0, 7.1, 7.1),
    "four-way tie": (1.0, 2.5, 4.0, 5.5, 7.1),
    "1/2/3/4.5/4.5": (1.0, 2.0, 3.0, 4.5, 4.5),
}


def verdicts(replicates: int) -> Iterator[Claim]:
    """Yield how often a verdict is wrong where it is hardest, and how often the largest point gap is."""
    for n in (500, 2_500, 10_000):
        for what, percents in VERDICTS.items():
            truth = [percent / 100 for percent in percents]
            gaps = np.diff(truth)
            rng = np.random.default_rng([SEED, n, *what.encode()])
            wrong_dominant = wrong_argmax = false_material = 0
            for _ in range(replicates):
                ladder = {LADDER[0]: constant(truth[0])}
                for rung, p in zip(LADDER[1:], truth[1:], strict=True):
                    rows = 20 * n if rung == "train" else n
                    ladder[rung] = ErrorTally(wrong=int(rng.binomial(rows, p)), n=rows).estimate()
                measured = gaps_of(ladder)
                verdict = judge(measured, tau=TAU, confidence=0.95, also_large=0.8)
                largest = {gap.name for gap, size in zip(measured, gaps, strict=True) if size >= gaps.max() - 1e-9}
                wrong_dominant += verdict.diagnosis in verdict.statuses and verdict.diagnosis not in largest
                wrong_argmax += verdict.best not in largest
                false_material += any(
                    verdict.statuses[gap.name] == "material"
                    for gap, size in zip(measured, gaps, strict=True)
                    if size <= TAU + 1e-9
                )
            beside = f"(largest point gap: {100 * wrong_argmax / replicates:.1f} % wrong)"
            for name, count, bar in (
                ("wrong dominant", wrong_dominant, 0.04),
                ("false material", false_material, 0.055),
            ):
                yield Claim(
                    what=name, setting=f"{what}, n {n:,}", observed=count / replicates, bar=bar, at_least=False,
                    replicates=replicates, beside=beside if name == "wrong dominant" else "",
                )  # fmt: skip


def main(replicates: int = 4_000) -> None:
    """Print the table; leave with 1 where a promise is broken."""
    broken = 0
    for claim in (*intervals(replicates), *verdicts(replicates)):
        print(claim, flush=True)
        broken += claim.kept == "BROKEN"
    print(f"{broken} promises broken")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000)
