"""Errors of slices: the same counts as pandas, by rows or by groups."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.engines.duckdb import Engine
from mlstrat_plugin.tables.scores.slice_errors import errors_by, slice_errors
from tests.unit.tables.scores.test_pairing import outcomes, rows


def test_rows_of_each_slice(engine: Engine, tmp_path: Path) -> None:
    file = outcomes(tmp_path / "a.parquet", 1)
    assert slice_errors(engine, file, Split.TEST, grouped=False) == {
        name: ErrorTally(wrong=int(part["value"].sum()), n=len(part)) for name, part in rows(file).groupby("slice")
    }
    assert slice_errors(engine, file, Split.DEV, grouped=False) == {}


def test_groups_of_each_slice(engine: Engine, tmp_path: Path) -> None:
    file = outcomes(tmp_path / "a.parquet", 1)
    found = slice_errors(engine, file, Split.TEST, grouped=True)
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
def test_any_column_makes_parts(engine: Engine, grouped: bool) -> None:
    table = pd.DataFrame({"eyeball": [True, True, False, None], "unit": ["u", "u", "v", "w"], "value": [1, 0, 1, 0]})
    found = errors_by(engine, engine.columns(**table.to_dict("list")), "eyeball", grouped=grouped)
    assert {key: (tally.n, tally.wrong) for key, tally in found.items()} == {True: (2, 1), False: (1, 1), None: (1, 0)}
