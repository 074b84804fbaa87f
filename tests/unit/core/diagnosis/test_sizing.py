"""What rows can show, and whether the rows that are asked for decide as often as promised."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from mlstrat_plugin.core.diagnosis.diagnose import diagnose
from mlstrat_plugin.core.diagnosis.sizing import (
    assumed_means,
    assumed_rungs,
    open_question,
    proofs,
    uneven_mix,
)
from mlstrat_plugin.core.diagnosis.verdict import gaps_of, judge
from mlstrat_plugin.core.estimates.estimate import Estimate, constant
from mlstrat_plugin.core.estimates.intervals import simultaneous_z, z_value
from mlstrat_plugin.core.estimates.power import (
    rows_for_gap,
    rows_for_mean_gap,
    smallest_mean_gain,
    smallest_paired_gain,
)
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.records.sizing import OpenQuestion
from mlstrat_plugin.records.words import Settings

GOLDEN = {
    "human": (5, 500),
    "train": (10_000, 500_000),
    "train_dev": (125, 2500),
    "dev": (175, 2500),
    "test": (188, 2500),
}


def test_every_report_says_what_its_rows_prove() -> None:
    from mlstrat_plugin.core.diagnosis.diagnose import diagnose

    record = diagnose(train=(500, 10_000), dev=(500, 10_000))
    proof = record.sizing.splits["dev"]
    assert proof.rows_for_twice == rows_for_gap(0.05, 0.01, confidence=0.95, power=0.8)
    assert proof.smallest_gain_paired == pytest.approx(smallest_paired_gain(10_000, 0.05), abs=1e-5)
    assert record.sizing.splits["train"].smallest_gain_paired is None


def test_asked_rows_decide_with_the_promised_power() -> None:
    """Asked one factor for all, 15,833 rows each had the power (statistics section 3); fewer in all have it, too."""
    question = diagnose(**GOLDEN).sizing.open_question
    assert question is not None
    assert set(question.rows) == {"train-dev", "dev"}
    assert sum(question.rows.values()) < 2 * 15_833
    assert question.bottleneck == "train-dev"
    rng = np.random.default_rng(3)
    decided = 0
    for _ in range(400):
        b, c = (
            ErrorTally(wrong=int(rng.binomial(question.rows[rung], p)), n=question.rows[rung]).estimate()
            for rung, p in (("train-dev", 0.05), ("dev", 0.07))
        )
        a = ErrorTally(wrong=10_000, n=500_000).estimate()
        decided += ((b - a) - (c - b)).lower(0.95) > 0
    assert 0.74 <= decided / 400 <= 0.88


CASES = {
    "two tied gaps of few rows": {"train": (36, 124), "train_dev": (16, 76), "dev": (695, 2987), "test": (124, 541)},
    "people counted often": {
        "human": (24_339, 511_000), "train": (258, 3587), "train_dev": (26, 414), "dev": (211, 3020), "test": (206, 2979)
    },
    "no train-dev": {"train": (21, 300), "dev": (10, 100)},
}  # fmt: skip
SHIPPED = {"two tied gaps of few rows": 408_584, "people counted often": 2_879_109, "no train-dev": None}


@pytest.mark.parametrize("case", CASES)
def test_every_rung_that_can_grow_takes_part(case: str) -> None:
    """One factor without train asked for 408,584 and 2,879,109 rows, or called it too close for more rows to tell."""
    question = diagnose(**CASES[case]).sizing.open_question
    assert question is not None
    assert question.bottleneck in question.rows
    total = sum(question.rows.values())
    assert 1_000 < total < (SHIPPED[case] or 10_000) / 1.5
    assert all(rows > CASES[case][rung.replace("-", "_")][1] for rung, rows in question.rows.items())


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(100, 3_000)), min_size=3, max_size=3),
    st.lists(st.floats(0.5, 2), min_size=3, max_size=3),
)
def test_no_other_allocation_is_cheaper(counts: list[tuple[int, int]], scale: list[float]) -> None:
    rungs = dict(zip(("train", "train_dev", "dev"), counts, strict=True))
    question = asked(**rungs)
    if question is None or not question.rows:
        return
    now = {rung.replace("_", "-"): n for rung, (_, n) in rungs.items()}
    ladder = {rung.replace("_", "-"): ErrorTally(wrong=k, n=n).estimate() for rung, (k, n) in rungs.items()}
    contrast = contrast_of(question, ladder)

    def variance(rows: dict[str, float]) -> float:
        return sum(c * c * ladder[rung].variance * now[rung] / rows[rung] for rung, c in contrast.items())

    asked_for = {rung: float(question.rows.get(rung, n)) for rung, n in now.items()}
    other = {rung: max(now[rung], rows * factor) for (rung, rows), factor in zip(asked_for.items(), scale, strict=True)}
    if variance(other) <= variance(asked_for):
        assert (
            sum(n for rung, n in other.items() if rung in contrast)
            >= 0.999 * sum(n for rung, n in asked_for.items() if rung in contrast) - 3
        )


def contrast_of(question: OpenQuestion, ladder: dict[str, Estimate]) -> dict[str, float]:
    """Return the coefficients of the gap, or of the difference of gaps, that a question is about."""
    steps = {"variance": {"train-dev": 1.0, "train": -1.0}, "mismatch": {"dev": 1.0, "train-dev": -1.0}}
    named = sorted(steps, key=question.question.find)
    first, *second = [steps[name] for name in named if name in question.question]
    found = dict(first)
    for rung, c in (second[0] if second else {}).items():
        found[rung] = found.get(rung, 0.0) - c
    return {rung: c for rung, c in found.items() if c}


@given(st.integers(50, 10**6), st.floats(0.01, 0.5))
def test_half_widths_are_those_of_wilson(n: int, error: float) -> None:
    wrong = round(error * n)
    proof = proofs({"dev": ErrorTally(wrong=wrong, n=n).estimate()}, {"dev": n}, tau=0.01, confidence=0.95)["dev"]
    low, high = proportion_confint(wrong, n, method="wilson")
    assert proof.half_width == round((high - low) / 2, 4)
    assert (proof.n, proof.smallest_material_gap, proof.rows_for_twice) == (n, None, None)  # no rung before it


def test_a_gap_of_the_smallest_material_size_is_just_material() -> None:
    rows = {"train": 200_000, "train-dev": 5_000, "dev": 5_000}
    found = proofs(assumed_rungs(rows, 0.05), rows, tau=0.01, confidence=0.95)
    for before, rung in (("train", "train-dev"), ("train-dev", "dev")):
        gap = found[rung].smallest_material_gap
        assert gap is not None
        z = simultaneous_z(0.95, 2)
        assert gap == pytest.approx(0.01 + z * sqrt(0.05 * 0.95 * (1 / rows[before] + 1 / rows[rung])), abs=1.5e-4)
    assert found["train"].smallest_material_gap is None


def test_a_declared_rung_shows_nothing_itself() -> None:
    rungs = {"human": constant(0.01), "train": ErrorTally(wrong=50, n=1000).estimate()}
    found = proofs(rungs, {"human": None, "train": 1000}, tau=0.01, confidence=0.95)
    assert list(found) == ["train"]
    assert found["train"].smallest_material_gap is not None  # bias is there to be shown


def test_grouped_rows_need_more_rows() -> None:
    n, error = 10_000, 0.05
    plain = ErrorTally(wrong=500, n=n).estimate()
    grouped = Estimate(error, plain.bounds_at, n / 8, plain.method, groups=1250)
    for_twice = [
        proofs({"train": plain, "dev": dev}, {"train": n, "dev": n}, tau=0.01, confidence=0.95)["dev"].rows_for_twice
        for dev in (plain, grouped)
    ]
    assert for_twice[0] == rows_for_gap(error, 0.01, confidence=0.95, power=0.8)
    assert for_twice[1] == 8 * for_twice[0]


def test_means_are_sized_by_their_deviation() -> None:
    rows = {"train": 4_000, "dev": 1_000}
    rungs = assumed_means(rows, 3.0)
    assert rungs["dev"].interval(0.95) == pytest.approx((-0.18594, 0.18594), abs=1e-5)  # 1.96 * 3 / sqrt(1000)
    found = proofs(rungs, rows, tau=0.5, confidence=0.95)["dev"]
    assert found.half_width == pytest.approx(0.1859)
    assert found.rows_for_twice == rows_for_mean_gap(3.0, 0.5, confidence=0.95, power=0.8)
    assert found.smallest_gain_unpaired == pytest.approx(smallest_mean_gain(1_000, 3.0), abs=1e-5)
    assert found.smallest_gain_paired is None


def test_empty_splits_are_no_rungs() -> None:
    assert list(assumed_rungs({"train": 5, "dev": 0}, 0.1)) == ["train"]
    assert list(assumed_means({"train": 0, "dev": 3}, 0.1)) == ["dev"]


@pytest.mark.parametrize("wrong", [0, 1000])
def test_errors_at_their_ends_promise_no_rows(wrong: int) -> None:
    estimate = ErrorTally(wrong=wrong, n=1000).estimate()
    found = proofs({"train": estimate, "dev": estimate}, {"train": 1000, "dev": 1000}, tau=0.01, confidence=0.95)["dev"]
    assert (found.rows_for_twice, found.smallest_gain_paired, found.smallest_gain_unpaired) == (None, None, None)


def test_a_random_part_is_hardly_ever_uneven_and_another_one_is() -> None:
    rng, alarms = np.random.default_rng(59), 0
    for _ in range(400):
        mix = {
            name: int(k)
            for name, k in zip(("web", "shop", "mobile"), rng.multinomial(9000, (0.7, 0.2, 0.1)), strict=True)
        }
        part = rng.multivariate_hypergeometric(list(mix.values()), 1000)
        rest = {name: k - int(taken) for (name, k), taken in zip(mix.items(), part, strict=True)}
        alarms += bool(uneven_mix(rest, dict(zip(mix, map(int, part), strict=True)), 1.0))
    assert alarms == 0
    assert uneven_mix({"web": 7000, "mobile": 1000}, {"web": 700, "mobile": 300}, 1.0) == ["mobile", "web"]
    assert uneven_mix({"web": 7000}, {"web": 900, "mobile": 100}, 1.0) == ["mobile", "web"]


def test_rows_that_move_together_make_a_mix_less_sure() -> None:
    train, part = {"web": 8000, "mobile": 2000}, {"web": 720, "mobile": 280}
    assert uneven_mix(train, part, 1.0) == ["mobile", "web"]
    assert uneven_mix(train, part, 20.0) == []


@pytest.mark.parametrize(("train", "part"), [({}, {"web": 1}), ({"web": 1}, {}), ({"web": 0}, {"web": 3})])
def test_an_empty_side_has_no_mix(train: dict[str, int], part: dict[str, int]) -> None:
    assert uneven_mix(train, part, 1.0) == []


def asked(**counts: tuple[int, int]) -> OpenQuestion | None:
    ladder = {rung.replace("_", "-"): ErrorTally(wrong=k, n=n).estimate() for rung, (k, n) in counts.items()}
    rows: dict[str, int | None] = {rung.replace("_", "-"): n for rung, (_, n) in counts.items()}
    gaps = gaps_of(ladder)
    verdict = judge(gaps, tau=0.01, confidence=0.95, also_large=0.8)
    return open_question(verdict, gaps, ladder, rows, tau=0.01, settings=Settings())


def test_the_bottleneck_is_a_rung_that_has_to_grow() -> None:
    question = diagnose(human=(1, 100), train=(21, 300), dev=(10, 100)).sizing.open_question
    assert question is not None
    assert question.bottleneck in question.rows


def test_what_is_settled_is_not_asked() -> None:
    assert asked(train=(100, 10_000), train_dev=(2_000, 10_000), dev=(2_000, 10_000)) is None
    assert asked(train=(1_000, 100_000), train_dev=(1_000, 100_000), dev=(1_000, 100_000)) is None


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"train": (5, 500), "train_dev": (15, 500)}, "Is variance above your threshold?"),
        ({"train": (5, 500), "train_dev": (6, 500)}, "Is variance below your threshold?"),
        ({"train": (10, 1000), "train_dev": (100, 1000), "dev": (195, 1000)}, "Is mismatch larger than variance?"),
    ],
)
def test_what_is_open_is_asked(counts: dict[str, tuple[int, int]], words: str) -> None:
    question = asked(**counts)
    assert question is not None
    assert words in question.question
    assert question.power == 0.8


def test_the_rows_that_are_asked_for_fit_the_distance() -> None:
    """With them the standard error of the gap is the distance over z of the statement plus z of the power."""
    question = asked(train=(1_000, 100_000), train_dev=(15, 500))
    assert question is not None
    assert list(question.rows) == ["train-dev"]  # train has rows enough
    train, train_dev = ErrorTally(wrong=1_000, n=100_000).estimate(), ErrorTally(wrong=15, n=500).estimate()
    error = sqrt(train.variance + train_dev.variance * 500 / question.rows["train-dev"])
    assert error == pytest.approx((0.02 - 0.01) / (simultaneous_z(0.95, 1) + z_value(0.2)), rel=0.001)


def test_where_no_rows_settle_it_none_are_asked_for() -> None:
    same = asked(train=(10, 1000), train_dev=(100, 1000), dev=(190, 1000))  # two gaps, exactly equal
    assert same is not None
    assert same.rows == {}
    near = asked(train=(1000, 100_000), train_dev=(10_000, 100_000), dev=(19_001, 100_000))
    assert near is not None
    assert near.rows == {}  # it would take more than anybody labels
