"""Simulated rows that come in groups, copies, or raters' tables, with a known truth: see ``bench.draws``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.draws import accuracy_error
from mlstrat_plugin.core.estimates.confusion import ConfusionTally
from mlstrat_plugin.core.estimates.finite import FiniteTally
from mlstrat_plugin.core.estimates.losses import POWERS, LossTally
from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.core.estimates.rated import RatedTally
from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.core.estimates.scorers import BalancedError, Function, MacroF1

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from bench.draws import Draw
    from mlstrat_plugin.core.estimates.estimate import Quantity
    from mlstrat_plugin.core.estimates.scorers import Scorer

SIZES: dict[str, list[int]] = {
    "50 equal, 20 rows": [20] * 50,
    "200 equal, 20 rows": [20] * 200,
    "100 by Zipf": [max(1, round(1_000 / (i + 1))) for i in range(100)],
    "1 of 200, 100 of 10 rows": [200] + [10] * 100,
    "1 of 500, 100 of 5 rows": [500] + [5] * 100,
    "5 of 100, 200 of 5 rows": [100] * 5 + [5] * 200,
}
SHARES = (0.6, 0.3, 0.1)  # of three classes


def beta(rng: Generator, p: float, icc: float, size: int | tuple[int, ...]) -> NDArray[np.float64]:
    """Return rates of groups around p, with this correlation of rows of one group."""
    k = (1 - icc) / icc
    return rng.beta(p * k, (1 - p) * k, size)


def rates(sizes: list[int], icc: float, p: float, *, naive: bool = False) -> Draw:
    """Draw the error rate of groups; ``naive`` takes their rows as independent."""
    rows = np.array(sizes)

    def draw(rng: Generator) -> tuple[Quantity, float]:
        wrong = rng.binomial(rows, beta(rng, p, icc, len(rows)))
        if naive:
            return ErrorTally(wrong=int(wrong.sum()), n=int(rows.sum())).estimate(), p
        return ratio(wrong, rows).estimate(), p

    return draw


def ratio(wrong: NDArray[np.int64], rows: NDArray[np.int64]) -> RatioTally:
    """Return the tally of groups."""
    return RatioTally(
        n=int(rows.sum()), units=len(rows), a=float(wrong.sum()), b=float(rows.sum()), aa=float((wrong**2).sum()),
        ab=float((wrong * rows).sum()), bb=float((rows**2).sum()), row_bb=float(rows.sum()), grouped=True,
    )  # fmt: skip


def copies(rows: int, texts: int, p: float, *, naive: bool = False) -> Draw:
    """Draw rows that are copies of few texts, each of which is answered alike in all its rows."""
    shares = 1 / np.arange(1, texts + 1) ** 0.7

    def draw(rng: Generator) -> tuple[Quantity, float]:
        times = rng.multinomial(rows, shares / shares.sum())
        times = times[times > 0]
        wrong = times * (rng.random(len(times)) < p)
        if naive:
            return ErrorTally(wrong=int(wrong.sum()), n=rows).estimate(), p
        return ratio(wrong, times).estimate(), p

    return draw


def losses(sizes: list[int]) -> Draw:
    """Draw lognormal losses whose groups differ."""
    rows = np.array(sizes)

    def draw(rng: Generator) -> tuple[Quantity, float]:
        a = np.array(
            [rng.lognormal(centre, 1, n).sum() for centre, n in zip(rng.normal(0, 0.5, len(rows)), rows, strict=True)]
        )
        b = rows.astype(float)
        sums = {name: float((a ** name.count("a") * b ** name.count("b")).sum()) for name in POWERS}
        tally = LossTally(n=int(rows.sum()), units=len(rows), grouped=True, largest=float(b.max()), **sums)
        return tally.estimate(), float(np.exp(0.125 + 0.5))

    return draw


def raters(rows: int, people: int, k_rows: float, k_people: float, p: float) -> Draw:
    """Draw a table of raters in which rows and people differ."""

    def draw(rng: Generator) -> tuple[Quantity, float]:
        hard = rng.beta(p * k_rows, (1 - p) * k_rows, (rows, 1))
        careless = rng.beta(p * k_people, (1 - p) * k_people, (1, people))
        wrong = (rng.random((rows, people)) < np.clip(hard * careless / p, 0, 1)).astype(float)
        r, i = wrong.sum(axis=0), wrong.sum(axis=1)
        tally = RatedTally(
            n=wrong.size, a=float(wrong.sum()), aa=float(wrong.sum()), raters=people, rows=rows,
            rater_aa=float((r * r).sum()), rater_ab=float(r.sum() * rows), rater_bb=float(people * rows**2),
            row_aa=float((i * i).sum()), row_ab=float(i.sum() * people), row_bb=float(rows * people**2),
        )  # fmt: skip
        return tally.estimate(), p

    return draw


def matrices(scorer: Scorer, groups: int, size: int, icc: float, p: float) -> Draw:
    """Draw groups with rows of three classes; a wrong answer is the next class."""
    k = len(SHARES)
    chances = np.diag(np.array(SHARES) * (1 - p)) + np.roll(np.diag(np.array(SHARES) * p), 1, axis=1)
    truth = scorer.value(np.round(chances * 1e9).astype(np.int64), tuple(range(k)))

    def draw(rng: Generator) -> tuple[Quantity, float]:
        parts: dict[str, dict[tuple[Any, Any], int]] = {}
        for group, rate in enumerate(beta(rng, p, icc, groups)):
            rows = rng.multinomial(size, SHARES)
            wrong = rng.binomial(rows, rate)
            cells = {(c, c): int(n - w) for c, (n, w) in enumerate(zip(rows, wrong, strict=True)) if n > w}
            parts[f"{group:02x}"] = cells | {(c, (c + 1) % k): int(w) for c, w in enumerate(wrong) if w}
        return ConfusionTally(parts=parts, scorer=scorer).estimate(), truth

    return draw


def rare_class(scorer: Scorer, n: int, share: float, miss: float, false: float) -> Draw:
    """Draw independent rows, few of them of the second class."""
    chances = np.array([[(1 - share) * (1 - false), (1 - share) * false], [share * miss, share * (1 - miss)]])
    truth = scorer.value(np.round(chances * 1e9).astype(np.int64), (0, 1))

    def draw(rng: Generator) -> tuple[Quantity, float]:
        counts = rng.multinomial(n, chances.ravel()).reshape(2, 2)
        cells = {(i, j): int(counts[i, j]) for i in range(2) for j in range(2) if counts[i, j]}
        return ConfusionTally(parts={"": cells}, scorer=scorer).estimate(), truth

    return draw


def scorers(draws: int = 400) -> dict[str, Scorer]:
    """Return metrics of the confusion matrix by name."""
    accuracy = Function(call=accuracy_error, name="accuracy", draws=draws)
    return {"macro_f1": MacroF1(), "balanced_error": BalancedError(), "dotted": accuracy}


def sample_of_train(n: int, population: int, wrong: int) -> Draw:
    """Draw some of the training rows; the truth is the error of all of them."""

    def draw(rng: Generator) -> tuple[Quantity, float]:
        k = int(rng.hypergeometric(wrong, population - wrong, n))
        return FiniteTally(part=ErrorTally(wrong=k, n=n), population=population).estimate(), wrong / population

    return draw


def worse_by_the_margin(groups: int, size: int, icc: float, margin: float, rng: Generator) -> PairedTally:
    """Return a challenger that only breaks rows, and is worse by exactly the margin."""
    broken = rng.binomial(size, beta(rng, margin, icc, groups))
    d = broken.astype(int)
    return PairedTally(
        broken=int(d.sum()), fixed=0, n=groups * size, groups=groups, dd=int((d * d).sum()), dn=int(d.sum() * size),
        nn=groups * size**2,
    )  # fmt: skip
