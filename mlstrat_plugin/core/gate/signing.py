"""A decision that cannot be forged, copied to another version, or used against another champion."""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict, dataclass
from hashlib import sha256

from mlstrat_plugin.errors import GateError

KEY_VARIABLE = "MLSTRAT_GATE_KEY"
MIN_KEY_BYTES = 32
DECISION_TAG, SIGNATURE_TAG = "mlstrat.decision", "mlstrat.signature"


@dataclass(frozen=True, kw_only=True)
class Warrant:
    """What is signed: this version of this model may replace this champion, by this policy.

    ``champion`` is the version that carries the alias before, empty if none does. ``forced`` gives the reason of a
    person who promotes against the gate's answer, empty otherwise. ``nonce`` makes two decisions of the same content
    two warrants, each of which moves an alias once. There is no time in it, so that no clock is trusted.
    """

    model: str
    alias: str
    version: str
    run_id: str
    policy_hash: str
    champion: str
    decision: str
    forced: str = ""
    nonce: str = ""

    def text(self) -> str:
        """Return the one way to write it."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))


def signature(warrant: Warrant, key: bytes) -> str:
    """Return the HMAC-SHA256 of a warrant as 64 hexadecimal digits.

    Raises
    ------
    GateError
        The key is shorter than 32 bytes.

    Notes
    -----
    Source: RFC 2104 and FIPS 198-1.
    """
    if len(key) < MIN_KEY_BYTES:
        raise GateError(
            f"{KEY_VARIABLE} has {len(key)} bytes; at least {MIN_KEY_BYTES} are needed",
            hint="`python -c 'import secrets; print(secrets.token_hex(32))'` makes one; set it in CI and on the server",
        )
    return hmac.new(key, warrant.text().encode("utf-8"), sha256).hexdigest()


def refusal(expected: Warrant, tags: dict[str, str], key: bytes) -> str:
    """Return why the tags of a version do not permit the move, empty if they do.

    Parameters
    ----------
    expected : Warrant
        What the move is: its decision, run, policy and reason are read from the tags.
    tags : dict of str to str
        The version's tags; anybody may have written them.
    key : bytes
        Shared by whoever decides and the server; empty if there is none.
    """
    if not key:
        return f"the server has no {KEY_VARIABLE}, so it cannot check any decision"
    if DECISION_TAG not in tags or SIGNATURE_TAG not in tags:
        return "the version carries no decision of the gate; run `mlstrat gate` and `mlstrat promote`"
    try:
        given = Warrant(**json.loads(tags[DECISION_TAG]))
        good = hmac.compare_digest(signature(given, key).encode(), tags[SIGNATURE_TAG].encode())
    except (ValueError, TypeError):
        return "its decision cannot be read"
    if not good:
        return "the signature of its decision is not valid"
    for name, what in (("model", "model"), ("alias", "alias"), ("version", "version"), ("run_id", "run")):
        if getattr(given, name) != getattr(expected, name):
            return f"its decision is for the {what} {getattr(given, name)!r}, not {getattr(expected, name)!r}"
    if given.champion != expected.champion:
        return (
            f"its decision replaces version {given.champion or 'none'}, but the champion is now "
            f"{expected.champion or 'none'}; run `mlstrat gate` again"
        )
    if given.decision != "promote" and not given.forced:
        return f"the gate said {given.decision}"
    return ""
