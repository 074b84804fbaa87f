"""Open the sources: one table each, with the columns that the params promise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from mlstrat_plugin.errors import SourceError, did_you_mean, listed
from mlstrat_plugin.tables.engines.duckdb import Engine, reading
from mlstrat_plugin.tables.values import missing

if TYPE_CHECKING:
    from pathlib import Path

    from ibis.expr.types import Table, Value

    from mlstrat_plugin.params.data import Columns
    from mlstrat_plugin.params.project import Project

OWN = "mlstrat_"  # prefix of the columns that mlstrat adds for itself and never writes
ROLE = f"{OWN}role"
SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True)
class OpenSource:
    """A source that can be scanned."""

    name: str
    role: str
    table: Table
    files: tuple[Path, ...]

    @property
    def bytes(self) -> int:
        """Return the size of its files."""
        return sum(file.stat().st_size for file in self.files)


def open_sources(engine: Engine, project: Project) -> list[OpenSource]:
    """Open every source and check that it has the promised columns, with the same types everywhere.

    Raises
    ------
    SourceError
        A file is missing, empty or unreadable; a column is missing (with the closest name); a column has another
        type than in another source. All problems of all sources are named.
    """
    opened: list[OpenSource] = []
    problems: list[str] = []
    hints: list[str] = []
    columns = project.params.columns
    for name, source in project.params.sources.items():
        try:
            opened.append(_open(engine, name, source.role, project.path(source.path), columns))
        except SourceError as error:
            problems.append(error.message)
            hints.append(error.hint)
    problems += _type_problems(opened)
    if problems:
        raise SourceError(
            listed(problems), hint=next(filter(None, hints), "make the types agree where sources are made")
        )
    return opened


def _open(engine: Engine, name: str, role: str, path: Path, columns: Columns) -> OpenSource:
    where = f"source {name!r} ({path})"
    files = _files(where, path)
    with reading(where, "write it again, as Parquet or as UTF-8 CSV with commas and a header line"):
        if path.suffix == ".csv":
            text = [columns.id, *columns.content, *([columns.group] if columns.group else [])]
            table = engine.read_csv(files[0], text_columns=text)
        else:
            table = engine.read_parquet(files)
        if engine.count(table) == 0:
            raise SourceError(f"{where} has no rows", hint="check the stage or the export that writes it")
    missing = [column for column in columns.needed if column not in table.columns]
    if missing:
        named = "; ".join(f"no column {column!r}{did_you_mean(column, table.columns)}" for column in missing)
        raise SourceError(
            f"{where}: {named}; it has {', '.join(map(repr, table.columns[:20]))}",
            hint="name the columns under mlstrat.columns in params.yaml",
        )
    taken = [column for column in table.columns if column.startswith(OWN)]
    if taken:
        raise SourceError(
            f"{where} has a column {taken[0]!r}; {OWN!r} is mlstrat's own prefix", hint="rename that column"
        )
    return OpenSource(name, role, table, tuple(files))


def _files(where: str, path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(path.rglob("*.parquet"))
        if not files:
            raise SourceError(f"{where} is a folder without .parquet files", hint="point to a folder of Parquet files")
        return files
    if not path.is_file():
        raise SourceError(f"{where} does not exist", hint="make it, or correct mlstrat.sources in params.yaml")
    if path.suffix not in SUFFIXES:
        raise SourceError(f"{where} ends in {path.suffix!r}", hint=f"mlstrat reads {' and '.join(SUFFIXES)}")
    if path.stat().st_size == 0:
        raise SourceError(f"{where} is an empty file", hint="check the stage or the export that writes it")
    return [path]


def _type_problems(opened: list[OpenSource]) -> list[str]:
    """Return a sentence per column that has two types."""
    problems = []
    first: dict[str, tuple[str, object]] = {}
    for source in opened:
        for column, dtype in source.table.schema().items():
            known = first.setdefault(column, (source.name, dtype))
            if known[1] != dtype:
                problems.append(
                    f"column {column!r} is {known[1]} in source {known[0]!r} and {dtype} in source {source.name!r}"
                )
    return problems


def answer(rows: Table, columns: Columns) -> Value:
    """Return the label; of several tasks one text of all their labels, in which an empty one is left out."""
    import ibis

    if not columns.labels:
        return rows[columns.label]
    said = [
        ibis.ifelse(missing(rows[task]), "", f"{task}=" + rows[task].cast("string") + " ") for task in columns.labels
    ]
    return reduce(add, said).strip()


def together(opened: list[OpenSource]) -> Table:
    """Return all rows, in the order of the sources, with the source's name and role; missing columns are null."""
    import ibis

    columns = list(dict.fromkeys(column for source in opened for column in source.table.columns if column != "source"))
    types = {column: dtype for source in opened for column, dtype in source.table.schema().items()}
    parts = []
    for source in opened:
        has = source.table
        filled = {c: has[c] if c in has.columns else ibis.null(types[c]) for c in columns}
        parts.append(has.select(**filled, source=ibis.literal(source.name)).mutate(**{ROLE: ibis.literal(source.role)}))
    return parts[0] if len(parts) == 1 else ibis.union(*parts)
