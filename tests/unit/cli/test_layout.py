"""Tables and sentences fit their width, keep numbers in line, and cut nothing but data."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from mlstrat_plugin.cli.layout import HEAD, cut, table_lines, wrapped
from mlstrat_plugin.report.tables import Row, Table

ERRORS = Table(
    ("error", "value", "95% interval", "errors / rows"),
    (
        Row("human", ("1.00%", "declared", "")),
        Row("train", ("9.07%", "6.38 to 12.7", "230 / 2,536 (317)"), "material"),
        Row("dev", ("25.3%", "20.6 to 30.6", "1,588 / 12,328")),
    ),
)


def text(table: Table, width: int = 80) -> list[str]:
    return [line.name + line.rest for line in table_lines(table, width)]


def test_numbers_of_a_column_are_in_line() -> None:
    assert text(ERRORS) == [
        "  error   value  95% interval   errors / rows",
        "  human   1.00%  declared",
        "  train   9.07%   6.38 to 12.7    230 /  2,536 (317)",
        "  dev    25.3%   20.6  to 30.6  1,588 / 12,328",
    ]


def test_the_name_of_a_row_is_told_apart_for_its_colour() -> None:
    head, _, train, _ = table_lines(ERRORS, 80)
    assert (head.status, train.status, train.name) == (HEAD, "material", "  train")


def test_only_columns_of_data_are_cut() -> None:
    table = Table(("source", "rows"), (Row("photographs of the street", ("12",)),), data=(0,))
    assert text(table, 24) == ["  source            rows", "  photographs of…     12"]
    assert text(table, 40)[1] == "  photographs of the street    12"


def test_columns_of_data_share_what_room_there_is() -> None:
    table = Table(("id", "split", "label"), (Row("x" * 90, ("dev", "y" * 50)),), data=(0, 2))
    (line,) = text(table)[1:]
    assert cell_len(line) == 80
    assert abs(line.count("x") - line.count("y")) <= 1


def test_a_table_too_wide_becomes_blocks() -> None:
    table = Table(
        ("slice", "errors / rows", "interval"),
        (Row("1", ("12 / 60", "9.0 to 14.1"), "material"), Row("2", ("", "none"))),
    )
    assert text(table, 30) == [
        "  1",
        "    errors / rows: 12 / 60",
        "    interval: 9.0 to 14.1",
        "  2",
        "    interval: none",
    ]
    assert table_lines(table, 30)[0].status == "material"


def test_blocks_cut_data_alone() -> None:
    table = Table(
        ("run", "label", "a head"), (Row("r" * 99, ("l" * 99, "of words that wrap between themselves")),), data=(0, 1)
    )
    lines = text(table, 30)
    assert lines[0] == "  " + "r" * 27 + "…"
    assert lines[1] == "    label: " + "l" * 18 + "…"
    assert lines[2:] == ["    a head: of words that wrap", "      between themselves"]


def test_a_head_that_is_data_is_cut() -> None:
    table = Table(("setting", "h" * 50), (Row("a.b", ("1",)),), data=(0, 1))
    assert text(table)[0] == "  setting  " + "h" * 23 + "…"


def test_control_characters_and_breaks_of_data_stay_in_their_cell() -> None:
    assert text(Table(("a", "b"), (Row("x\n\x1b[31my", ("1",)),)))[1] == "  x\\n\\x1b[31my  1"


def test_a_table_without_rows_has_no_lines() -> None:
    assert text(Table(("a",), ())) == []


@pytest.mark.parametrize(
    ("given_", "width", "shown"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("語語語", 4, "語…"), ("a  bc", 3, "a…")]
)
def test_cut_counts_columns(given_: str, width: int, shown: str) -> None:
    assert cut(given_, width) == shown


def test_sentences_break_between_words() -> None:
    assert wrapped("one two three", 8, first="- ", rest="  ") == ["- one", "  two", "  three"]
    assert wrapped("falls by 4.0 [2.1, 5.9].", 18) == ["falls by 4.0", "[2.1, 5.9]."]
    assert wrapped("above\n\nbelow", 80) == ["above", "", "below"]


@example("\x1f\U0001123f\x08\U0001123f", 20)  # a word longer than its first line, on lines that start further right
@given(st.text(max_size=300), st.integers(20, 100))
def test_no_line_is_wider_than_asked(words: str, width: int) -> None:
    assert all(cell_len(line) <= width for line in wrapped(words, width, first=" " * 4, rest=" " * 9))


@given(
    st.lists(st.tuples(st.text(max_size=90), st.text(max_size=90), st.floats(-1e9, 1e9)), min_size=1, max_size=4),
    st.integers(40, 100),
)
def test_no_table_is_wider_than_asked(cells: list[tuple[str, str, float]], width: int) -> None:
    rows = tuple(Row(name, (label, f"{number:,.2f}")) for name, label, number in cells)
    assert all(cell_len(line) <= width for line in text(Table(("name", "label", "number"), rows, data=(0, 1)), width))
