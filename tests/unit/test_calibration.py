"""The reduced form of `make bench`'s simulation: the same claims with fewer replicates and their noise."""

from __future__ import annotations

import pytest

from bench.calibration import Claim, intervals, verdicts


@pytest.mark.slow
def test_intervals_cover_as_they_say() -> None:
    claims = list(intervals(300))
    assert len(claims) > 40
    # of so many claims at two standard errors one or two fall outside by chance alone
    worst = [claim for claim in claims if claim.observed < claim.bar - 2 * claim.noise]
    assert not worst, "\n".join(map(str, worst))
    assert sum(claim.kept == "BROKEN" for claim in claims) <= 3


@pytest.mark.slow
def test_verdicts_are_wrong_as_rarely_as_they_say() -> None:
    claims = list(verdicts(300))
    broken = [claim for claim in claims if claim.kept == "BROKEN"]
    assert len(broken) <= 1, "\n".join(map(str, broken))
    ties = [
        float(c.beside.split(":")[1].split("%")[0]) for c in claims if c.what == "wrong dominant" and "tie" in c.setting
    ]
    assert min(ties) > 25  # the largest point gap is wrong in a quarter of cases at least where gaps are near


def test_a_broken_promise_is_said() -> None:
    claim = Claim(what="x", setting="y", observed=0.80, bar=0.94, at_least=True, replicates=400)
    assert claim.kept == "BROKEN"
    assert Claim(what="x", setting="y", observed=0.05, bar=0.055, at_least=False, replicates=400).kept == "kept"
