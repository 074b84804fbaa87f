"""Signed decisions: what moves an alias, and that nothing forged, copied or replayed does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlstrat_plugin.core.gate.signing import DECISION_TAG, SIGNATURE_TAG, Warrant, refusal, signature
from mlstrat_plugin.errors import GateError

KEY = b"k" * 32
WARRANT = Warrant(
    model="digits", alias="champion", version="7", run_id="r", policy_hash="p", champion="6", decision="promote"
)


def signed(warrant: Warrant, key: bytes = KEY) -> dict[str, str]:
    return {DECISION_TAG: warrant.text(), SIGNATURE_TAG: signature(warrant, key)}


def test_a_valid_decision_moves_its_own_version_once_its_champion_is_there() -> None:
    assert refusal(WARRANT, signed(WARRANT), KEY) == ""


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("model", "other", "for the model"),
        ("alias", "prod", "for the alias"),
        ("version", "8", "for the version '7'"),
        ("run_id", "s", "for the run"),
        ("champion", "9", "champion is now 9"),
        ("champion", "", "champion is now none"),
    ],
)
def test_copied_and_replayed_decisions(field: str, value: str, why: str) -> None:
    assert why in refusal(replace(WARRANT, **{field: value}), signed(WARRANT), KEY)


def test_no_clock_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose clock is wrong by years decides the same: a decision ends with its champion, not with a date."""
    tags = signed(WARRANT)
    for now in (0.0, 4e9):
        monkeypatch.setattr("time.time", lambda now=now: now)
        assert refusal(WARRANT, tags, KEY) == ""
        assert "champion is now 9" in refusal(replace(WARRANT, champion="9"), tags, KEY)


def test_forged_decisions() -> None:
    refused = replace(WARRANT, decision="refuse")
    assert "gate said refuse" in refusal(WARRANT, signed(refused), KEY)
    assert refusal(WARRANT, signed(replace(refused, forced="hotfix")), KEY) == ""
    edited = {**signed(refused), DECISION_TAG: WARRANT.text()}
    assert "signature" in refusal(WARRANT, edited, KEY)
    assert "signature" in refusal(WARRANT, signed(WARRANT, b"x" * 32), KEY)
    assert "no MLSTRAT_GATE_KEY" in refusal(WARRANT, signed(WARRANT), b"")
    assert "carries no decision" in refusal(WARRANT, {}, KEY)
    for text in ("", "[]", "{}", "null", '{"model": 1}', "{"):
        assert "cannot be read" in refusal(WARRANT, {**signed(WARRANT), DECISION_TAG: text}, KEY)
    assert refusal(WARRANT, {**signed(WARRANT), SIGNATURE_TAG: "é"}, KEY)
    with pytest.raises(GateError, match="at least 32"):
        signature(WARRANT, b"short")
