"""The range of md5 digests: which of them are the lowest share."""

from __future__ import annotations

from fractions import Fraction

DIGITS = 32  # hexadecimal digits of an md5 digest


ALL = 16**DIGITS


def share_last(share: float) -> str:
    """Return the last digest of the lowest ``share`` of all digests."""
    return f"{max(int(Fraction(repr(share)) * ALL) - 1, 0):0{DIGITS}x}"
