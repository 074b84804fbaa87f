"""Errors of slices: the same counts as pandas, by rows or by groups."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.records.metrics import metric_named
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.engines.duckdb import Engine
from mlstrat_plugin.tables.scores.slice_errors import errors_by, slice_errors
from tests.unit.core.estimates.kinds import losses_of
from tests.unit.tables.scores.test_pairing import outcomes, rows

ERRORS, LOSSES = metric_named("error_rate"), metric_named("mean_loss")


def test_rows_of_each_slice(engine: Engine, tmp_path: Path) -> None:
    file = outcomes(tmp_path / "a.parquet", 1)
    assert slice_errors(engine, file, Split.TEST, ERRORS, grouped=False) == {
        name: ErrorTally(wrong=int(part["value"].sum()), n=len(part)) for name, part in rows(file).groupby("slice")
    }
    assert slice_errors(engine, file, Split.DEV, ERRORS, grouped=False) == {}


def test_groups_of_each_slice(engine: Engine, tmp_path: Path) -> None:
    file = outcomes(tmp_path / "a.parquet", 1)
    found = slice_errors(engine, file, Split.TEST, ERRORS, grouped=True)
    for name, part in rows(file).groupby("slice"):
        units = part.groupby("unit")["value"].agg(["sum", "count"])
        tally = found[str(name)]
        assert isinstance(tally, RatioTally)
        assert (tally.n, tally.units, tally.a) == (len(part), len(units), units["sum"].sum())
        assert (tally.aa, tally.ab, tally.bb) == (
            (units["sum"] ** 2).sum(),
            (units["sum"] * units["count"]).sum(),
            (units["count"] ** 2).sum(),
        )


@pytest.mark.parametrize("grouped", [False, True])
def test_losses_of_each_slice(engine: Engine, tmp_path: Path, grouped: bool) -> None:
    values = np.random.default_rng(2).gamma(1.0, 7.0, 400)
    own = {} if grouped else {"unit": [f"r{i:04d}" for i in range(400)]}
    file = outcomes(tmp_path / "a.parquet", 1, value=values, **own)
    found = slice_errors(engine, file, Split.TEST, LOSSES, grouped=grouped)
    for name, part in rows(file).groupby("slice"):
        expected = losses_of([list(unit["value"]) for _, unit in part.groupby("unit")])
        assert found[str(name)].estimate().value == pytest.approx(part["value"].mean())
        bounds = replace(expected, grouped=grouped).estimate().bounds(2.0)
        assert found[str(name)].estimate().bounds(2.0) == pytest.approx(bounds)


@pytest.mark.parametrize("grouped", [False, True])
def test_any_column_makes_parts(engine: Engine, grouped: bool) -> None:
    table = pd.DataFrame({"eyeball": [True, True, False, None], "unit": ["u", "u", "v", "w"], "value": [1, 0, 1, 0]})
    found = errors_by(engine, engine.columns(**table.to_dict("list")), "eyeball", grouped=grouped)
    assert {key: (tally.n, tally.wrong) for key, tally in found.items()} == {True: (2, 1), False: (1, 1), None: (1, 0)}
