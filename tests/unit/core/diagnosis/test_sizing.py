"""What rows can show, and whether the rows that are asked for decide as often as promised."""

from __future__ import annotations

import numpy as np
import pytest

from mlstrat_plugin.core.diagnosis.diagnose import diagnose
from mlstrat_plugin.core.estimates.power import rows_for_gap, smallest_paired_gain
from mlstrat_plugin.core.estimates.tallies import ErrorTally

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
    """Statistics section 3: about 15,833 rows asked, 80 % power promised, 81 % realised."""
    question = diagnose(**GOLDEN).sizing.open_question
    assert question is not None
    assert question.rows["train-dev"] == pytest.approx(15_833, rel=0.01)
    assert question.bottleneck == "train-dev"
    rng = np.random.default_rng(3)
    n, decided = question.rows["train-dev"], 0
    for _ in range(400):
        b, c = (ErrorTally(wrong=int(rng.binomial(n, p)), n=n).estimate() for p in (0.05, 0.07))
        a = ErrorTally(wrong=10_000, n=500_000).estimate()
        decided += ((b - a) - (c - b)).lower(0.95) > 0
    assert 0.74 <= decided / 400 <= 0.88
