"""Cells of a CSV file that no spreadsheet calculates or rewrites, and the text they stand for."""

from __future__ import annotations

import re

STARTS = ("=", "+", "-", "@", "\t", "\r")
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# Texts that a spreadsheet takes for a number or a date and saves as another text: 007, 1e5, 3-4, 1.10, MAR1.
REWRITTEN = re.compile(
    r"0\d+|\d{16,}|\d+(\.\d*)?e[+-]?\d+|\d{1,4}[-/:]\d{1,4}([-/:]\d{1,4})?|\d{1,4}\.\d{1,2}\.\d{2,4}|\d+\.\d*0|"
    rf"({MONTHS})[a-z]*[-. ]?\d{{1,4}}|\d{{1,4}}[-. ]?({MONTHS})[a-z]*",
    re.IGNORECASE | re.ASCII,
)


def neutral(text: str) -> str:
    """Return a cell that a spreadsheet shows, and saves, as it is: a quote before what it would take for more.

    >>> neutral("=cmd()"), neutral("007"), neutral("train-dev"), neutral("'=x")
    ("'=cmd()", "'007", 'train-dev', "''=x")
    """
    return f"'{text}" if _is_more(text.lstrip("'")) else text


def meant(cell: str) -> str:
    """Return the text of a cell that ``neutral`` made; any other cell is its own text.

    >>> [meant(neutral(text)) for text in ("=cmd()", "007", "'=x", "'quoted'")]
    ['=cmd()', '007', "'=x", "'quoted'"]
    """
    return cell[1:] if cell.startswith("'") and _is_more(cell.lstrip("'")) else cell


def _is_more(text: str) -> bool:
    return text.startswith(STARTS) or REWRITTEN.fullmatch(text) is not None
