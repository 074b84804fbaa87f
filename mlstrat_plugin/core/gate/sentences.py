"""The gate's results in words: their numbers in the unit of the metric, and one sentence for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.wording import RATE

if TYPE_CHECKING:
    from mlstrat_plugin.core.wording import Unit
    from mlstrat_plugin.records.gate import Challenge, ConditionResult, Kind


def amount(value: float, kind: Kind, unit: Unit) -> str:
    """Return a number of a condition; errors and gaps are in the unit of the metric.

    >>> amount(0.0312, "latency", RATE), amount(0.93, "size", RATE), amount(0.012, "gap", RATE)
    ('3.12%', '0.93 MB', '1.2 points')
    """
    if kind == "size":
        return f"{value:.3g} MB"
    if kind == "latency":
        return RATE.error(value)
    return unit.amount(value) if kind == "gap" else unit.error(value)


def condition_sentence(result: ConditionResult, unit: Unit) -> str:
    """Return the answer with the bound that it rests on."""
    if result.value is None or result.low is None or result.high is None:
        return f"{result.title} could not be checked: {result.note}"
    value, low, high, limit = (
        amount(number, result.kind, unit) for number in (result.value, result.low, result.high, result.limit)
    )
    exact = result.low == result.high
    if result.answer == "pass":
        return f"{result.title} is {value}{'' if exact else f', at most {high}'} (limit {limit})"
    if result.answer == "fail":
        return f"{result.title} is {value}{'' if exact else f', at least {low}'}, above the limit of {limit}"
    return f"{result.title} is {value}, but its bounds {low} and {high} are on both sides of the limit of {limit}"


def challenge_sentence(challenge: Challenge, unit: Unit) -> str:
    """Return how the challenger compares with the champion, what that proves, and what would decide."""
    if challenge.change is None or challenge.low is None or challenge.high is None:
        return f"the challenger could not be compared with the champion on {challenge.split}: {challenge.note}"
    lower = challenge.change <= 0
    bounds = (-challenge.high, -challenge.low) if lower else (challenge.low, challenge.high)
    decide = f". About {challenge.rows_needed:,} {challenge.split} rows would decide" if challenge.rows_needed else ""
    return (
        f"the challenger's {challenge.split} error is {unit.amount(abs(challenge.change))} "
        f"{'lower' if lower else 'higher'} {unit.interval(*bounds)} than the champion's, which is "
        f"{_proven(challenge, unit.amount(challenge.margin))}{decide}"
    )


def _proven(challenge: Challenge, margin: str) -> str:
    """Return what the bounds prove about the goal."""
    if challenge.goal == "non-inferior":
        words = {"pass": "proven less than {} worse", "fail": "proven more than {} worse"}
        return words.get(challenge.answer, "not proven less than {} worse").format(margin)
    if not challenge.margin:
        return {"pass": "proven better", "fail": "proven worse"}.get(challenge.answer, "not proven better")
    words = {"pass": "proven better by more than {}", "fail": "proven not better by {}"}
    return words.get(challenge.answer, "not proven better by more than {}").format(margin)
