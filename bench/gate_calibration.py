"""How often the gate promotes a model that is no better, over a budget of looks; and how often it sees a better one.

Run with ``make bench``, or ``python -m bench.gate_calibration [budgets] [seed]``. Every line is checked against what is
promised; a broken promise ends the run with exit code 1.
"""

from __future__ import annotations

import sys
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binom

from bench.grouped_draws import worse_by_the_margin
from mlstrat_plugin.core.estimates.intervals import z_value
from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.core.gate.looks import look_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUDGET, CONFIDENCE = 20, 0.95
DISCORDANT = (0.01, 0.06, 0.2)  # share of rows on which one of two equal models is wrong
ROWS = (500, 2_000, 20_000)
PROMISED = 0.055
HARD = 0.2  # share of rows at which every model guesses, as an attacker likes it
GAINS = (0.01, 0.02, 0.04)
MARGINS = ((500, 0.02), (1_000, 0.01), (2_500, 0.005), (10_000, 0.002), (10_000, 0.01))
GROUPED_MARGINS = ((50, 20, 0.3, 0.01), (100, 20, 0.3, 0.01), (100, 50, 0.1, 0.02), (50, 20, 0.3, 0.05))
TAILS = {0.0025: 0.0025, 0.05: 0.05}  # one-sided, and what may pass where rows are independent
RULES = ("point", "5 % each", "sealed", "open")


