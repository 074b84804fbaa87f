"""Tables and sentences for a terminal: numbers in line, words whole, no line wider than the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, chop_cells, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlstrat_plugin.report.tables import Row, Table

INDENT, BETWEEN = "  ", "  "
HEAD = "head"
FEWEST = 12  # the narrowest that a column of data becomes
NUMBER = re.compile(r"[-+±]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
WHOLE_PART = re.compile(r"[^\d]*[\d,]*")
WORD = re.compile(r"\[[^\]\s]+ [^\]\s]+\]\S*|\S+")  # an interval counts as one


class Line(NamedTuple):
    """A line of a table: the row's name, the rest, and how the name is to look: its status, or ``head``."""

    name: str
    rest: str
    status: str = ""


def plain(text: str) -> str:
    r"""Return text in which control characters are written out.

    >>> plain("a\x1b[31m")
    'a\\x1b[31m'
    """
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def flat(text: str) -> str:
    r"""Return text from data as one line.

    >>> flat("a\nb")
    'a\\nb'
    """
    return plain(text).replace("\n", "\\n")


def cut(text: str, width: int) -> str:
    """Return text from data in at most so many columns, with an ellipsis if it is cut.

    >>> cut("pedestrian", 6), cut("car", 6)
    ('pedes…', 'car')
    """
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """Return text as lines that break between words; only a word or interval longer than a line is broken itself.

    Parameters
    ----------
    text : str
        One paragraph, or several on lines of their own.
    width : int
        The widest that a line may be.
    first, rest : str
        What the first line and all others start with.

    Examples
    --------
    >>> wrapped("Get more training data.", 16, first="- ", rest="  ")
    ['- Get more', '  training data.']
    """
    lines: list[str] = []
    line, empty = first, True
    for paragraph in plain(text).split("\n"):
        for word in WORD.findall(paragraph):
            if not empty and cell_len(line) + 1 + cell_len(word) > width:
                lines, line, empty = [*lines, line], rest, True
            *whole, last = _chopped(word, width - cell_len(line), width - cell_len(rest)) if empty else [" " + word]
            for part in whole:
                lines, line = [*lines, line + part], rest
            line, empty = line + last, False
        lines, line, empty = [*lines, line], rest, True
    return [line.rstrip() for line in lines]


def _chopped(word: str, first: int, others: int) -> list[str]:
    """Return a word in pieces: one that fits the line it begins on, and others for the lines below."""
    head, *more = chop_cells(word, first)
    return [head, *chop_cells(word[len(head) :], others)] if more else [head]


def table_lines(table: Table, width: int) -> list[Line]:
    """Return the head of a table and a line for each row; a table too wide becomes a block of lines for each row.

    Numbers of one column stand in line by their decimal points. Only columns of data are cut, and none below
    ``FEWEST``.

    Parameters
    ----------
    table : Table
        What to show.
    width : int
        The widest that a line may be.
    """
    columns = [list(map(flat, column)) for column in zip(*((r.name, *r.cells) for r in table.rows), strict=True)]
    if not columns:
        return []
    shown = [column if place in table.data else _in_line(column) for place, column in enumerate(columns)]
    heads = [cut(flat(head), FEWEST * 2) if place in table.data else head for place, head in enumerate(table.head)]
    widths = [max(map(cell_len, (head, *column))) for head, column in zip(heads, shown, strict=True)]
    room = width - len(INDENT) - len(BETWEEN) * (len(widths) - 1)
    least = {place: max(FEWEST, cell_len(heads[place])) for place in table.data}
    while sum(widths) > room and (wide := [place for place in table.data if widths[place] > least[place]]):
        widths[max(wide, key=widths.__getitem__)] -= 1
    if sum(widths) > room:
        return _blocks(table, width)
    right = [place not in table.data and _is_number(column) for place, column in enumerate(shown)]
    lines = [_line(cells, widths, right) for cells in zip(*shown, strict=True)]
    told = [Line(*line, status=row.status) for line, row in zip(lines, table.rows, strict=True)]
    return [Line("".join(_line(heads, widths, right)), "", HEAD), *told]


def _line(cells: Iterable[str], widths: Sequence[int], right: Sequence[bool]) -> tuple[str, str]:
    """Return the name and the rest of a line."""
    padded = []
    for cell, width, to_the_right in zip(cells, widths, right, strict=True):
        text = cut(cell, width)
        padding = " " * (width - cell_len(text))
        padded.append(padding + text if to_the_right else text + padding)
    return INDENT + padded[0], "".join(BETWEEN + text for text in padded[1:]).rstrip()


def _blocks(table: Table, width: int) -> list[Line]:
    """Return each row as its name, then one line for each cell."""
    lines: list[Line] = []
    for row in table.rows:
        lines.append(Line(INDENT + cut(flat(row.name), width - len(INDENT)), "", row.status))
        lines += [Line("", line) for line in _cells(row, table, width)]
    return lines


def _cells(row: Row, table: Table, width: int) -> list[str]:
    lines = []
    for place, (head, cell) in enumerate(zip(table.head[1:], row.cells, strict=True), start=1):
        if place in table.data:
            lines.append(INDENT * 2 + cut(f"{cut(flat(head), FEWEST * 2)}: {flat(cell)}", width - len(INDENT) * 2))
        elif cell:
            lines += wrapped(f"{head}: {cell}", width, first=INDENT * 2, rest=INDENT * 3)
    return lines


def _in_line(cells: Sequence[str]) -> list[str]:
    """Pad cells that have the same words around their numbers, so that these end their whole parts at one place.

    >>> _in_line(["9.07%", "18.1%", "declared"]), _in_line(["1.1 to 7.4", "-0.61 to 1.3"])
    ([' 9.07%', '18.1% ', 'declared'], [' 1.1  to 7.4', '-0.61 to 1.3'])
    """
    shapes = [NUMBER.sub("0", cell).split(" ") for cell in cells]
    longest = max((shape for shape in shapes if "0" in "".join(shape)), key=len, default=None)
    if longest is None:
        return list(cells)
    alike = [place for place, shape in enumerate(shapes) if shape == longest[: len(shape)]]
    words = {place: cells[place].split(" ") for place in alike}
    for number in range(len(longest)):
        holders = [place for place in alike if number < len(words[place])]
        parts = {place: _parts(words[place][number]) for place in holders}
        before, after = (max(len(part[side]) for part in parts.values()) for side in (0, 1))
        for place, (whole, rest) in parts.items():
            words[place][number] = whole.rjust(before) + rest.ljust(after)
    return [" ".join(words[place]) if place in words else cell for place, cell in enumerate(cells)]


def _parts(word: str) -> tuple[str, str]:
    """Return a word up to the end of its whole number, and the rest."""
    whole = WHOLE_PART.match(word)
    end = whole.end() if whole else 0
    return word[:end], word[end:]


def _is_number(cells: Sequence[str]) -> bool:
    """Return whether every filled cell of a column is one number, with its sign or unit."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(NUMBER.match(cell) and " " not in cell for cell in filled)
