"""One small engine for the tests of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlstrat_plugin.params.data import Engine as EngineParams
from mlstrat_plugin.tables.engines.duckdb import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(EngineParams(threads=1, memory_mb=512)) as small:
        yield small
