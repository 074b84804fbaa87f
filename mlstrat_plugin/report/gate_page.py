"""A decision as one line, and as Markdown for a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.report.render import environment, markdown, markdown_table
from mlstrat_plugin.report.view import Row

if TYPE_CHECKING:
    from mlstrat_plugin.records.gate import Challenge, ConditionResult, Decision

CONDITIONS = ("condition", "limit", "value", "one-sided bounds", "rows", "answer", "method")
CHALLENGE = ("against the champion", "goal", "change", "one-sided bounds", "rows", "answer", "method")
UNKNOWN = "-"


def decision_line(decision: Decision) -> str:
    """Return the decision, what it was decided against, and the reason."""
    champion = f"version {decision.champion}" if decision.champion else "no champion"
    return f"gate: {decision.decision} (against {champion}; {looks_line(decision)}) - {decision.reason}"


def looks_line(decision: Decision) -> str:
    """Return how many looks at the test set are used and left, and at what each is judged."""
    looks = decision.looks
    return f"look {looks.used} of {looks.budget}, {looks.left} left, test {looks.mode}, z = {looks.z:.2f}"


def condition_rows(decision: Decision) -> tuple[Row, ...]:
    """Return one row per condition."""
    return tuple(_condition(result) for result in decision.conditions)


def challenge_rows(decision: Decision) -> tuple[Row, ...]:
    """Return the comparison with the champion as one row, or none."""
    return () if decision.challenge is None else (_challenge(decision.challenge),)


def decision_markdown(decision: Decision) -> str:
    """Return a comment for a pull request: the answer first, then the evidence."""
    candidate = decision.candidate
    champion = f"version {decision.champion}" if decision.champion else "none"
    lines = [
        f"**Gate: {decision.decision}** - {markdown(decision.reason)}",
        "",
        f"{markdown(decision.model)}@{markdown(decision.alias)}: champion {champion}; candidate run "
        f"{markdown(candidate.run_id)}. Test set {candidate.test_id}: {looks_line(decision)}.",
        "",
    ]
    if decision.challenge is not None:
        lines += markdown_table(CHALLENGE, challenge_rows(decision))
    if decision.conditions:
        lines += markdown_table(CONDITIONS, condition_rows(decision))
    lines += [f"- {markdown(problem)}" for problem in decision.problems]
    return "\n".join(lines).rstrip() + "\n"


def decision_html(decision: Decision) -> str:
    """Return a self-contained page: no script, nothing fetched, light and dark."""
    return (
        environment()
        .get_template("gate.html")
        .render(
            decision=decision,
            looks=looks_line(decision),
            challenge_head=CHALLENGE,
            challenges=challenge_rows(decision),
            condition_head=CONDITIONS,
            conditions=condition_rows(decision),
        )
    )


def _condition(result: ConditionResult) -> Row:
    return Row(
        result.measure,
        (
            result.limit,
            _number(result.value),
            _bounds(result.low, result.high),
            f"{result.n:,}" if result.n is not None else UNKNOWN,
            result.answer,
            f"{result.method}; {result.note}" if result.note else result.method,
        ),
    )


def _challenge(challenge: Challenge) -> Row:
    how = [challenge.method]
    if challenge.fixed is not None and challenge.broken is not None:
        how.append(f"{challenge.fixed:,} fixed, {challenge.broken:,} broken")
    if challenge.p_value is not None:
        how.append(f"p = {challenge.p_value:.2g} ({challenge.p_method})")
    if challenge.rows_needed is not None:
        how.append(f"needs about {challenge.rows_needed:,} rows")
    if challenge.note:
        how.append(challenge.note)
    return Row(
        challenge.split,
        (
            f"{challenge.goal}, margin {challenge.margin:g}",
            _number(challenge.change),
            _bounds(challenge.low, challenge.high),
            f"{challenge.n:,}" if challenge.n is not None else UNKNOWN,
            challenge.answer,
            "; ".join(how),
        ),
    )


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.4g}"


def _bounds(low: float | None, high: float | None) -> str:
    return UNKNOWN if low is None or high is None else f"[{low:.4g}, {high:.4g}]"
