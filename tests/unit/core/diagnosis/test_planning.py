from __future__ import annotations

import pytest

from mlstrat_plugin.core.diagnosis.planning import needed_rows
from mlstrat_plugin.errors import EstimateError


def test_advice_takes_what_is_needed_between_one_and_twenty_percent() -> None:
    plan = needed_rows(error=0.05, rows=1_000_000)
    assert "Of 1,000,000 target rows, take 10,000 each" in plan.advice[0]
    assert "98/1/1" in plan.advice[0]
    assert "take 200 each" in needed_rows(error=0.05, rows=1000).advice[0]
    assert "more than a fifth" in needed_rows(error=0.05, rows=1000).advice[0]
    assert any(line.n == 1000 for line in needed_rows(error=0.05, rows=1000).lines)


def test_all_problems_at_once() -> None:
    with pytest.raises(EstimateError) as caught:
        needed_rows(error=5.0, material_gap=0.02, gap=0.01, rows=0, confidence=float("nan"), power=1.0)
    for name in ("error = 5.0", "gap = 0.01", "rows = 0", "confidence = nan", "power = 1.0"):
        assert name in caught.value.message
