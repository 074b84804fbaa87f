"""A table as text: heads, rows, and which columns hold what data named."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Row:
    """One line of a table, as text."""

    name: str
    cells: tuple[str, ...]
    status: str = ""


@dataclass(frozen=True)
class Table:
    """Heads and rows.

    Parameters
    ----------
    head : tuple of str
        What heads each column, the rows' names first.
    rows : tuple of Row
        One cell less than there are heads, as the name comes first.
    data : tuple of int
        Columns whose text comes from data, such as names of sources: where room is short, they alone may be cut.

    Examples
    --------
    >>> table = Table(("gap", "points", "method"), (Row("bias", ("8.1", "mover")),))
    >>> table.without("method").rows[0].cells
    ('8.1',)
    """

    head: tuple[str, ...]
    rows: tuple[Row, ...]
    data: tuple[int, ...] = ()

    def without(self, *heads: str) -> Table:
        """Return the table without some columns; the first column stays."""
        kept = [place for place, head in enumerate(self.head) if head not in heads]
        return replace(
            self,
            head=tuple(self.head[place] for place in kept),
            rows=tuple(replace(row, cells=tuple(row.cells[place - 1] for place in kept[1:])) for row in self.rows),
            data=tuple(kept.index(place) for place in self.data if place in kept),
        )

    def only(self, *heads: str) -> Table:
        """Return the table with these columns alone, next to the first one."""
        return self.without(*(head for head in self.head[1:] if head not in heads))
