"""The engine: what it reads, keeps, writes and fingerprints, and what it says of files that it cannot read."""

from __future__ import annotations

from functools import reduce
from hashlib import md5
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.errors import SourceError
from mlstrat_plugin.params.data import Engine as EngineParams
from mlstrat_plugin.tables.engines.duckdb import Engine, reading

if TYPE_CHECKING:
    from pathlib import Path

IDS = ["a", "message digest", "ü", ""]


def expected(ids: list[str]) -> int:
    """Return the exclusive or of digests from hashlib (RFC 1321), the bytes as the engine reads them: lowest first."""
    return reduce(lambda a, b: a ^ b, (int.from_bytes(md5(i.encode()).digest(), "little") for i in ids))


def test_fingerprint_is_the_exclusive_or_of_md5(engine: Engine, tmp_path: Path) -> None:
    for ids in (IDS, IDS[::-1]):
        pd.DataFrame({"id": ids, "part": "x"}).to_parquet(tmp_path / "rows.parquet")
        rows = engine.read_parquet([tmp_path / "rows.parquet"])
        assert engine.fingerprints(rows, of="id", by=("part",)) == [{"part": "x", "n": 4, "digest": expected(IDS)}]


@given(
    ids=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=20)
)
def test_fingerprints_of_parts_combine(engine: Engine, ids: list[str]) -> None:
    rows = engine.texts(id=ids, part=[f"part{place % 3}" for place in range(len(ids))])
    parts = engine.fingerprints(rows, of="id", by=("part",))
    assert sum(part["n"] for part in parts) == len(ids)
    assert reduce(lambda a, b: a ^ b, (part["digest"] for part in parts)) == expected(ids)


def test_named_columns_of_csv_stay_text(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('id,n,said\n007,1,"a, ""b"""\n010,2,\n', encoding="utf-8")
    table = engine.read(tmp_path / "rows.csv", text_columns=["id", "not there"])
    assert engine.rows(table) == [{"id": "007", "n": 1, "said": 'a, "b"'}, {"id": "010", "n": 2, "said": None}]


def test_columns_of_several_files_meet_by_name(engine: Engine, tmp_path: Path) -> None:
    pd.DataFrame({"id": ["a"], "n": [1]}).to_parquet(tmp_path / "one.parquet")
    pd.DataFrame({"m": [2.5], "id": ["b"]}).to_parquet(tmp_path / "two.parquet")
    table = engine.read_parquet([tmp_path / "one.parquet", tmp_path / "two.parquet"])
    assert engine.rows(table.order_by("id")) == [{"id": "a", "n": 1, "m": None}, {"id": "b", "n": None, "m": 2.5}]
    assert engine.count(table) == 2


def test_values_in_memory_become_a_table(engine: Engine) -> None:
    assert engine.rows(engine.columns(id=["a", "b"], n=[1, None])) == [{"id": "a", "n": 1}, {"id": "b", "n": None}]
    nothing = engine.columns(id=[None, None])
    assert nothing.id.type().is_string()
    with pytest.raises(SourceError, match="the values of label are of several types"):
        engine.columns(label=[1, "one"])


def test_what_is_kept_does_not_follow_the_file(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    pd.DataFrame({"id": ["a"]}).to_parquet(file)
    kept = engine.keep(engine.read_parquet([file]))
    file.unlink()
    assert engine.rows(kept) == [{"id": "a"}]


def test_bytes_do_not_depend_on_threads(tmp_path: Path) -> None:
    pd.DataFrame({"id": [f"r{i:06d}" for i in range(200_000)], "n": range(200_000)}).to_parquet(tmp_path / "in.parquet")
    for threads in (1, 2):
        with Engine(EngineParams(threads=threads)) as engine:
            rows = engine.read_parquet([tmp_path / "in.parquet"])
            engine.write_parquet(rows.filter(rows.n % 3 > 0), tmp_path / f"{threads}.parquet")
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


def test_what_cannot_be_read_is_said_in_one_bounded_line(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1" + b"\n" * 2_000 + b"PAR1")
    with pytest.raises(SourceError) as caught, reading("the table", "write it again"):
        engine.read_parquet([tmp_path / "bad.parquet"])
    assert caught.value.message.startswith("cannot read the table: ")
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 350
    assert caught.value.hint == "write it again"


def test_our_own_errors_pass_through_reading() -> None:
    with pytest.raises(SourceError, match="mine"), reading("the table", "write it again"):
        raise SourceError("mine", hint="")
