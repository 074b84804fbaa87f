"""Whether a model may be promoted: bounds against limits, a paired comparison, a budget of looks at the test set."""

from __future__ import annotations

from dataclasses import replace
from math import comb, isfinite, log, pi, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.intervals import z_value
from mlstrat_plugin.core.estimates.power import paired_rows
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.gate import HIDDEN, Answer, Challenge, ConditionResult, Looks, Outcome
from mlstrat_plugin.records.words import Split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlstrat_plugin.core.estimates.estimate import Quantity
    from mlstrat_plugin.core.estimates.paired import PairedTally
    from mlstrat_plugin.params.gate import Optimize

POWER = 0.8
MCNEMARS = "bonett-price"  # the method of rows that are paired and independent
LARGEST_Z, Z_STEP = 8.0, 1e-6  # p = 6e-16: smaller ones say no more


def look_quantile(*, budget: int, promotions: int, confidence: float, sealed: bool) -> tuple[float, float]:
    """Return the chance of error and the normal quantile at which one look at a test set is judged.

    Parameters
    ----------
    budget, promotions : int
        Models that may be judged on the test set, and comparisons that may be won on it; both from 1 on.
    confidence : float
        That no worse model is promoted over the whole budget, 0.5..1.
    sealed : bool
        Whether a look gives away one bit and no score.

    Notes
    -----
    Sealed: before a look the answers so far can be written in ``N = sum over t <= K, i < P of C(t-1, i)`` ways; each is
    judged at alpha / N (Bonferroni over all models that could ever be chosen; for one promotion alpha / K).
    Open: whoever sees scores can aim at the test set; the quantile ``z(alpha) + sqrt((K-1) / pi)`` holds the known
    attacks (majority vote, hill climbing) below alpha by simulation, which is no proof.
    Sources: Dwork et al., Science 349 (2015), 636-638, doi:10.1126/science.aaa9375; Renggli et al., ease.ml/ci,
    SysML 2019.

    Examples
    --------
    >>> [round(x, 4) for x in look_quantile(budget=20, promotions=1, confidence=0.95, sealed=True)]
    [0.0025, 2.807]
    >>> round(look_quantile(budget=20, promotions=1, confidence=0.95, sealed=False)[1], 2)
    4.1
    """
    ways = sum(comb(t - 1, i) for t in range(1, budget + 1) for i in range(min(promotions, t)))
    alpha = (1 - confidence) / ways
    if sealed:
        return alpha, z_value(alpha)
    return alpha, max(z_value(alpha), z_value(1 - confidence) + sqrt((budget - 1) / pi))


def judge(
    measure: str, limit: float, amount: Quantity | None, z: float, *, n: int | None, method: str, note: str = ""
) -> ConditionResult:
    """Judge a measure by its one-sided bounds: it passes only where its upper bound keeps the limit.

    Parameters
    ----------
    measure : str
        Its name, for people.
    limit : float
        The highest value that passes.
    amount : Quantity, optional
        What was measured; nothing, like a bound that is NaN or infinite, is unclear.
    z : float
        Normal quantile of the bounds.
    n : int, optional
        Rows behind it.
    method : str
        How the bounds are made.
    note : str
        What the reader has to know, such as why nothing could be measured.
    """
    low, high = amount.bounds(z) if amount is not None else (float("nan"), float("nan"))
    known = amount is not None and isfinite(amount.value) and isfinite(low) and isfinite(high)
    answer: Answer = "unclear" if not known else "pass" if high <= limit else "fail" if low > limit else "unclear"
    return ConditionResult(
        measure=measure,
        limit=f"<= {limit:g}",
        value=amount.value if known and amount is not None else None,
        low=low if known else None,
        high=high if known else None,
        n=n,
        method=method,
        answer=answer,
        note=note if known or note else "could not be measured",
    )


def fewest_rows(quantile: float, alpha: float) -> int:
    """Return the rows below which no sample can show that a quantile keeps its limit.

    >>> fewest_rows(0.95, 0.05)
    59
    """
    rows = int(log(alpha) / log(quantile))
    return rows if quantile**rows <= alpha else rows + 1


def upper_rank(quantile: float, n: int, alpha: float) -> int:
    """Return the rank, from 1 for the smallest of n values, whose value bounds the quantile from above.

    Notes
    -----
    The smallest r with P(Bin(n, quantile) <= r - 1) >= 1 - alpha; beyond n there is none. Source: David & Nagaraja,
    Order Statistics, 3rd ed. (2003), section 7.1.

    Examples
    --------
    >>> upper_rank(0.95, 1000, 0.05)
    962
    """
    from scipy.stats import binom

    return int(binom.ppf(1 - alpha, n, quantile)) + 1


def challenge_of(
    change: Quantity, optimize: Optimize, z: float, *, paired: PairedTally | None, alpha: float, n: int, method: str
) -> Challenge:
    """Judge challenger minus champion: superior below -margin, non-inferior below +margin, by the upper bound.

    Parameters
    ----------
    change : Quantity
        Error of the challenger minus error of the champion.
    optimize : Optimize
        Split, goal and margin.
    z, alpha : float
        Quantile of the bounds, and the chance of error that it stands for.
    paired : PairedTally, optional
        The rows that one of the two answered wrongly, where both answered the same rows.
    n : int
        Rows behind it.
    method : str
        How the bounds are made.
    """
    low, high = change.bounds(z)
    p, p_method = _p_value(change, paired, method)
    limit = optimize.margin if optimize.goal == "non-inferior" else -optimize.margin
    known = isfinite(low) and isfinite(high)
    answer: Answer = "unclear" if not known else "pass" if high < limit else "fail" if low > limit else "unclear"
    return Challenge(
        split=optimize.split,
        goal=optimize.goal,
        margin=optimize.margin,
        change=change.value if known else None,
        low=low if known else None,
        high=high if known else None,
        n=n,
        fixed=paired.fixed if paired else None,
        broken=paired.broken if paired else None,
        p_value=p,
        p_method=p_method,
        rows_needed=_rows_needed(change.value, limit, paired, alpha) if answer == "unclear" and known else None,
        method=method,
        answer=answer,
    )


