"""The text of a CSV file as people, spreadsheets and git leave it: lines that do not change keep every byte."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from io import StringIO
from typing import TYPE_CHECKING

from mlstrat_plugin.csv_cells import meant, neutral
from mlstrat_plugin.errors import MAX_EXAMPLES, ReviewError, did_you_mean, listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

DELIMITERS = (",", ";", "\t")
BOM = "\ufeff"
CONFLICT = re.compile(
    r"^<{7}[^\n]*\n(?P<ours>.*?)^(?:\|{7}[^\n]*\n.*?)?={7}\r?\n(?P<theirs>.*?)^>{7}", re.MULTILINE | re.DOTALL
)
MARKER = re.compile(r"^(<{7}|>{7})( |$)", re.MULTILINE)
KEY = "id"


@dataclass(frozen=True)
class Line:
    """One record: where it starts in the file, its text as it stands there, and its cells by column."""

    number: int
    raw: str
    cells: Mapping[str, str]


@dataclass(frozen=True)
class SheetText:
    """A file: how it is written, its columns, its lines in order; blank lines have no cells."""

    name: str
    bom: str
    delimiter: str
    newline: str
    head: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def rows(self) -> dict[str, Mapping[str, str]]:
        """Return the cells by id, in the order of the file."""
        return {line.cells[KEY]: line.cells for line in self.lines if line.cells}

    def with_rows(self, rows: Iterable[Mapping[str, str]]) -> SheetText:
        """Return the file with these cells changed, or with these rows at its end where their id is new.

        Columns that a row does not name keep their cells.
        """
        places = {line.cells[KEY]: place for place, line in enumerate(self.lines) if line.cells}
        lines = list(self.lines)
        for row in rows:
            place = places.get(row[KEY])
            old = {} if place is None else lines[place].cells
            cells = {**old, **row}
            if cells == old:
                continue
            line = Line(0 if place is None else lines[place].number, self._written(cells), cells)
            if place is None:
                places[row[KEY]] = len(lines)
                lines.append(line)
            else:
                lines[place] = line
        return replace(self, lines=tuple(lines))

    def without(self, row_id: str) -> SheetText:
        """Return the file without the row of this id."""
        return replace(self, lines=tuple(line for line in self.lines if line.cells.get(KEY) != row_id))

    def _written(self, cells: Mapping[str, str]) -> str:
        buffer = StringIO()
        # The writer puts quotes around whatever stands in its own line end, so both characters are in it.
        writer = csv.writer(buffer, delimiter=self.delimiter, lineterminator="\r\n")
        writer.writerow([neutral(cells.get(column, "")) for column in self.columns])
        return buffer.getvalue().removesuffix("\r\n") + self.newline

    def text(self) -> str:
        """Return the whole file."""
        parts = [self.head, *(line.raw for line in self.lines)]
        whole = (part if part.endswith(("\n", "\r")) else part + self.newline for part in parts)
        return self.bom + "".join(whole)


def parsed(data: bytes, name: str, columns: Sequence[str], typed: Sequence[str]) -> SheetText:
    r"""Read a file, whatever wrote it: a BOM, semicolons or tabs, CRLF, quotes, further columns, ragged rows.

    Parameters
    ----------
    data : bytes
        What the file holds; nothing at all is a file that has to be made.
    name : str
        The file's name, for messages.
    columns : sequence of str
        The columns that it must have, ``id`` among them; others are kept as they are.
    typed : sequence of str
        Those that a person fills in. Of two rows with one id, the one without them gives way: that is what git's union
        merge leaves of two branches that changed neighbouring lines.

    Raises
    ------
    ReviewError
        The file is not UTF-8, holds an unresolved merge conflict, is no CSV, lacks a column, or has two rows with one
        id that a person filled in differently; both rows are shown.

    Examples
    --------
    >>> sheet = parsed(b"id;tags\r\n7;'=dog\r\n", "a.csv", ["id", "tags"], ["tags"])
    >>> sheet.rows, sheet.with_rows([{"id": "8", "tags": "cat"}]).text()
    ({'7': {'id': '7', 'tags': '=dog'}}, "id;tags\r\n7;'=dog\r\n8;cat\r\n")
    """
    text = _decoded(data, name)
    bom, text = (BOM, text[1:]) if text.startswith(BOM) else ("", text)
    if not text:
        head = ",".join(columns) + "\n"
        return SheetText(name, bom, ",", "\n", head, tuple(columns), ())
    _require_merged(text, name)
    delimiter = _delimiter(text, columns)
    records = _records(text, delimiter, name)
    _, head, names = next(records, (1, "", []))
    _require_columns(names, columns, name)
    lines = []
    for number, raw, cells in records:
        if len(cells) > len(names):
            raise ReviewError(
                f"{name}:{number} has {len(cells)} cells for {len(names)} columns: {shown(raw.strip())}",
                hint="put the cell that holds a separator between double quotes",
            )
        padded = [*map(meant, cells), *[""] * (len(names) - len(cells))]
        lines.append(Line(number, raw, dict(zip(names, padded, strict=True)) if any(cells) else {}))
    newline = "\r\n" if head.endswith("\r\n") else "\n"
    kept = _without_twins(lines, name, typed)
    return SheetText(name, bom, delimiter, newline, head, tuple(names), kept)


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ReviewError(
            f"{name} is not UTF-8 text (byte {error.start:,})", hint="save it as 'CSV UTF-8' in the spreadsheet"
        ) from error


def _require_merged(text: str, name: str) -> None:
    """Refuse a file in which git left both sides of a conflict; show them."""
    if not MARKER.search(text):
        return
    found = list(CONFLICT.finditer(text))
    problems = [
        f"line {text[: match.start()].count(chr(10)) + 1}: ours {_said(match['ours'])}; theirs {_said(match['theirs'])}"
        for match in found
    ]
    said = listed(problems, MAX_EXAMPLES) if problems else "a marker stands alone"
    raise ReviewError(
        f"{name} has merge conflicts that nobody resolved:\n{said}",
        hint="keep one row for each id and delete the marker lines",
    )


def _said(rows: str) -> str:
    lines = [line for line in rows.splitlines() if line.strip()]
    more = f" and {len(lines) - 2} more" if len(lines) > 2 else ""
    return (" and ".join(shown(line) for line in lines[:2]) or "nothing") + more


def _delimiter(text: str, columns: Sequence[str]) -> str:
    """Return the separator by which the first line names the most columns."""
    first = text.split("\n", 1)[0].strip()
    return max(DELIMITERS, key=lambda mark: len({cell.strip('" ') for cell in first.split(mark)} & set(columns)))


def _records(text: str, delimiter: str, name: str) -> Iterator[tuple[int, str, list[str]]]:
    """Yield for each record the number of its first line, its text as it stands, and its cells."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in StringIO(text, newline=""):
            taken.append(line)
            yield line

    reader, number = csv.reader(lines(), delimiter=delimiter, strict=True), 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ReviewError(
                f"{name}:{number} is no CSV: {error}: {shown(taken[0].strip() if taken else '')}",
                hint="close the double quotes of that row",
            ) from error
        yield number, "".join(taken), cells
        number += sum(line.count("\n") or 1 for line in taken)
        taken.clear()