def main(budgets: int = 10_000, seed: int = 20_260_101) -> int:
    """Print the tables; return 1 where a promise is broken."""
    rng = np.random.default_rng(seed)
    broken = _equal_challengers(rng, budgets) + _attacks(rng, max(200, budgets // 20))
    broken += _worse_by_the_margin() + _grouped_margin(rng, max(2_000, budgets))
    _power(rng, max(200, budgets // 10))
    print(f"{broken} promises broken")
    return int(broken > 0)


def quantile(rule: str, budget: int = BUDGET) -> float:
    """Return the normal quantile of a rule; 'point' needs none."""
    if rule == "5 % each":
        return look_quantile(budget=1, promotions=1, confidence=CONFIDENCE, sealed=True)[1]
    return look_quantile(budget=budget, promotions=1, confidence=CONFIDENCE, sealed=rule == "sealed")[1]


def promotes(broken: int, fixed: int, n: int, rule: str, budget: int = BUDGET) -> bool:
    """Return whether a rule promotes a challenger."""
    if rule == "point":
        return fixed > broken
    return PairedTally(broken=broken, fixed=fixed, n=n).estimate().bounds(quantile(rule, budget))[1] < 0


def _equal_challengers(rng: np.random.Generator, budgets: int) -> int:
    print(f"\nP(at least one promotion) of {BUDGET} challengers that equal the champion, {budgets:,} budgets")
    print(f"{'rows':>8} {'discordant':>10} " + " ".join(f"{rule:>9}" for rule in RULES))
    failures = 0
    for n in ROWS:
        for share in DISCORDANT:
            counts = rng.multinomial(n, [share / 2, share / 2, 1 - share], size=(budgets, BUDGET))
            found = {rule: _any_promoted(counts, n, rule) for rule in RULES}
            failures += sum(found[rule] > PROMISED for rule in ("sealed", "open"))
            print(f"{n:8,} {share:10.2f} " + " ".join(f"{100 * found[rule]:8.2f}%" for rule in RULES))
    return failures


def _any_promoted(counts: NDArray[np.int64], n: int, rule: str) -> float:
    """Return the share of budgets with a promotion; each pair of counts is judged once, as few are different."""
    pairs = counts[..., :2].reshape(-1, 2)
    different, places = np.unique(pairs, axis=0, return_inverse=True)
    answers = np.array([promotes(int(b), int(f), n, rule) for b, f in different])
    return float(answers[places.reshape(-1)].reshape(counts.shape[:2]).any(axis=1).mean())


def _attacks(rng: np.random.Generator, rounds: int) -> int:
    """Let somebody who sees scores vote among guesses: each is at chance on the hard rows, and so is the vote."""
    print(f"\nP(promotion) of a vote among {BUDGET - 1} guesses whose scores were shown, {rounds:,} attacks")
    print(f"{'rows':>8} " + " ".join(f"{rule:>9}" for rule in RULES[2:]) + "   (sealed: had its scores leaked)")
    failures = 0
    for n in ROWS:
        hard = int(HARD * n)
        passed = dict.fromkeys(RULES[2:], 0)
        for _ in range(rounds):
            right = rng.integers(0, 2, size=(BUDGET, hard), dtype=np.int8)  # the last is the champion
            scores = right[:-1].mean(axis=1)
            weights = np.where(scores >= 0.5, 1, -1)
            votes = (weights[:, None] * (2 * right[:-1] - 1)).sum(axis=0)
            winner = np.where(votes == 0, rng.integers(0, 2, size=hard), votes > 0)
            fixed, broken = int((winner > right[-1]).sum()), int((winner < right[-1]).sum())
            for rule in passed:
                passed[rule] += promotes(broken, fixed, n, rule)
        found = {rule: passed[rule] / rounds for rule in passed}
        failures += found["open"] > PROMISED
        print(f"{n:8,} " + " ".join(f"{100 * found[rule]:8.2f}%" for rule in passed))
    return failures


def margin_size(n: int, margin: float, tail: float) -> float:
    """Return the exact chance that a challenger passes which only breaks rows and is worse by exactly the margin."""
    most = round(5 * n * margin) + 10
    chances = binom.pmf(np.arange(most), n, margin)
    passes = [PairedTally(broken=k, fixed=0, n=n).margin().bounds(z_value(tail))[1] < margin for k in range(most)]
    return float(chances[np.array(passes)].sum())


def _worse_by_the_margin() -> int:
    """Count every possible outcome of a challenger that is worse by exactly the margin."""
    print("\nP(non-inferior) of a challenger that only breaks rows and is worse by exactly the margin; exact")
    print(f"{'rows':>8} {'margin':>7} " + " ".join(f"{tail:>8.2%}" for tail in TAILS))
    failures = 0
    for n, margin in MARGINS:
        found = [margin_size(n, margin, tail) for tail in TAILS]
        failures += sum(size > most for size, most in zip(found, TAILS.values(), strict=True))
        print(f"{n:8,} {margin:7.1%} " + " ".join(f"{size:8.2%}" for size in found))
    return failures


def grouped_margin_size(setting: tuple[int, int, float, float], rng: np.random.Generator, rounds: int) -> list[float]:
    """Return how often such a challenger passes where rows come in groups, for each tail."""
    groups, size, icc, margin = setting
    passed = dict.fromkeys(TAILS, 0)
    for _ in range(rounds):
        bounds = worse_by_the_margin(groups, size, icc, margin, rng).margin().bounds
        for tail in TAILS:
            passed[tail] += bounds(z_value(tail))[1] < margin
    return [times / rounds for times in passed.values()]


def _grouped_margin(rng: np.random.Generator, rounds: int) -> int:
    print(f"\nThe same where rows come in groups, {rounds:,} rounds")
    print(f"{'groups x rows':>14} {'icc':>4} {'margin':>7} " + " ".join(f"{tail:>8.2%}" for tail in TAILS))
    failures = 0
    for setting in GROUPED_MARGINS:
        found = grouped_margin_size(setting, rng, rounds)
        failures += sum(size > most + 2 * sqrt(most / rounds) for size, most in zip(found, (0.0035, 0.08), strict=True))
        groups, size, icc, margin = setting
        print(f"{f'{groups} x {size}':>14} {icc:4.1f} {margin:7.1%} " + " ".join(f"{one:8.2%}" for one in found))
    return failures


def _power(rng: np.random.Generator, rounds: int) -> None:
    gained = f"discordance {DISCORDANT[1]:.0%} plus the gain"
    print(f"\nP(promotion) of a better challenger in one look, {gained}, {rounds:,} rounds")
    print(f"{'rows':>8} {'gain':>6} " + " ".join(f"{rule:>9}" for rule in RULES))
    for n in ROWS:
        for gain in GAINS:
            worse, better = DISCORDANT[1] / 2, DISCORDANT[1] / 2 + gain
            counts = rng.multinomial(n, [worse, better, 1 - worse - better], size=(rounds, 1))
            found = [100 * _any_promoted(counts, n, rule) for rule in RULES]
            print(f"{n:8,} {gain:6.2f} " + " ".join(f"{share:8.1f}%" for share in found))


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:3])))
