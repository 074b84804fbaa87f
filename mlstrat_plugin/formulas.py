"""Cells of a CSV file that no spreadsheet takes for a formula, and the text they stand for."""

from __future__ import annotations

STARTS = ("=", "+", "-", "@", "\t", "\r")


def neutral(text: str) -> str:
    """Return a cell that a spreadsheet shows as it is: a quote before what it would calculate.

    >>> neutral("=cmd()"), neutral("train-dev"), neutral("'=x")
    ("'=cmd()", 'train-dev', "''=x")
    """
    return f"'{text}" if text.lstrip("'").startswith(STARTS) else text


def meant(cell: str) -> str:
    """Return the text of a cell that ``neutral`` made; any other cell is its own text.

    >>> [meant(neutral(text)) for text in ("=cmd()", "'=x", "'quoted'")]
    ['=cmd()', "'=x", "'quoted'"]
    """
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(STARTS) else cell
