"""Whether a model may be promoted: only if nothing bars it and every condition and comparison passes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlstrat_plugin.core.gate.challenge import sealed_challenge
from mlstrat_plugin.core.gate.judging import sealed_condition
from mlstrat_plugin.core.gate.sentences import challenge_sentence, condition_sentence
from mlstrat_plugin.records.gate import HIDDEN, Challenge, ConditionResult, Outcome, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlstrat_plugin.core.wording import Unit
    from mlstrat_plugin.params.gate import Gate

STOPPING: tuple[tuple[str, Outcome], ...] = (("fail", "refuse"), ("unclear", "unclear"))  # the worse answer first


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """The answer with its code and its reason in words, and the results that it rests on."""

    decision: Outcome
    code: str
    reason: str
    conditions: tuple[ConditionResult, ...] = ()
    challenge: Challenge | None = None
    problems: tuple[Problem, ...] = ()


def rule(
    conditions: Sequence[ConditionResult], challenge: Challenge | None, problems: Sequence[Problem], unit: Unit
) -> Ruling:
    """Return the decision and its reason; whatever is not a pass does not promote.

    Parameters
    ----------
    conditions : sequence of ConditionResult
        Every limit of the policy.
    challenge : Challenge, optional
        The comparison with the champion; None if the policy asks for none or there is no champion.
    problems : sequence of Problem
        What forbids any promotion, whatever the numbers are.
    unit : Unit
        How errors and gaps are shown.
    """
    if not conditions and challenge is None:
        problems = [*problems, Problem(code="nothing_asked", message="the policy asked nothing of this model")]
    decision, code, reason = _verdict(conditions, challenge, problems, unit)
    return Ruling(
        decision=decision,
        code=code,
        reason=reason,
        conditions=tuple(conditions),
        challenge=challenge,
        problems=tuple(problems),
    )


def _verdict(
    conditions: Sequence[ConditionResult], challenge: Challenge | None, problems: Sequence[Problem], unit: Unit
) -> tuple[Outcome, str, str]:
    if problems:
        return "refuse", problems[0].code, problems[0].message
    answers = [(result, condition_sentence(result, unit)) for result in conditions]
    compared = [] if challenge is None else [(challenge, challenge_sentence(challenge, unit))]
    given: list[tuple[ConditionResult | Challenge, str]] = [*answers, *compared]
    for answer, decision in STOPPING:
        stopping = [(result.code, sentence) for result, sentence in given if result.answer == answer]
        if stopping:
            return decision, stopping[0][0], "; ".join(sentence for _, sentence in stopping)
    return "promote", "", "; ".join(sentence for _, sentence in given)


def under_seal(ruling: Ruling, policy: Gate) -> Ruling:
    """Return a ruling that does not promote, without what it says about a test set that stays sealed."""
    conditions = tuple(
        sealed_condition(result) if asked.of_test else result
        for asked, result in zip(policy.asked, ruling.conditions, strict=True)
    )
    challenge = ruling.challenge
    if challenge is not None and policy.optimize is not None and policy.optimize.of_test:
        challenge = sealed_challenge(challenge)
    hidden = replace(ruling, decision="refuse", conditions=conditions, challenge=challenge)
    if ruling.problems:
        return hidden
    return replace(hidden, code=HIDDEN, reason="the model did not pass; the test set is sealed, so only dev is shown")
