"""Check by simulation that intervals cover and verdicts are wrong as rarely as the documentation says.

Run with ``make bench``. Seeds are fixed, so every run prints the same table; the test suite runs a reduced form.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.random import Generator

from mlstrat_plugin.core.confusion import ConfusionTally, Function, MacroF1
from mlstrat_plugin.core.estimate import Quantity, constant
from mlstrat_plugin.core.human_level import RaterGroups
from mlstrat_plugin.core.intervals import z_value
from mlstrat_plugin.core.pairing import PairedTally
from mlstrat_plugin.core.several import SliceTally
from mlstrat_plugin.core.tallies import ErrorTally, LossTally, RatioTally
from mlstrat_plugin.core.verdict import gaps_of, judge
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records import LADDER

Z95 = z_value(0.025)
TAU = 0.01
SEED = 20_260_101
Draw = Callable[[Generator], tuple[Quantity, float]]


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


def gap_of_rates(n: int, m: int, p: float, q: float) -> Draw:
    """Draw two independent error rates, subtracted."""

    def draw(rng: Generator) -> tuple[Quantity, float]:
        first = ErrorTally(wrong=int(rng.binomial(n, p)), n=n).estimate()
        second = ErrorTally(wrong=int(rng.binomial(m, q)), n=m).estimate()
        return second - first, q - p

    return draw


def weighted(n: int, heavy: float, p: float, p_heavy: float) -> Draw:
    """Draw rows of which a share counts ten times and has its own error."""

    def draw(rng: Generator) -> tuple[Quantity, float]:
        rows = int(rng.binomial(n, heavy))
        wrong, bad = int(rng.binomial(n - rows, p)), int(rng.binomial(rows, p_heavy))
        squares = wrong + 100 * bad
        all_squares = n - rows + 100 * rows
        tally = RatioTally(
            n=n, units=n, a=wrong + 10 * bad, b=n - rows + 10 * rows, aa=squares, ab=squares, bb=all_squares,
            row_bb=all_squares, grouped=False, kind="weights",
        )  # fmt: skip
        return tally.estimate(), ((1 - heavy) * p + 10 * heavy * p_heavy) / (1 + 9 * heavy)

    return draw


def f1(n: int, prevalence: float, recall: float, false_alarm: float) -> Draw:
    """Draw a rare class that is found with some recall and some false alarms."""
    parts = [prevalence * recall, prevalence * (1 - recall) + (1 - prevalence) * false_alarm]
    truth = parts[1] / (2 * parts[0] + parts[1])

    def draw(rng: Generator) -> tuple[Quantity, float]:
        hits, wrong, _ = (int(k) for k in rng.multinomial(n, [*parts, 1 - sum(parts)]))
        m = max(hits + wrong, 1)
        tally = RatioTally(
            n=n, units=n, a=wrong, b=m, aa=wrong, ab=wrong, bb=m, row_bb=m, grouped=False, kind="f1"
        )  # fmt: skip
        return tally.estimate(), truth

    return draw


def classes(k: int, n: int, error: float, *, function: bool = False) -> Draw:
    """Draw K classes of falling frequency; wrong answers go to any other class."""
    shares = 1 / np.arange(1, k + 1)
    shares = shares / shares.sum()
    chances = np.full((k, k), 0.0)
    for i in range(k):
        chances[i] = shares[i] * error / (k - 1)
        chances[i, i] = shares[i] * (1 - error)
    scorer = Function(call=accuracy_error, name="accuracy", draws=1000) if function else MacroF1()
    truth = error if function else MacroF1().value((chances * 1e9).astype(np.int64), ())

    def draw(rng: Generator) -> tuple[Quantity, float]:
        counts = rng.multinomial(n, chances.ravel()).reshape(k, k)
        cells = {(i, j): int(counts[i, j]) for i in range(k) for j in range(k) if counts[i, j]}
        return ConfusionTally(parts={"": cells}, scorer=scorer).estimate(), truth

    return draw


def accuracy_error(counts: np.ndarray, _labels: tuple[int, ...]) -> float:
    """Return the share of wrong answers."""
    return float(1 - counts.trace() / counts.sum())


def log_loss(n: int) -> Draw:
    """Draw losses of nine rows in ten answered well and one confidently wrong."""
    good, bad = -log(0.97), -log(0.02)

    def draw(rng: Generator) -> tuple[Quantity, float]:
        wrong = int(rng.binomial(n, 0.1))
        return LossTally.of([bad] * wrong + [good] * (n - wrong)).estimate(), 0.1 * bad + 0.9 * good

    return draw


def lognormal(n: int) -> Draw:
    """Draw losses with a heavy tail."""

    def draw(rng: Generator) -> tuple[Quantity, float]:
        values = rng.lognormal(0, 1, n)
        one, two, three = float(values.sum()), float((values**2).sum()), float((values**3).sum())
        tally = LossTally(
            n=n, units=n, a=one, aa=two, aaa=three, ab=one, aab=two, abb=one, bb=n, bbb=n, grouped=False
        )  # fmt: skip
        return tally.estimate(), float(np.exp(0.5))

    return draw


def clusters(groups: int, size: int, icc: float, p: float) -> Draw:
    """Draw users with their own error rate (Beta) and geometric numbers of rows."""
    spread = (1 - icc) / icc

    def draw(rng: Generator) -> tuple[Quantity, float]:
        rows = rng.geometric(1 / size, groups)
        wrong = rng.binomial(rows, rng.beta(p * spread, (1 - p) * spread, groups))
        tally = RatioTally(
            n=int(rows.sum()), units=groups, a=int(wrong.sum()), b=int(rows.sum()), aa=int((wrong**2).sum()),
            ab=int((wrong * rows).sum()), bb=int((rows**2).sum()), row_bb=int(rows.sum()), grouped=True,
        )  # fmt: skip
        return tally.estimate(), p

    return draw


def slices(rule: str, sizes: tuple[int, ...], rates: tuple[float, ...]) -> Draw:
    """Draw the errors of regions."""
    truth = max(rates) if rule == "worst" else sum(rates) / len(rates)

    def draw(rng: Generator) -> tuple[Quantity, float]:
        parts = {
            f"{i}": ErrorTally(wrong=int(rng.binomial(n, p)), n=n)
            for i, (n, p) in enumerate(zip(sizes, rates, strict=True))
        }
        return SliceTally(parts=parts, rule="worst" if rule == "worst" else "mean").estimate(), truth

    return draw


def best_group(groups: int, n: int, p: float) -> Draw:
    """Draw groups of raters who are all as good."""

    def draw(rng: Generator) -> tuple[Quantity, float]:
        rated = {f"{i}": ErrorTally(wrong=int(k), n=n) for i, k in enumerate(rng.binomial(n, p, groups))}
        return RaterGroups(groups=rated, proxy="best").estimate(), p

    return draw


def paired(n: int, discordant: float, gain: float) -> Draw:
    """Draw two models on the same rows."""
    chances = [(discordant - gain) / 2, (discordant + gain) / 2]

    def draw(rng: Generator) -> tuple[Quantity, float]:
        broken, fixed, _ = (int(k) for k in rng.multinomial(n, [*chances, 1 - discordant]))
        return PairedTally(broken=broken, fixed=fixed, n=n).estimate(), -gain

    return draw


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
