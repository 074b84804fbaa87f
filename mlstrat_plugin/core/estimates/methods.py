"""How an estimate's bounds are made: a value that code compares and people read."""

from __future__ import annotations

from dataclasses import dataclass

from mlstrat_plugin.records import words


@dataclass(frozen=True)
class Method:
    """One way to make bounds.

    Parameters
    ----------
    name : str
        The method, such as ``wilson``.
    of : str
        What it is applied to, where that is not plain rows: ``weighted``, ``f1``.
    grouped : bool
        Its units are groups of rows.
    paired : bool
        It compares two models on the same rows.

    Examples
    --------
    >>> str(Method("wilson", of="weighted", grouped=True))
    'weighted grouped wilson'
    """

    name: str
    of: str = ""
    grouped: bool = False
    paired: bool = False

    def __str__(self) -> str:
        return " ".join(word for word in (self.of, "grouped" if self.grouped else "", self.name) if word)


WILSON = Method("wilson")
DECLARED = Method("declared")
EXACT = Method(words.EXACT)
MOVER = Method("mover")