def _require_columns(names: list[str], columns: Sequence[str], name: str) -> None:
    absent = [column for column in columns if column not in names]
    twice = sorted({column for column in names if names.count(column) > 1})
    if absent or twice:
        said = [f"no column {column!r}{did_you_mean(column, names)}" for column in absent]
        said += [f"two columns {shown(column)}" for column in twice]
        raise ReviewError(
            f"{name}: {'; '.join(said)}; its first line is {shown(','.join(names))}",
            hint=f"the first line names the columns {', '.join(columns)}",
        )


def _without_twins(lines: list[Line], name: str, typed: Sequence[str]) -> tuple[Line, ...]:
    """Return one line for each id; what a person typed is never the one that goes."""
    places: dict[str, int] = {}
    kept: list[Line] = []
    problems = []
    for line in lines:
        if line.cells and not line.cells[KEY]:
            problems.append(f"line {line.number} has no id: {shown(line.raw.strip())}")
        first = places.get(line.cells[KEY]) if line.cells else None
        if first is None:
            places[line.cells.get(KEY, "")] = len(kept)
            kept.append(line)
        elif _typed(line, typed) in ((), _typed(kept[first], typed)):
            continue
        elif not _typed(kept[first], typed):
            kept[first] = line
        else:
            problems.append(
                f"{shown(line.cells[KEY])} is there twice: line {kept[first].number} {shown(kept[first].raw.strip())} "
                f"and line {line.number} {shown(line.raw.strip())}"
            )
    if problems:
        raise ReviewError(f"{name}: {listed(problems, MAX_EXAMPLES)}", hint="keep one row for each id")
    return tuple(kept)


def _typed(line: Line, typed: Sequence[str]) -> tuple[str, ...]:
    """Return what a person typed into a line; None if nobody did."""
    cells = tuple(line.cells.get(column, "").strip() for column in typed)
    return cells if any(cells) else ()
