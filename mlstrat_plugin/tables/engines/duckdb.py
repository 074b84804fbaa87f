"""The engine behind the scans: the only place that knows which database runs an Ibis expression."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.errors import MlstratError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ibis.expr.types import Table as Table  # what every scan is, named here for those who do not build one

    from mlstrat_plugin.params.data import Engine as EngineParams

CSV_DIALECT = {
    "header": True,
    "delim": ",",
    "quote": '"',
    "escape": '"',
    "strict_mode": True,
    "sample_size": -1,
}

# Dictionaries pay for columns of few values and cost a tenth of the time for ids and paths, so large ones are given up.
PARQUET = {"compression": "snappy", "parquet_version": "v2", "string_dictionary_page_size_limit": 100_000}


class Engine:
    """DuckDB through Ibis: reads tables, runs expressions, writes Parquet.

    Parameters
    ----------
    params : params.Engine
        Cores and memory.
    ordered : bool
        Rows keep their order, which the bytes of a split rest on. Sums need none, and without it the engine can spill
        more to disk.
    """

    def __init__(self, params: EngineParams, *, ordered: bool = True) -> None:
        import ibis

        settings: dict[str, Any] = {"memory_limit": f"{params.memory_mb}MB"}
        if params.threads:
            settings["threads"] = params.threads
        self._connection = ibis.duckdb.connect(**settings)
        # Joins run as they are written, the right side in memory: rows then keep the order of the left side, which is
        # what makes the bytes of a split the same on every run.
        self._connection.raw_sql("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        if not ordered:
            self._connection.raw_sql("SET preserve_insertion_order = false")
        # Order-free fingerprint of a set of texts: the exclusive or of their digests, as numbers.
        self._connection.raw_sql("CREATE TEMP MACRO xor_digests(x) AS bit_xor(md5_number(x))::VARCHAR")
        self._xor_digests = ibis.udf.agg.builtin(_xor_digests, name="xor_digests")
        self._kept = 0

    def close(self) -> None:
        """Release the memory and the spill files."""
        self._connection.disconnect()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read_parquet(self, files: list[Path]) -> Table:
        """Return the rows of one or more Parquet files, columns matched by name."""
        return self._connection.read_parquet([str(file) for file in files], union_by_name=len(files) > 1)

    def read_csv(self, file: Path, *, text_columns: list[str]) -> Table:
        """Return the rows of a UTF-8, comma-separated CSV file; the named columns stay text, so that ``007`` does too.

        The file is parsed once and kept in memory (it spills to disk), because every stage scans it several times.
        """
        known = self._connection.read_csv(str(file), **CSV_DIALECT).columns
        types = {column: "VARCHAR" for column in text_columns if column in known}
        parsed = self._connection.read_csv(str(file), **CSV_DIALECT, **({"types": types} if types else {}))
        return self.keep(parsed)

    def read(self, file: Path, *, text_columns: list[str]) -> Table:
        """Return the rows of one file, CSV or Parquet by its ending; see ``read_csv`` for the named columns."""
        if file.suffix == ".csv":
            return self.read_csv(file, text_columns=text_columns)
        return self.read_parquet([file])

    def keep(self, table: Table) -> Table:
        """Compute a table once and return the stored rows."""
        self._kept += 1
        return self._connection.create_table(f"kept_{self._kept}", table, temp=True)

    def texts(self, **columns: Iterable[str]) -> Table:
        """Return a stored table of texts, from one sequence per column, all of one length."""
        self._kept += 1
        name = f"texts_{self._kept}"
        picked = ", ".join(f"unnest(?::VARCHAR[]) AS {column}" for column in columns)
        values = [list(texts) for texts in columns.values()]
        self._connection.con.execute(f"CREATE TEMP TABLE {name} AS SELECT {picked}", values)
        return self._connection.table(name)

    def columns(self, **columns: Sequence[Any]) -> Table:
        """Return a stored table of values that are in memory, from one sequence per column, all of one length.

        Raises
        ------
        SourceError
            A column holds values of several types.
        """
        import pyarrow as pa

        self._kept += 1
        made = {}
        for name, values in columns.items():
            try:
                column = pa.array(values, from_pandas=True)
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise SourceError(
                    f"the values of {name} are of several types: {error}", hint="make them one"
                ) from error
            made[name] = column.cast(pa.string()) if pa.types.is_null(column.type) else column
        name, connection = f"columns_{self._kept}", self._connection.con
        connection.register(f"arrow_{name}", pa.table(made))
        connection.execute(f"CREATE TEMP TABLE {name} AS FROM arrow_{name}")
        connection.unregister(f"arrow_{name}")
        return self._connection.table(name)

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return the rows of a small table; asked of the database directly, which spares the import of pandas."""
        answer = self._connection.raw_sql(self._connection.compile(table))
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def frame(self, table: Table) -> Any:
        """Return the rows as a pandas DataFrame, for a caller that takes nothing else, such as a model of MLflow."""
        return self._connection.to_pyarrow(table).to_pandas()

    def count(self, table: Table) -> int:
        """Return the number of rows."""
        return int(self.rows(table.aggregate(n=table.count()))[0]["n"])

    def write_parquet(self, table: Table, file: Path) -> None:
        """Write rows in their order; identical rows give identical bytes on any number of threads."""
        self._connection.to_parquet(table, str(file), **PARQUET)

    def fingerprints(self, table: Table, *, of: str, by: tuple[str, ...]) -> list[dict[str, Any]]:
        """Count and fingerprint a text column by groups of other columns.

        Returns
        -------
        list of dict
            The ``by`` columns, ``n`` (rows) and ``digest`` (an integer of 128 bits that does not depend on row order;
            those of two disjoint sets of rows combine by exclusive or).
        """
        found = self.rows(
            table.group_by(list(by)).agg(n=table.count(), digest=self._xor_digests(table[of].cast("string")))
        )
        return [{**row, "digest": int(row["digest"])} for row in found]


def _xor_digests(texts: str) -> str:  # type: ignore[empty-body]  # a name for the engine's own macro
    """Return the exclusive or of the digests of all texts, as the digits of an integer."""


@contextmanager
def reading(what: str, hint: str) -> Iterator[None]:
    """Turn whatever the engine says about unreadable input into one bounded message that names the file."""
    import duckdb
    import ibis

    try:
        yield
    except MlstratError:
        raise
    except (duckdb.Error, ibis.IbisError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise SourceError(f"cannot read {what}: {reason}", hint=hint) from error
