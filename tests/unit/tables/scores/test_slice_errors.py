"""Errors of parts: the same counts as pandas, by rows or by groups."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mlstrat_plugin.core.estimates.rates import RatioTally
from mlstrat_plugin.tables.engines.duckdb import Engine
from mlstrat_plugin.tables.scores.slice_errors import errors_by
from tests.unit.tables.scores.test_pairing import outcomes, rows


@pytest.mark.parametrize("grouped", [False, True])
def test_parts_are_counted_as_pandas_would(engine: Engine, tmp_path: Path, grouped: bool) -> None:
    file = outcomes(tmp_path / "a.parquet", 1)
    found = errors_by(engine, engine.read_parquet([file]), "slice", grouped=grouped)
    for name, part in rows(file).groupby("slice"):
        units = part.groupby("unit")["value"].agg(["sum", "count"])
        tally = found[str(name)]
        assert (tally.n, tally.wrong) == (len(part), part["value"].sum())
        if isinstance(tally, RatioTally):
            assert (tally.units, tally.aa) == (len(units), (units["sum"] ** 2).sum())
            assert (tally.ab, tally.bb) == ((units["sum"] * units["count"]).sum(), (units["count"] ** 2).sum())
        assert isinstance(tally, RatioTally) is grouped


@pytest.mark.parametrize("grouped", [False, True])
def test_any_column_makes_parts(engine: Engine, grouped: bool) -> None:
    table = pd.DataFrame({"eyeball": [True, True, False, None], "unit": ["u", "u", "v", "w"], "value": [1, 0, 1, 0]})
    found = errors_by(engine, engine.columns(**table.to_dict("list")), "eyeball", grouped=grouped)
    assert {key: (tally.n, tally.wrong) for key, tally in found.items()} == {True: (2, 1), False: (1, 1), None: (1, 0)}
