"""The reduced form of `make bench`'s simulation: the same claims with fewer replicates and their noise."""

from __future__ import annotations

import numpy as np
import pytest

from bench.calibration import clustered, intervals, verdicts
from bench.claims import Claim
from bench.coverage_page import page_of
from bench.gate_calibration import GROUPED_MARGINS, MARGINS, grouped_margin_size, margin_size


@pytest.mark.slow
def test_intervals_cover_as_they_say() -> None:
    claims = list(intervals(300))
    assert len(claims) > 40
    # of so many claims at two standard errors one or two fall outside by chance alone
    worst = [claim for claim in claims if claim.observed < claim.bar - 2 * claim.noise]
    assert not worst, "\n".join(map(str, worst))
    assert sum(claim.kept == "BROKEN" for claim in claims) <= 3


@pytest.mark.slow
def test_intervals_of_groups_copies_and_raters_cover_as_they_say() -> None:
    claims = list(clustered(300))
    assert len(claims) > 40
    worst = [claim for claim in claims if claim.observed < claim.bar - 2 * claim.noise]
    assert not worst, "\n".join(map(str, worst))
    assert sum(claim.kept == "BROKEN" for claim in claims) <= 3
    page = page_of(claims)
    assert page.count("\n| ") == len(claims) + 2
    assert "| copies | 973 rows of 180 texts (counted as rows: " in page


@pytest.mark.parametrize(("n", "margin"), MARGINS)
def test_the_margin_passes_as_rarely_as_it_says(n: int, margin: float) -> None:
    assert margin_size(n, margin, 0.0025) <= 0.0025
    assert margin_size(n, margin, 0.05) <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("setting", GROUPED_MARGINS)
def test_a_margin_of_groups_passes_as_rarely_as_it_says(setting: tuple[int, int, float, float]) -> None:
    small, large = grouped_margin_size(setting, np.random.default_rng(7), 1_500)
    assert small <= 0.0035 + 2 * 0.0015
    assert large <= 0.08 + 2 * 0.007


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
