"""Tables of outcomes paired: the same numbers as a plain loop over the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlstrat_plugin.core.estimates.losses import LossTally
from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.records.metrics import metric_named
from mlstrat_plugin.tables.engines.duckdb import Engine
from mlstrat_plugin.tables.scores.pairing import SharedRows, shared_rows

N = 400


def outcomes(file: Path, seed: int, **changes: object) -> Path:
    rng = np.random.default_rng(seed)
    fixed = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "id": [f"r{i:04d}" for i in range(N)],
            "split": "test",
            "label": [str(i % 3) for i in range(N)],
            "unit": [f"u{i // 4}" for i in range(N)],
            "weight": fixed.choice([1.0, 10.0], N),
            "slice": ["day" if i % 3 else "night" for i in range(N)],
            "value": rng.integers(0, 2, N).astype(float),
            "latency_ms": 40.0,
        }
    ).assign(**changes)  # type: ignore[arg-type]
    table.sample(frac=1, random_state=seed).to_parquet(file, index=False)
    return file


def shared(engine: Engine, a: Path, b: Path, metric: str, *, grouped: bool) -> SharedRows:
    runs = [engine.read_parquet([file]) for file in (a, b)]
    return shared_rows(engine, runs, metric_named(metric), grouped=grouped)["test"]


def rows(file: Path) -> pd.DataFrame:
    return pd.read_parquet(file).sort_values("id").reset_index(drop=True)


@pytest.mark.parametrize("grouped", [False, True])
def test_error_rates(engine: Engine, grouped: bool, tmp_path: Path) -> None:
    a, b = outcomes(tmp_path / "a.parquet", 1), outcomes(tmp_path / "b.parquet", 2)
    change = shared(engine, a, b, "error_rate", grouped=grouped).change()
    d = rows(b)["value"] - rows(a)["value"]
    assert change.pairs is not None
    assert (change.pairs.broken, change.pairs.fixed, change.n) == ((d > 0).sum(), (d < 0).sum(), N)
    if grouped:
        units = d.groupby(rows(a)["unit"]).sum()
        assert (change.pairs.groups, change.pairs.dd, change.pairs.nn) == (N // 4, (units**2).sum(), 16 * (N // 4))
    else:
        assert change.pairs == PairedTally(broken=int((d > 0).sum()), fixed=int((d < 0).sum()), n=N)


@pytest.mark.parametrize("grouped", [False, True])
def test_weighted_errors_beside_the_formula(engine: Engine, grouped: bool, tmp_path: Path) -> None:
    a, b = outcomes(tmp_path / "a.parquet", 1), outcomes(tmp_path / "b.parquet", 2)
    change = shared(engine, a, b, "weighted_error", grouped=grouped).change()
    w, d = rows(a)["weight"], rows(b)["value"] - rows(a)["value"]
    assert change.amount is not None
    assert change.amount.value == pytest.approx((w * d).sum() / w.sum())
    low, high = change.amount.bounds(1.0)
    if grouped:
        assert low < change.amount.value < high
        return
    pseudo, squares = w.mean(), (w**2).mean()  # a broken and a fixed row of the mean weight
    total, centre = w.sum() + 2 * pseudo, (w * d).sum() / (w.sum() + 2 * pseudo)
    variance = (w**2 * d.abs()).sum() + 2 * squares - 2 * centre * (w**2 * d).sum()
    variance += centre**2 * ((w**2).sum() + 2 * squares)
    assert (high - low) / 2 == pytest.approx(np.sqrt(variance) / total, rel=1e-9)


@pytest.mark.parametrize("grouped", [False, True])
def test_losses_are_differences(engine: Engine, grouped: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    a = outcomes(tmp_path / "a.parquet", 1, value=rng.exponential(1, N))
    b = outcomes(tmp_path / "b.parquet", 2, value=rng.exponential(0.8, N))
    change = shared(engine, a, b, "mean_loss", grouped=grouped).change()
    d = rows(b)["value"] - rows(a)["value"]
    assert change.amount is not None
    assert change.amount.value == pytest.approx(d.mean())
    if not grouped:
        assert change.amount.bounds(1.96) == pytest.approx(LossTally.of(d.tolist()).estimate().bounds(1.96), rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"id": [f"x{i}" for i in range(N)]}, "first and second have no row in common"),
        (
            {"id": [f"r{i:04d}" for i in range(1, N + 1)]},
            "first was scored on 1 more rows, second was scored on 1 more",
        ),
        ({"id": [f"r{i:04d}" for i in range(N - 1)] + ["x"], "label": "9"}, "first was scored on 1 more rows"),
        ({"label": "9"}, "400 rows have another label"),
        ({"weight": 2.0}, "400 rows have another weight"),
        ({"unit": "u"}, "400 rows have another unit"),
    ],
)
def test_other_rows_are_not_paired(engine: Engine, changes: dict[str, object], why: str, tmp_path: Path) -> None:
    a, b = outcomes(tmp_path / "a.parquet", 1), outcomes(tmp_path / "b.parquet", 2, **changes)
    assert why in shared(engine, a, b, "error_rate", grouped=False).unlike(("first", "second"))


def test_only_what_counts_has_to_be_alike(engine: Engine, tmp_path: Path) -> None:
    runs = [
        engine.read_parquet([f])
        for f in (outcomes(tmp_path / "a.parquet", 1), outcomes(tmp_path / "b.parquet", 2, unit="u"))
    ]
    found = shared_rows(engine, runs, metric_named("error_rate"), grouped=False, alike=("label", "weight"))["test"]
    assert found.unlike(("first", "second")) == ""


def test_rows_of_another_split_are_another_row(engine: Engine, tmp_path: Path) -> None:
    runs = [
        engine.read_parquet([f])
        for f in (outcomes(tmp_path / "a.parquet", 1), outcomes(tmp_path / "b.parquet", 2, split="dev"))
    ]
    found = shared_rows(engine, runs, metric_named("error_rate"), grouped=False)
    assert {split: both.n for split, both in found.items()} == {"test": 0, "dev": 0}
    assert found["dev"].scored == (0, N)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("metric", ["error_rate", "weighted_error", "mean_loss"])
def test_three_runs_say_of_each_pair_what_two_say(engine: Engine, metric: str, grouped: bool, tmp_path: Path) -> None:
    files = [outcomes(tmp_path / f"{i}.parquet", i) for i in range(3)]
    runs = [engine.read_parquet([file]) for file in files]
    together = shared_rows(engine, runs, metric_named(metric), grouped=grouped)["test"]
    for other in (1, 2):
        alone = shared(engine, files[0], files[other], metric, grouped=grouped).change()
        among = together.change(other)
        assert among.pairs == alone.pairs
        assert among.amount is not None
        assert alone.amount is not None
        assert among.amount.bounds(1.96) == pytest.approx(alone.amount.bounds(1.96), rel=1e-12)
    if metric == "error_rate":
        assert together.gram is not None
        d = rows(files[2])["value"] - rows(files[1])["value"]
        pair = together.gram.pair(1, 2)
        assert (pair.broken, pair.fixed) == ((d > 0).sum(), (d < 0).sum())


def test_rows_that_one_run_lacks_are_not_shared(engine: Engine, tmp_path: Path) -> None:
    a, b = outcomes(tmp_path / "a.parquet", 1), outcomes(tmp_path / "b.parquet", 2)
    pd.read_parquet(b).query("id < 'r0300'").to_parquet(b)
    found = shared(engine, a, b, "error_rate", grouped=False)
    assert (found.n, found.scored) == (300, (400, 300))
    assert found.error(0) == pytest.approx(rows(a)["value"].iloc[:300].mean())
    assert found.unlike(("first", "second")) == "first was scored on 100 more rows"
