"""A decision as a page, as Markdown for a pull request, and as one line for MLflow."""

from __future__ import annotations

from datetime import datetime
from statistics import NormalDist
from typing import TYPE_CHECKING

from mlstrat_plugin.core.gate.sentences import amount
from mlstrat_plugin.core.wording import percent, unit_of
from mlstrat_plugin.report.render import environment, markdown, markdown_table
from mlstrat_plugin.report.view import Row

if TYPE_CHECKING:
    from mlstrat_plugin.core.wording import Unit
    from mlstrat_plugin.records.gate import Challenge, ConditionResult, Decision, Kind, Promotion

ANSWERS = ("condition", "value", "bound", "limit", "answer")
METHODS = ("condition", "rows", "one-sided bounds", "method")
UNKNOWN = "-"
STATUS = {"pass": "ruled-out", "fail": "material", "unclear": "unclear"}  # the colours of the gaps


def standing_line(decision: Decision) -> str:
    """Return the model, its champion, and the looks at the test set with the level at which each is judged."""
    champion = f"champion version {decision.champion}" if decision.champion else f"no {decision.alias} yet"
    return f"Model {decision.model}, {champion}. {looks_line(decision)}"


def looks_line(decision: Decision) -> str:
    """Return how many looks at the test set are used, and at which level each is judged."""
    looks = decision.looks
    if not looks.used:
        return "The looks at the test set could not be counted."
    level = percent(NormalDist().cdf(-looks.z))
    return f"Test-set look {looks.used} of {looks.budget} ({looks.mode}; each look is judged at {level})."


def decision_line(decision: Decision) -> str:
    """Return the decision with its reason, and what it was decided against."""
    return f"Gate: {decision.decision}. {reason_sentence(decision)} {standing_line(decision)}"


def reason_sentence(decision: Decision) -> str:
    """Return the reason as a sentence of its own."""
    return f"{decision.reason[:1].upper()}{decision.reason[1:]}."


def promotion_line(promotion: Promotion) -> str:
    """Return who promoted a version, when, instead of which one, and why."""
    at = datetime.fromisoformat(promotion.at)
    before = (
        f"instead of version {promotion.champion_before}" if promotion.champion_before else f"first {promotion.alias}"
    )
    why = f"Forced: {promotion.forced}" if promotion.forced else f"Gate: {promotion.reason}"
    when = f"{at.day} {at:%b %Y, %H:%M} UTC"
    return f"Promoted to {promotion.alias} by {promotion.by} on {when} ({before}). {why}."


def answer_rows(decision: Decision) -> tuple[Row, ...]:
    """Return one row per condition with the bound that decides, the comparison with the champion last."""
    unit = unit_of(decision.metric, decision.unit)
    rows = tuple(_answer(result, unit) for result in decision.conditions)
    return rows if decision.challenge is None else (*rows, _compared(decision.challenge, unit))


def method_rows(decision: Decision) -> tuple[Row, ...]:
    """Return how each number was made: rows, both one-sided bounds, method."""
    unit, challenge = unit_of(decision.metric, decision.unit), decision.challenge
    rows = tuple(
        Row(one.title, (_count(one.n), _interval(one.low, one.high, one.kind, unit), one.method))
        for one in decision.conditions
    )
    if challenge is None:
        return rows
    bounds = _interval(challenge.low, challenge.high, "gap", unit)
    return (*rows, Row(_goal(challenge), (_count(challenge.n), bounds, challenge.method)))


def notes(decision: Decision) -> tuple[str, ...]:
    """Return what else there is to say about the conditions and the comparison."""
    found = [f"{result.title}: {result.note}" for result in decision.conditions if result.note]
    challenge = decision.challenge
    if challenge is None:
        return tuple(found)
    said = [challenge.note] if challenge.note else []
    if challenge.fixed is not None and challenge.broken is not None:
        said.append(f"{challenge.fixed:,} rows fixed, {challenge.broken:,} broken")
    if challenge.p_value is not None:
        said.append(f"p = {challenge.p_value:.2g} ({challenge.p_method})")
    if challenge.rows_needed is not None:
        said.append(f"about {challenge.rows_needed:,} rows would decide")
    return (*found, *([f"{_goal(challenge)}: {'; '.join(said)}"] if said else []))


