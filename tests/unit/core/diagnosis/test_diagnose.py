"""The verdicts: the course's cases by name, a golden ladder, planted problems, false claims by simulation."""

import math
from dataclasses import replace

import pytest

from mlstrat_plugin.core.diagnosis.diagnose import diagnose, diagnose_ladder
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.findings.seen import Circumstances
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.words import LADDER, Settings

GOLDEN = {
    "human": (5, 500),
    "train": (10_000, 500_000),
    "train_dev": (125, 2500),
    "dev": (175, 2500),
    "test": (188, 2500),
}
RELATIVE = Settings(material_gap_relative=0.1, same_distribution=True)
ONE_MILLION, TEN_THOUSAND, SMALL = 1_000_000, 10_000, 2_500

# Cases of the course 'Structuring Machine Learning Projects', percent, in ladder order (None: not measured), and what
# expected counts must be called at 1,000,000 / 10,000 / 2,500 rows a split, with train twenty times as large.
TEXTBOOK = {
    (0, 1, 9, 10, None): ("variance", "variance", "variance"),
    (0, 1, 1.5, 10, None): ("mismatch", "mismatch", "mismatch"),
    (0, 10, 11, 12, None): ("bias", "bias", "bias"),
    (0, 10, 11, 20, None): ("bias also mismatch", "bias also mismatch", "tied bias mismatch"),
    (4, 7, 10, 12, 12): ("tied bias variance mismatch", "tied bias variance", "unranked bias variance"),
    (4, 7, 10, 6, 6): ("tied bias variance", "tied bias variance", "tied bias variance"),
    (1, 8, None, 10, None): ("bias", "bias", "bias"),
    (7.5, 8, None, 10, None): ("variance", "variance", "inconclusive"),
    (0.9, 1, None, 11, None): ("variance", "variance", "variance"),
    (0.9, 15, None, 16, None): ("bias", "bias", "bias"),
    (0.9, 15, None, 30, None): ("variance also bias", "variance also bias", "tied bias variance"),
    (0.9, 0.5, None, 1, None): ("ok", "ok", "ok"),
}


def counts(percents: tuple[float | None, ...], n: int) -> dict[str, tuple[int, int]]:
    ladder = {}
    for rung, percent in zip(("human", "train", "train_dev", "dev", "test"), percents, strict=True):
        rows = 20 * n if rung == "train" else n
        if percent is not None:
            ladder[rung] = (round(percent / 100 * rows), rows)
    return ladder


def said(record: Diagnosis) -> str:
    also = f" also {' '.join(record.also_large)}" if record.also_large else ""
    names = f" {' '.join(sorted(record.problems))}" if record.diagnosis in ("tied", "unranked") else ""
    return record.diagnosis + also + names.replace("bias mismatch variance", "bias variance mismatch")


@pytest.mark.parametrize(("percents", "expected"), TEXTBOOK.items(), ids=str)
def test_textbook(percents: tuple[float | None, ...], expected: tuple[str, str, str]) -> None:
    found = [said(diagnose(**counts(percents, n), settings=RELATIVE)) for n in (ONE_MILLION, TEN_THOUSAND, SMALL)]
    assert tuple(found) == expected


def test_easier_dev_is_said() -> None:
    record = diagnose(**counts((4, 7, 10, 6, 6), TEN_THOUSAND), settings=RELATIVE)
    assert record.gaps["mismatch"].status == "negative"
    assert "MLS123" in {finding.code for finding in record.findings}


def test_golden_ladder() -> None:
    """Counts of statistics section 9: H 5/500, A 1e4/5e5, B 125/2500, C 175/2500, D 188/2500."""
    record = diagnose(**GOLDEN)
    bounds = {name: (gap.low, gap.high) for name, gap in record.gaps.items()}
    assert record.diagnosis == "unranked"
    assert record.problems == ("variance",)
    assert bounds["variance"] == pytest.approx((0.0211, 0.0407), abs=5e-5)
    assert bounds["bias"] == pytest.approx((-0.0059, 0.0162), abs=5e-5)
    assert bounds["mismatch"] == pytest.approx((0.0049, 0.0352), abs=5e-5)
    assert bounds["dev-overfit"] == pytest.approx((-0.0113, 0.0217), abs=5e-5)
    assert record.lean is not None
    assert record.lean.problem == "variance"
    assert record.lean.probability == pytest.approx(0.84, abs=0.015)


def test_the_same_counts_give_the_same_record() -> None:
    assert diagnose(**GOLDEN) == diagnose(**GOLDEN)


def test_a_missing_split_merges_its_neighbours() -> None:
    ladder = counts((1, 2, None, 10, 10), TEN_THOUSAND)
    merged = diagnose(**ladder)
    assert merged.diagnosis == "variance+mismatch"
    assert {"MLS105", "MLS131"} <= {finding.code for finding in merged.findings}
    declared = diagnose(**ladder, settings=Settings(same_distribution=True))
    assert declared.diagnosis == "variance"
    assert "MLS131" not in {finding.code for finding in declared.findings}


PLANTED = {
    "MLS101": (1, 10, 10, 10, 10),
    "MLS102": (1, 1, 10, 10, 10),
    "MLS103": (1, 1, 1, 10, 10),
    "MLS104": (1, 1, 1, 1, 10),
    "MLS121": (5, 1, 1, 1, 1),
    "MLS122": (1, 10, 4, 4, 4),
    "MLS123": (1, 4, 10, 4, 4),
    "MLS124": (1, 4, 4, 10, 4),
}


@pytest.mark.parametrize(("code", "percents"), PLANTED.items())
def test_each_planted_problem_is_found(code: str, percents: tuple[float, ...]) -> None:
    record = diagnose(**counts(percents, TEN_THOUSAND))
    codes = {finding.code for finding in record.findings}
    assert code in codes
    material = {"MLS101", "MLS102", "MLS103", "MLS104"}
    if code in material:
        assert codes & material == {code}
        assert record.diagnosis == {"MLS101": "bias", "MLS102": "variance", "MLS103": "mismatch"}.get(
            code, "dev-overfit"
        )


def test_findings_of_circumstances() -> None:
    ladder = {rung: ErrorTally(wrong=1, n=100) for rung in LADDER[1:]}
    known = Circumstances(trained_on=("web",), not_trained_on=("mobile",), groups={"dev": 20}, train_rows=900)
    codes = {f.code for f in diagnose_ladder(ladder, Settings(), circumstances=known).findings}
    assert {"MLS141", "MLS142", "MLS143", "MLS131", "MLS132", "MLS111"} <= codes
    declared = diagnose(human=0.01, train=(1, 100), train_dev=(1, 100), dev=(1, 100), test=(1, 100))
    assert "MLS133" in {f.code for f in declared.findings}


@pytest.mark.parametrize(
    "change",
    [
        {"material_gap": math.nan},
        {"material_gap": 0},
        {"confidence": 1},
        {"power": 0.2},
        {"also_large": 0},
        {"lean_draws": 0},
        {"material_gap_relative": 1},
    ],
    ids=str,
)
def test_impossible_settings(change: dict[str, float]) -> None:
    with pytest.raises(EstimateError, match=next(iter(change))):
        diagnose(human=0.1, dev=(1, 10), settings=replace(Settings(), **change))


def test_one_error_is_no_gap() -> None:
    with pytest.raises(EstimateError, match="at least two error rates are needed; found dev"):
        diagnose(dev=(1, 10))
