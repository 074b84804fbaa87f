from __future__ import annotations

from functools import reduce
from hashlib import md5
from typing import TYPE_CHECKING

import pandas as pd

from mlstrat_plugin.params.data import Engine as EngineParams
from mlstrat_plugin.tables.engines.duckdb import Engine

if TYPE_CHECKING:
    from pathlib import Path

IDS = ["a", "message digest", "ü", ""]


def test_fingerprint_is_the_exclusive_or_of_md5(tmp_path: Path) -> None:
    # digests from hashlib (RFC 1321), the bytes as the engine reads them: the lowest first
    expected = reduce(lambda a, b: a ^ b, (int.from_bytes(md5(i.encode()).digest(), "little") for i in IDS))
    with Engine(EngineParams(memory_mb=256)) as engine:
        for ids in (IDS, IDS[::-1]):
            pd.DataFrame({"id": ids, "part": "x"}).to_parquet(tmp_path / "rows.parquet")
            rows = engine.read_parquet([tmp_path / "rows.parquet"])
            assert engine.fingerprints(rows, of="id", by=("part",)) == [{"part": "x", "n": 4, "digest": expected}]
