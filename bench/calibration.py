"""Check by simulation that intervals cover and verdicts are wrong as rarely as the documentation says.

Run with ``make bench``. Seeds are fixed, so every run prints the same table; the test suite runs a reduced form.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench import grouped_draws as grouped
from bench.claims import Claim
from bench.coverage_page import page_of
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


# Rows, raters, and how alike rows and raters are (the larger k, the more).
RATERS = (
    (200, 50, 2, 200),
    (500, 20, 2, 200),
    (1_000, 10, 2, 200),
    (500, 5, 2, 200),
    (200, 10, 2, 20),
    (2_000, 5, 2, 20),
    (50, 8, 2, 30),
)


def clustered(replicates: int) -> Iterator[Claim]:
    """Yield the coverage of intervals of rows that are not independent, and of classes that are rare."""
    some = max(replicates // 10, 100)
    for what, sizes in grouped.SIZES.items():
        giant = "1 of" in what or "Zipf" in what or "5 of" in what
        for p in (0.1, 0.02, 0.005):
            icc = 0.1 if giant else 0.3
            bar = 0.88 if giant else 0.91 if p < 0.01 else 0.92
            setting = f"{what}, {100 * p:g} % wrong, icc {icc:g}"
            yield coverage("error_rate, groups", setting, grouped.rates(sizes, icc, p), bar, replicates)
        yield coverage("mean_loss, groups", f"{what}, lognormal", grouped.losses(sizes), 0.91, some)
    for rows, texts in ((973, 180), (2_000, 440), (2_000, 1_500)):
        setting = f"{rows:,} rows of {texts:,} texts"
        held = coverage("copies", setting, grouped.copies(rows, texts, 0.1), 0.88, replicates)
        as_rows = coverage("copies", setting, grouped.copies(rows, texts, 0.1, naive=True), 0.88, replicates)
        yield replace(held, beside=f"(counted as rows: {100 * as_rows.observed:.1f} %)")
    for n, people, k_rows, k_people in RATERS:
        setting = f"{n:,} rows x {people} raters, k {k_rows} and {k_people}"
        bar = 0.9 if people == 5 and k_people == 20 else 0.91
        yield coverage("human, raters", setting, grouped.raters(n, people, k_rows, k_people, 0.05), bar, some)
    for name, scorer in grouped.scorers().items():
        few = max(some // (4 if name == "dotted" else 1), 50)
        for groups, size, icc, p in ((50, 20, 0.3, 0.01), (100, 10, 0.1, 0.1)):
            setting = f"{groups} of {size} rows, {100 * p:g} % wrong, icc {icc:g}"
            yield coverage(f"{name}, groups", setting, grouped.matrices(scorer, groups, size, icc, p), 0.91, few)
        for n, share in ((1_000, 0.01), (2_000, 0.02), (1_000, 0.1)):
            bar = 0.91 if name != "balanced_error" or share > 0.05 else 0.8
            draw = grouped.rare_class(scorer, n, share, 0.1, 0.005)
            yield coverage(f"{name}, rare class", f"n {n:,}, {100 * share:g} % of the class", draw, bar, few)
    for n in (100, 800):
        setting = f"{n} of 1,000 rows"
        yield coverage("train, a sample", setting, grouped.sample_of_train(n, 1_000, 70), 0.935, replicates)


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


def main(replicates: int = 4_000, page: str = "") -> None:
    """Print the table, and write it as a page if asked; leave with 1 where a promise is broken."""
    claims = []
    for claim in chain(intervals(replicates), clustered(replicates), verdicts(replicates)):
        print(claim, flush=True)
        claims.append(claim)
    if page:
        Path(page).write_text(page_of(claims), encoding="utf-8")
    broken = sum(claim.kept == "BROKEN" for claim in claims)
    print(f"{broken} promises broken")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000, *sys.argv[2:3])
