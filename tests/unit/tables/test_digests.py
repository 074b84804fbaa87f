"""Laws of the lowest share of all md5 digests."""

from __future__ import annotations

from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.tables.digests import ALL, DIGITS, share_last

shares = st.floats(0, 1)
DIGESTS = [md5(f"mlstrat:{i}".encode()).hexdigest() for i in range(20_000)]


@given(shares)
def test_it_is_written_like_a_digest(share: float) -> None:
    last = share_last(share)
    assert len(last) == DIGITS
    assert int(last, 16) < ALL
    assert last == last.lower()


@given(shares, shares)
def test_a_larger_share_ends_no_earlier(one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert share_last(small) <= share_last(large)


@given(shares, st.binary(min_size=16, max_size=16))
def test_texts_compare_like_numbers(share: float, digest: bytes) -> None:
    text = digest.hex()
    assert (text <= share_last(share)) is (int(text, 16) <= int(share_last(share), 16))


@given(st.integers(1, 99), st.integers(1, 99))
def test_the_lowest_and_the_highest_share_are_disjoint(low: int, high: int) -> None:
    if low + high <= 100:
        after = share_last((100 - high) / 100)  # the highest share is what comes after the rest
        assert share_last(low / 100) <= after


@given(st.integers(1, 99))
def test_a_decimal_share_holds_as_many_digests_as_it_says(percent: int) -> None:
    assert int(share_last(percent / 100), 16) + 1 == ALL * percent // 100  # 0.29 is 29 hundredths, whatever its bits


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.99])
def test_real_digests_are_inside_as_often_as_the_share_says(share: float) -> None:
    inside = sum(digest <= share_last(share) for digest in DIGESTS) / len(DIGESTS)
    assert abs(inside - share) < 4 * (share * (1 - share) / len(DIGESTS)) ** 0.5


def test_none_and_all() -> None:
    assert share_last(1.0) == "f" * DIGITS
    assert share_last(0.0) == "0" * DIGITS
    assert not any(digest <= share_last(0.0) for digest in DIGESTS)
