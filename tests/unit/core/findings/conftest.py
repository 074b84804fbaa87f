"""What a check sees, made by hand: a ladder of errors with intervals, and what is said around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest

from mlstrat_plugin.core.findings.check import Check, Sighting
from mlstrat_plugin.core.findings.seen import Seen
from mlstrat_plugin.records.diagnosis import ErrorRecord, GapRecord
from mlstrat_plugin.records.words import GAPS, LADDER, Settings, Status

HALF = 0.003  # half of the width of every gap's interval
TAU = 0.01


def status_of(value: float) -> Status:
    if value - HALF > TAU:
        return "material"
    if value + HALF < -TAU:
        return "negative"
    return "ruled-out" if value + HALF <= TAU else "unclear"


def error(value: float, *, n: int | None = 10_000, groups: float | None = None) -> ErrorRecord:
    wrong = None if n is None else round(value * n)
    return ErrorRecord(value=value, low=value, high=value, n=n, wrong=wrong, method="made", groups=groups)


def seen_of(percents: Mapping[str, float], *, groups: Mapping[str, float] | None = None, **changes: Any) -> Seen:
    """Return what a check sees: errors in percent by rung, a declared human level, and gaps between neighbours."""
    errors = {
        rung: error(percents[rung] / 100, n=None if rung == "human" else 10_000, groups=(groups or {}).get(rung))
        for rung in LADDER
        if rung in percents
    }
    gaps = {}
    for low, high in pairwise(errors):
        value = errors[high].value - errors[low].value
        gaps["+".join(GAPS[LADDER.index(low) : LADDER.index(high)])] = GapRecord(
            value=value,
            low=value - HALF,
            high=value + HALF,
            status=status_of(value),
            method="made",
            between=(low, high),
        )
    material = [name for name, gap in gaps.items() if gap.status == "material"]
    facts: dict[str, Any] = {
        "diagnosis": "ok",
        "problems": tuple(sorted(material, key=lambda name: -gaps[name].value)),
        "contenders": tuple(material),
        "errors": errors,
        "gaps": gaps,
        "tau": TAU,
        "settings": Settings(),
        "rows_needed": "",
    }
    return Seen(**{**facts, **changes})


FLAT = dict.fromkeys(LADDER, 5.0)


@pytest.fixture
def seen() -> Callable[..., Seen]:
    """Return a function of errors in percent by rung, five of 5 by default, and of facts that are not the usual ones."""
    return lambda percents=FLAT, **changes: seen_of(percents, **changes)


@pytest.fixture
def reason() -> Callable[[Check, Seen], str]:
    """Return a function of a check and what it sees: why it does not apply."""

    def reason_of(check: Check, facts: Seen) -> str:
        outcome, sightings = check.examine(facts)
        assert outcome.outcome == "not-applicable"
        assert not sightings
        return outcome.reason

    return reason_of


@pytest.fixture
def sighting() -> Callable[[Check, Seen], Sighting]:
    """Return a function of a check and what it sees: the one thing that it finds."""

    def sighting_of(check: Check, facts: Seen) -> Sighting:
        outcome, found = check.examine(facts)
        assert outcome.outcome == "found", outcome
        assert len(found) == 1
        assert not found[0].message[:1].islower()
        assert found[0].message.endswith(".")
        return found[0]

    return sighting_of


@pytest.fixture
def silent() -> Callable[[Check, Seen], bool]:
    """Return a function of a check and what it sees: whether it found nothing, or the data cannot tell."""
    return lambda check, facts: check.examine(facts)[0].outcome != "found"


@pytest.fixture
def passes() -> Callable[[Check, Seen], bool]:
    """Return a function of a check and what it sees: whether it looked and found nothing."""
    return lambda check, facts: check.examine(facts)[0].outcome == "passed"