def decision_markdown(decision: Decision) -> str:
    """Return a comment for a pull request: the answer first, then the evidence."""
    candidate = decision.candidate
    lines = [f"**Gate: {decision.decision}.** {markdown(reason_sentence(decision))}", ""]
    answers = answer_rows(decision)
    if answers:
        lines += markdown_table(ANSWERS, answers)
    identity = f"Candidate: run {markdown(candidate.run_id)}, test set {candidate.test_id}."
    lines += [f"{markdown(standing_line(decision))} {identity}", ""]
    if answers:
        lines += markdown_table(METHODS, method_rows(decision))
    further = (*notes(decision), *(problem.message for problem in decision.problems[1:]))
    lines += [f"- {markdown(text)}" for text in further]
    return "\n".join(lines).rstrip() + "\n"


def decision_html(decision: Decision) -> str:
    """Return a self-contained page: no script, nothing fetched, light and dark."""
    template = environment().get_template("gate.html")
    return template.render(
        decision=decision,
        reason=reason_sentence(decision),
        standing=standing_line(decision),
        answer_head=ANSWERS,
        answers=answer_rows(decision),
        method_head=METHODS,
        methods=method_rows(decision),
        notes=notes(decision),
    )


def _answer(result: ConditionResult, unit: Unit) -> Row:
    limit = _bare(result.limit, result.kind, unit)
    value, bound = UNKNOWN, UNKNOWN
    if result.value is not None and result.low is not None and result.high is not None:
        value = _short(amount(result.value, result.kind, unit))
        low, high = (_bare(one, result.kind, unit) for one in (result.low, result.high))
        bound = "exact" if result.low == result.high else f">= {low}" if result.answer == "fail" else f"<= {high}"
    return Row(result.title, (value, bound, limit, _said(result)), STATUS[result.answer])


def _compared(challenge: Challenge, unit: Unit) -> Row:
    limit = f"< {_bare(challenge.limit, 'gap', unit) if challenge.limit else 0}"
    value, bound = UNKNOWN, UNKNOWN
    if challenge.change is not None and challenge.low is not None and challenge.high is not None:
        value = _short(amount(challenge.change, "gap", unit))
        low, high = (_bare(one, "gap", unit) for one in (challenge.low, challenge.high))
        bound = f">= {low}" if challenge.answer == "fail" else f"<= {high}"
    return Row(_goal(challenge), (value, bound, limit, _said(challenge)), STATUS[challenge.answer])


def _goal(challenge: Challenge) -> str:
    goal = "better than champion" if challenge.goal == "superior" else "not worse than champion"
    return goal if challenge.split == "test" else f"{goal} on {challenge.split}"


def _said(result: ConditionResult | Challenge) -> str:
    """Return the answer, with the code of what was not clear."""
    return f"{result.answer} ({result.code})" if result.answer == "unclear" else result.answer


def _short(text: str) -> str:
    return text.replace(" points", " pt")


def _bare(value: float, kind: Kind, unit: Unit) -> str:
    """Return a bound or a limit, whose unit stands with the value: only rates repeat it."""
    if kind == "gap":
        return unit.gap(value)
    return f"{value:.3g}" if kind == "size" else amount(value, kind, unit)


def _interval(low: float | None, high: float | None, kind: Kind, unit: Unit) -> str:
    if low is None or high is None:
        return UNKNOWN
    return f"[{_bare(low, kind, unit)}, {_bare(high, kind, unit)}]"


def _count(n: int | None) -> str:
    return UNKNOWN if n is None else f"{n:,}"
