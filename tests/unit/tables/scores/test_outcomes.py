"""Two tables of outcomes paired: the same numbers as a plain loop over the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.core.estimates.tallies import LossTally
from mlstrat_plugin.errors import PredictionsError
from mlstrat_plugin.params.data import Columns
from mlstrat_plugin.params.data import Engine as EngineParams
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.engines.duckdb import Engine
from mlstrat_plugin.tables.scores.conditions import slow_rows
from mlstrat_plugin.tables.scores.outcomes import write_outcomes
from mlstrat_plugin.tables.scores.pairing import change_of
from mlstrat_plugin.tables.scores.slice_errors import slice_errors

N = 400


def outcomes(name: str, seed: int, **changes: object) -> Path:
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
    table.sample(frac=1, random_state=seed).to_parquet(name, index=False)
    return Path(name)


@pytest.fixture
def engine() -> Engine:
    return Engine(EngineParams(), ordered=False)


def rows(file: Path) -> pd.DataFrame:
    return pd.read_parquet(file).sort_values("id").reset_index(drop=True)


@pytest.mark.parametrize("grouped", [False, True])
def test_error_rates(engine: Engine, grouped: bool) -> None:
    a, b = outcomes("a.parquet", 1), outcomes("b.parquet", 2)
    change = change_of(engine, a, b, Split.TEST, "error_rate", grouped=grouped)
    d = rows(b)["value"] - rows(a)["value"]
    assert change.pairs is not None
    assert (change.pairs.broken, change.pairs.fixed, change.n) == ((d > 0).sum(), (d < 0).sum(), N)
    if grouped:
        units = d.groupby(rows(a)["unit"]).sum()
        assert (change.pairs.groups, change.pairs.dd, change.pairs.nn) == (N // 4, (units**2).sum(), 16 * (N // 4))
    else:
        assert change.pairs == PairedTally(broken=int((d > 0).sum()), fixed=int((d < 0).sum()), n=N)


@pytest.mark.parametrize("grouped", [False, True])
def test_weighted_errors_beside_the_formula(engine: Engine, grouped: bool) -> None:
    a, b = outcomes("a.parquet", 1), outcomes("b.parquet", 2)
    change = change_of(engine, a, b, Split.TEST, "weighted_error", grouped=grouped)
    w, d = rows(a)["weight"], rows(b)["value"] - rows(a)["value"]
    assert change.amount is not None
    assert change.amount.value == pytest.approx((w * d).sum() / w.sum())
    low, high = change.amount.bounds(1.0)
    if grouped:
        assert low < change.amount.value < high
        return
    classes = np.array([1.0, 10.0])
    total, centre = w.sum() + 2 * classes.sum(), (w * d).sum() / (w.sum() + 2 * classes.sum())
    variance = (w**2 * d.abs()).sum() + 2 * (classes**2).sum() - 2 * centre * (w**2 * d).sum()
    variance += centre**2 * ((w**2).sum() + 2 * (classes**2).sum())
    assert (high - low) / 2 == pytest.approx(np.sqrt(variance) / total, rel=1e-9)


@pytest.mark.parametrize("grouped", [False, True])
def test_losses_are_differences(engine: Engine, grouped: bool) -> None:
    rng = np.random.default_rng(3)
    a = outcomes("a.parquet", 1, value=rng.exponential(1, N))
    b = outcomes("b.parquet", 2, value=rng.exponential(0.8, N))
    change = change_of(engine, a, b, Split.TEST, "mean_loss", grouped=grouped)
    d = rows(b)["value"] - rows(a)["value"]
    assert change.amount is not None
    assert change.amount.value == pytest.approx(d.mean())
    if not grouped:
        assert change.amount.bounds(1.96) == pytest.approx(LossTally.of(d.tolist()).estimate().bounds(1.96), rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"id": [f"x{i}" for i in range(N)]}, "share no row"),
        ({"id": [f"r{i:04d}" for i in range(1, N + 1)]}, "1 rows that only the champion answered, and 1 that only"),
        ({"label": "9"}, "400 rows of test have another label"),
        ({"weight": 2.0}, "another label, weight or group"),
        ({"split": "dev"}, "share no row"),
    ],
)
def test_other_rows_are_not_paired(engine: Engine, changes: dict[str, object], why: str) -> None:
    change = change_of(
        engine, outcomes("a.parquet", 1), outcomes("b.parquet", 2, **changes), Split.TEST, "error_rate", grouped=False
    )
    assert change.amount is None
    assert why in change.why


def test_slices_and_slow_rows(engine: Engine) -> None:
    file = outcomes("a.parquet", 1)
    found = slice_errors(engine, file, Split.TEST, grouped=False)
    table = rows(file)
    for name, part in table.groupby("slice"):
        assert (found[str(name)].n, found[str(name)].wrong) == (len(part), part["value"].sum())
    assert {name: tally.n for name, tally in slice_errors(engine, file, Split.TEST, grouped=True).items()} == {
        name: tally.n for name, tally in found.items()
    }
    assert slow_rows(engine, file, 10) is None  # no row of dev


def test_what_is_written(engine: Engine) -> None:
    Path("splits").mkdir()
    for split in ("dev", "test"):
        table = pd.DataFrame({"id": [f"{split}1", f"{split}2"], "label": [1, 2], "source": "mobile", "w": [1.0, 5.0]})
        table.to_parquet(f"splits/{split}.parquet")
    answers = pd.DataFrame(
        {"id": ["dev1", "dev2", "test1", "test2"], "prediction": [1, 1, 1, 2], "latency_ms": [1, 2, 3, 4]}
    )
    answers.to_parquet("predictions.parquet")
    columns = Columns(weight="w")
    files = {Path("all.parquet"): (Split.DEV, Split.TEST), Path("dev.parquet"): (Split.DEV,)}
    write_outcomes(engine, Path("splits"), Path("predictions.parquet"), columns, None, files)
    whole = pd.read_parquet("all.parquet")
    assert whole[["id", "label", "unit", "weight", "value", "latency_ms"]].to_numpy().tolist() == [
        ["dev1", "1", "dev1", 1.0, 0.0, 1.0],
        ["dev2", "2", "dev2", 5.0, 1.0, 2.0],
        ["test1", "1", "test1", 1.0, 0.0, 3.0],
        ["test2", "2", "test2", 5.0, 0.0, 4.0],
    ]
    assert set(pd.read_parquet("dev.parquet")["split"]) == {"dev"}
    answers.iloc[:3].to_parquet("predictions.parquet")
    with pytest.raises(PredictionsError, match="1 rows of dev, test have no answer"):
        write_outcomes(engine, Path("splits"), Path("predictions.parquet"), columns, None, files)