def _p_value(change: Quantity, paired: PairedTally | None, method: str) -> tuple[float, str]:
    """Return how surprising so good a challenger is if both were equal: McNemar's, or the tail of the bounds at 0."""
    if paired is not None and method == MCNEMARS:
        return paired.mid_p(), "mcnemar mid-p, one-sided"
    low, high = 0.0, LARGEST_Z
    while high - low > Z_STEP:
        middle = (low + high) / 2
        low, high = (middle, high) if change.bounds(middle)[1] < 0 else (low, middle)
    return (NormalDist().cdf(-low) if change.value < 0 else 0.5), f"one-sided, {method}"


def unmeasured(optimize: Optimize, why: str) -> Challenge:
    """Return a comparison that could not be made: it is unclear, which never promotes."""
    empty: dict[str, None] = dict.fromkeys(("change", "low", "high", "n", "fixed", "broken", "p_value", "rows_needed"))
    goal = {"p_method": "none", "split": optimize.split, "goal": optimize.goal, "margin": optimize.margin}
    return Challenge(**goal, **empty, method="none", answer="unclear", note=why)  # type: ignore[arg-type]


def _rows_needed(change: float, limit: float, paired: PairedTally | None, alpha: float) -> int | None:
    """Return the rows that would decide if the change is what it seems to be; nothing where more would not help."""
    gain = limit - change
    if paired is None or gain <= 0:
        return None
    discordant = max((paired.fixed + paired.broken + 2) / (paired.n + 2), gain)
    try:
        return paired_rows(gain, discordant, power=POWER, tail=alpha)
    except EstimateError:
        return None


def outcome(
    conditions: Sequence[ConditionResult], challenge: Challenge | None, looks: Looks, problems: Sequence[str]
) -> tuple[Outcome, str]:
    """Return the decision and its reason in one sentence; whatever is not a pass does not promote.

    Parameters
    ----------
    conditions : sequence of ConditionResult
        Every limit of the policy.
    challenge : Challenge, optional
        The comparison with the champion; nothing where the policy asks for none or there is no champion.
    looks : Looks
        What is left of the test set.
    problems : sequence of str
        What speaks against any promotion, whatever the numbers are.
    """
    barred = [*problems, *spent(looks, challenge)]
    if barred:
        return "refuse", barred[0]
    answers = [(result.answer, _sentence(result)) for result in conditions]
    if challenge is not None:
        answers.append((challenge.answer, _compared(challenge)))
    if not answers:
        return "refuse", "nothing was asked of this model"
    for answer, decision in (("fail", "refuse"), ("unclear", "unclear")):
        found = [text for given, text in answers if given == answer]
        if found:
            return decision, "; ".join(found)  # type: ignore[return-value]  # one of the two words above
    return "promote", "; ".join(text for _, text in answers)


def spent(looks: Looks, challenge: Challenge | None) -> list[str]:
    """Return why the test set may not judge this model, or nothing; where nothing is compared, nothing can be won."""
    if looks.used > looks.budget:
        return [f"the {looks.budget} looks at this test set are spent; refresh the test set"]
    if challenge is not None and looks.won >= looks.promotions:
        return [f"this test set has promoted {looks.won} already, and is spent; refresh the test set"]
    return []


def _sentence(result: ConditionResult) -> str:
    if result.value is None or result.low is None or result.high is None:
        return f"{result.measure} {result.limit}: {result.answer}, {result.note}"
    bounds = f"{result.value:.4g} [{result.low:.4g}, {result.high:.4g}]"
    return f"{result.measure} {bounds} {result.limit}: {result.answer}{f', {result.note}' if result.note else ''}"


def _compared(challenge: Challenge) -> str:
    if challenge.change is None or challenge.low is None or challenge.high is None:
        return f"against the champion on {challenge.split}: {challenge.answer}, {challenge.note}"
    bounds = f"{challenge.change:+.4g} [{challenge.low:+.4g}, {challenge.high:+.4g}]"
    need = f", needs about {challenge.rows_needed:,} rows" if challenge.rows_needed else ""
    return f"{challenge.goal} on {challenge.split}: challenger minus champion {bounds}: {challenge.answer}{need}"


def of_test(measure: str) -> bool:
    """Return whether a measure is made of the test set, so that a look at it is a look at the test set.

    >>> [of_test(name) for name in ("error/test", "error/test[night]", "gap/dev-overfit", "error/dev")]
    [True, True, True, False]
    """
    return measure.startswith("error/test") or measure == "gap/dev-overfit"


def sealed_condition(result: ConditionResult) -> ConditionResult:
    """Return a condition without what it says about a test set that stays sealed."""
    if not of_test(result.measure):
        return result
    return replace(result, value=None, low=None, high=None, answer="unclear", note=HIDDEN)


def sealed_challenge(challenge: Challenge | None) -> Challenge | None:
    """Return a comparison without what it says about a test set that stays sealed."""
    if challenge is None or challenge.split != Split.TEST.value:
        return challenge
    empty: dict[str, None] = dict.fromkeys(("change", "low", "high", "fixed", "broken", "p_value", "rows_needed"))
    return replace(challenge, **empty, answer="unclear", note=HIDDEN)  # type: ignore[arg-type]
