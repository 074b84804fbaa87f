"""Simulated measurements with a known truth, one function per metric: each returns a draw of (estimate, truth)."""

from __future__ import annotations

from collections.abc import Callable
from math import log

import numpy as np
from numpy.random import Generator

from mlstrat_plugin.core.estimates.composites import SliceTally, TaskTally
from mlstrat_plugin.core.estimates.confusion import ConfusionTally
from mlstrat_plugin.core.estimates.estimate import Quantity
from mlstrat_plugin.core.estimates.human_level import RaterGroups
from mlstrat_plugin.core.estimates.losses import LossTally
from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.core.estimates.scorers import Function, MacroF1

Draw = Callable[[Generator], tuple[Quantity, float]]


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
            n=n, units=n, a=wrong, b=m, aa=wrong, ab=wrong, bb=m, row_bb=m, grouped=False, kind="f-star"
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
        tally = LossTally.of_sums(n, *(float((values**power).sum()) for power in (1, 2, 3)))
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


def tasks(n: int, rates: tuple[float, ...], together: float) -> Draw:
    """Draw answers to several tasks about the same rows, which a share of hard rows gets wrong all together."""
    count, rest = len(rates), np.array(rates)

    def draw(rng: Generator) -> tuple[Quantity, float]:
        wrong = (rng.random((n, count)) < rest) | (rng.random((n, 1)) < together)
        labelled = rng.random((n, count)) < 0.7
        a, b = (wrong & labelled).astype(float), labelled.astype(float)
        seen = labelled.any(axis=1)
        tally = TaskTally(
            tasks=tuple(map(str, range(count))), n=int(seen.sum()), units=int(seen.sum()), a=tuple(a.sum(axis=0)),
            b=tuple(b.sum(axis=0)), aa=_rows(a.T @ a), ab=_rows(a.T @ b), bb=_rows(b.T @ b), nn=float(seen.sum()),
            grouped=False,
        )  # fmt: skip
        return tally.estimate(), float((rest + together - rest * together).mean())

    return draw


def _rows(matrix: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in matrix)


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
