from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.tables.scores.scoring import Model

if TYPE_CHECKING:
    from pathlib import Path

    from mlstrat_plugin.tables.engines.duckdb import Engine


@pytest.fixture
def model(engine: Engine, tmp_path: Path) -> Model:
    return Model(engine, tmp_path)
