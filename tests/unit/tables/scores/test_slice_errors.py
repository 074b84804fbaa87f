from __future__ import annotations

from pathlib import Path

from mlstrat_plugin.params.data import Engine as EngineParams
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.tables.engines.duckdb import Engine
from mlstrat_plugin.tables.scores.conditions import slow_rows
from mlstrat_plugin.tables.scores.slice_errors import slice_errors
from tests.unit.tables.scores.test_pairing import outcomes, rows


def test_slices_and_slow_rows(tmp_path: Path) -> None:
    engine = Engine(EngineParams(), ordered=False)
    file = outcomes(tmp_path / "a.parquet", 1)
    found = slice_errors(engine, file, Split.TEST, grouped=False)
    table = rows(file)
    for name, part in table.groupby("slice"):
        assert (found[str(name)].n, found[str(name)].wrong) == (len(part), part["value"].sum())
    assert {name: tally.n for name, tally in slice_errors(engine, file, Split.TEST, grouped=True).items()} == {
        name: tally.n for name, tally in found.items()
    }
    assert slow_rows(engine, file, 10) is None  # no row of dev
