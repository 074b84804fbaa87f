"""The budget of looks at a test set: how strictly one look is judged, and when the set is used up."""

from __future__ import annotations

from math import comb, pi, sqrt
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.intervals import z_value
from mlstrat_plugin.records.gate import Problem

if TYPE_CHECKING:
    from mlstrat_plugin.records.gate import Challenge, Looks


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
    attacks (majority vote, hill climbing) below alpha by simulation, which is not a proof.
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


def spent(looks: Looks, challenge: Challenge | None) -> tuple[Problem, ...]:
    """Return why the test set may not judge this model; without a comparison, none can be won."""
    if looks.used > looks.budget:
        message = f"the look budget of this test set ({looks.budget}) is spent; refresh the test set"
        return (Problem(code="looks_spent", message=message),)
    if challenge is not None and looks.won >= looks.promotions:
        message = f"this test set is spent: comparisons won on it so far, {looks.won}; refresh the test set"
        return (Problem(code="promotions_spent", message=message),)
    return ()
