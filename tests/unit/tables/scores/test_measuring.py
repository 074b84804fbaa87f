"""Conditions measured on rows: the numbers behind each kind, and the code of what is not there."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path

import pandas as pd
import pytest

from mlstrat_plugin.core.estimates.human_level import Declared
from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.core.gate.judging import Measured
from mlstrat_plugin.params.conditions import Limit, condition_of
from mlstrat_plugin.params.data import Engine as EngineParams
from mlstrat_plugin.tables.engines.duckdb import Engine
from mlstrat_plugin.tables.scores.measuring import Rows, measure, readable_latency, slow_rows

N = 400
SLICES = {"day": ErrorTally(wrong=53, n=266), "night": ErrorTally(wrong=27, n=134)}


def outcomes(folder: Path, *, latency: bool = True) -> Path:
    """Write rows of dev and test: every fifth is wrong, every third is of the night, every fiftieth is slow."""
    rows = pd.DataFrame({"id": [f"r{i:04d}" for i in range(N)], "unit": [f"u{i // 4}" for i in range(N)]})
    rows["value"] = [float(i % 5 == 0) for i in range(N)]
    rows["slice"] = ["day" if i % 3 else "night" for i in range(N)]
    rows["latency_ms"] = [150.0 if i % 50 == 0 else 40.0 + i / N for i in range(N)] if latency else float("nan")
    file = folder / "outcomes.parquet"
    pd.concat([rows.assign(split=split) for split in ("dev", "test")]).to_parquet(file, index=False)
    return file


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    return Rows(
        engine=Engine(EngineParams(), ordered=False),
        ladder={
            "human": Declared(0.01),
            "dev": ErrorTally(wrong=80, n=N),
            "test": ErrorTally(wrong=100, n=N),
            "train": ErrorTally(wrong=0, n=0),
        },
        by_source={"dev": {"mobile": ErrorTally(wrong=80, n=N)}, "train": {"web": ErrorTally(wrong=3, n=90)}},
        slices=lambda split: SLICES if split in ("dev", "test") else {},
        outcomes=outcomes(tmp_path),
        model_bytes=2_500_000,
        grouped=False,
    )


def measured(rows: Rows, name: str, **limit: float) -> Measured:
    return measure(rows, condition_of(name, Limit(**{"max": 0.5, **limit})), 0.95)


def test_the_size_of_the_model_is_exact(rows: Rows) -> None:
    found = measured(rows, "model_mb")
    assert found.amount is not None
    assert found.amount.bounds(4.0) == (2.5, 2.5)
    assert found.method == "exact"


def test_errors_and_gaps_come_from_the_ladder(rows: Rows) -> None:
    error, gap = measured(rows, "error/dev"), measured(rows, "gap/dev-overfit")
    assert error.amount is not None
    assert gap.amount is not None
    assert (error.amount.value, error.n, error.method) == (0.2, N, "wilson")
    assert (gap.amount.value, gap.method) == (pytest.approx(0.05), "mover")


@pytest.mark.parametrize(
    ("name", "code", "note"),
    [
        ("error/train-dev", "not_measured", "there is no train-dev error"),
        ("gap/mismatch", "not_measured", "there is no train-dev error"),
        ("gap/bias", "not_measured", "no rows"),
        ("error/train", "not_measured", "no rows"),
        ("error/train[nowhere]", "unknown_slice", "train has no source or slice 'nowhere'; it has 'web'"),
        ("error/test[dusk]", "unknown_slice", "test has no source or slice 'dusk'; it has 'day', 'night'"),
    ],
)
def test_what_is_not_there_has_a_code_and_a_sentence(rows: Rows, name: str, code: str, note: str) -> None:
    found = measured(rows, name)
    assert (found.amount, found.code) == (None, code)
    assert found.note.startswith(note)


def test_sources_and_slices(rows: Rows) -> None:
    source, night = measured(rows, "error/dev[mobile]"), measured(rows, "error/test[night]")
    assert source.amount is not None
    assert night.amount is not None
    assert source.amount.value == 0.2
    assert (night.amount.value, night.n) == (pytest.approx(27 / 134), 134)
    assert measured(rows, "error/dev[nigth]").note == (
        "dev has no source or slice 'nigth' (did you mean 'night'?); it has 'mobile', 'day', 'night'"
    )


def test_errors_of_few_groups_are_unclear(rows: Rows) -> None:
    nine, ten = (reduce(add, [RatioTally.group(wrong=1, n=50)] * groups) for groups in (9, 10))
    few = measured(replace(rows, ladder={**rows.ladder, "dev": nine}), "error/dev")
    assert (few.amount, few.code, few.n) == (None, "too_few_groups", 450)
    assert few.note == "dev has 9.0 effective groups of rows; an interval needs at least 10"
    assert measured(replace(rows, ladder={**rows.ladder, "dev": nine}), "gap/dev-overfit").code == "too_few_groups"
    assert measured(replace(rows, ladder={**rows.ladder, "dev": ten}), "error/dev").amount is not None
    assert measured(replace(rows, slices=lambda _split: {"night": nine}), "error/dev[night]").code == "too_few_groups"
    people = measured(
        replace(rows, ladder={**rows.ladder, "human": nine, "train": ErrorTally(wrong=1, n=9)}), "gap/bias"
    )
    assert people.amount is not None  # of raters a few are warned about


def test_latency_is_the_share_of_slow_dev_rows(rows: Rows) -> None:
    found = measured(rows, "latency_ms", max=100, quantile=0.95)
    assert found.amount is not None
    assert (found.amount.value, found.n, found.method) == (8 / N, N, "wilson")
    assert found.note.startswith("95% of rows take at most 4")
    beyond = measured(rows, "latency_ms", max=100, quantile=0.992)
    assert beyond.amount is not None
    assert beyond.note == "99.2% of rows take at most 150 ms (row 400 by latency)"


def test_too_few_rows_and_missing_latencies_are_unclear(rows: Rows, tmp_path: Path) -> None:
    few = measured(rows, "latency_ms", max=100, quantile=0.999)
    assert (few.amount, few.code, few.n) == (None, "too_few_rows", N)
    assert few.note == "dev has 400 rows; at least 2995 are needed"
    (tmp_path / "other").mkdir()
    without = replace(rows, outcomes=outcomes(tmp_path / "other", latency=False))
    assert measured(without, "latency_ms", max=100, quantile=0.95).code == "no_latency"


def test_slow_rows_and_the_latency_at_a_rank(rows: Rows) -> None:
    assert slow_rows(rows.engine, rows.outcomes, 100) == ErrorTally(wrong=8, n=N)
    assert readable_latency(rows.engine, rows.outcomes, N) == 150.0
    assert readable_latency(rows.engine, rows.outcomes, N + 1) is None


def test_without_rows_of_dev_there_is_no_latency(rows: Rows) -> None:
    table = pd.read_parquet(rows.outcomes)
    table[table["split"] == "test"].to_parquet(rows.outcomes)
    assert slow_rows(rows.engine, rows.outcomes, 10) is None
