"""What a column holds, for every type that Parquet files bring."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlstrat_plugin.tables.values import infinite, kind, missing

if TYPE_CHECKING:
    from pathlib import Path

    from ibis.expr.types import Table, Value

    from mlstrat_plugin.tables.engines.duckdb import Engine

NAN, INF = float("nan"), float("inf")
WHOLE = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
FLOATS = [pa.float32(), pa.float64()]
TEXTS = [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]
OTHERS: list[tuple[pa.DataType, Any, str]] = [
    (pa.date32(), date(2026, 11, 24), "date"),
    (pa.timestamp("us"), datetime(2026, 11, 24), "timestamp(6)"),  # noqa: DTZ001 - a column without a zone
    (pa.timestamp("us", tz="UTC"), datetime(2026, 11, 24, tzinfo=UTC), "timestamp('UTC', 6)"),
    (pa.decimal128(6, 2), Decimal("1.50"), "decimal(6, 2)"),
    (pa.binary(), b"a", "binary"),
    (pa.list_(pa.int64()), [1], "array<int64>"),
    (pa.struct({"a": pa.int64()}), {"a": 1}, "struct<a: int64>"),
]


def column(engine: Engine, tmp_path: Path, values: list[Any], dtype: pa.DataType) -> Table:
    """Return a table with one column ``x`` and the places of its rows."""
    file = tmp_path / "column.parquet"
    pq.write_table(pa.table({"x": pa.array(values, dtype), "place": list(range(len(values)))}), file)
    return engine.read_parquet([file])


def found(engine: Engine, table: Table, where: Value) -> list[bool]:
    """Return a condition on each row, as true or false: a null would fail."""
    rows = engine.rows(table.select("place", there=where).order_by("place"))
    assert all(row["there"] is not None for row in rows)
    return [row["there"] for row in rows]


@pytest.mark.parametrize(
    ("dtype", "value", "name"),
    [
        *((dtype, 1, "integer") for dtype in WHOLE),
        *((dtype, 1.5, "floating") for dtype in FLOATS),
        *((dtype, "a", "string") for dtype in TEXTS),
        (pa.bool_(), True, "boolean"),
        *OTHERS,
    ],
    ids=str,
)
def test_kind_and_missing(engine: Engine, tmp_path: Path, dtype: pa.DataType, value: Any, name: str) -> None:
    table = column(engine, tmp_path, [value, None], dtype)
    assert kind(table.x) == name
    assert found(engine, table, missing(table.x)) == [False, True]


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_nan_is_missing_and_infinity_is_not(engine: Engine, tmp_path: Path, dtype: pa.DataType) -> None:
    table = column(engine, tmp_path, [0.0, NAN, INF, -INF, None], dtype)
    assert found(engine, table, missing(table.x)) == [False, True, False, False, True]
    assert found(engine, table, infinite(table.x)) == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("dtype", "value"), [*((dtype, 7) for dtype in WHOLE), (pa.decimal128(6, 2), Decimal("1.50"))], ids=str
)
def test_whole_numbers_are_finite(engine: Engine, tmp_path: Path, dtype: pa.DataType, value: Any) -> None:
    table = column(engine, tmp_path, [value, None], dtype)
    assert found(engine, table, infinite(table.x)) == [False, False]


def test_the_text_nan_is_a_text(engine: Engine, tmp_path: Path) -> None:
    table = column(engine, tmp_path, ["NaN", "", None], pa.string())
    assert found(engine, table, missing(table.x)) == [False, False, True]
