"""Sheets as people, spreadsheets and git leave them: read back, changed by line, nothing typed lost."""

from __future__ import annotations

import csv
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.adapters.reviews import (
    AUDIT,
    FIXES,
    MISTAKES,
    SheetText,
    checked_labels,
    fixes,
    looked_at,
    parsed,
    tags_of,
)
from mlstrat_plugin.csv_cells import meant, neutral
from mlstrat_plugin.errors import ReviewError

HEAD = "id,source,label,prediction,tags,label_is_wrong,comment,reviewer\n"


def sheet(rows: str, head: str = HEAD) -> SheetText:
    return MISTAKES.parse((head + rows).encode())


def test_a_new_file_is_the_header_alone() -> None:
    assert MISTAKES.parse(b"").text() == HEAD
    assert MISTAKES.parse(HEAD.encode()).rows == {}


def test_lines_that_do_not_change_keep_every_byte() -> None:
    text = HEAD + '7,web,"3",8,  blurry ;dog,,"said ""no""\nand more",Ann\n\n8,web,3,8,,,,\n9,web,3,8'
    read = MISTAKES.parse(text.encode())
    assert read.rows["7"]["comment"] == 'said "no"\nand more'
    assert read.rows["9"]["reviewer"] == ""
    changed = read.with_rows([{"id": "8", "tags": "cat"}]).text()
    assert changed == text.replace("8,web,3,8,,,,\n", "8,web,3,8,cat,,,\n") + "\n"
    assert read.with_rows([{"id": "7", "tags": "  blurry ;dog"}]).text() == text + "\n"


# What the two programs write for one sheet: Excel ("CSV UTF-8", a German desktop) and LibreOffice (all text quoted).
EXCEL = (
    "\ufeffid;source;label;prediction;tags;label_is_wrong;comment;reviewer\r\n"
    'a-1;mobile;3;8;blurry, dog;WAHR;"zwei\nZeilen; und ""mehr""";Änne\r\n'
    "'=2+3;mobile;-1;8;;;;\r\n;;;;;;;\r\n"
)
LIBRE = (
    '"id","source","label","prediction","tags","label_is_wrong","comment","reviewer"\n'
    '"a-1","mobile",3,8,"blurry, dog",TRUE,"zwei\nZeilen; und ""mehr""","Änne"\n'
    '"\'=2+3","mobile",-1,8,,,,\n'
)
TABBED = EXCEL.replace(";", "\t").replace("Zeilen\t und", "Zeilen; und").replace("\ufeff", "")


@pytest.mark.parametrize("text", [EXCEL, LIBRE, TABBED], ids=["excel", "libreoffice", "tabs"])
def test_what_spreadsheets_write_reads_back(text: str) -> None:
    read = MISTAKES.parse(text.encode())
    first, second = looked_at(read)
    assert (first.id, first.tags, first.label_is_wrong, first.reviewed) == ("a-1", ("blurry", "dog"), True, True)
    assert read.rows["a-1"]["comment"].replace("\r\n", "\n") == 'zwei\nZeilen; und "mehr"'
    assert (second.id, second.label, second.reviewed) == ("=2+3", "-1", False)
    changed = read.with_rows([{"id": "=2+3", "tags": "=cmd(); dog"}])
    again = MISTAKES.parse(changed.text().encode())
    assert tags_of(again.rows["=2+3"]["tags"]) == ("=cmd()", "dog")
    assert changed.text().startswith(text.split("a-1")[0])  # BOM, separator and line ends stay
    assert ("\r\n" in changed.text()) is ("\r\n" in text)
    assert again.rows["a-1"] == read.rows["a-1"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "'=", "''+"])
def test_formulas_are_neutral_in_the_file(start: str) -> None:
    text = MISTAKES.parse(b"").with_rows([{"id": "1", "label": "3", "comment": f"{start}HYPERLINK(A1)"}]).text()
    cell = next(csv.DictReader(StringIO(text, newline="")))["comment"]
    assert cell.startswith("'")
    assert MISTAKES.parse(text.encode()).rows["1"]["comment"] == f"{start}HYPERLINK(A1)"


@pytest.mark.parametrize(
    "text", ["007", "1e5", "12345678901234567", "3-4", "1/2/2024", "10:30", "1.10", "MAR1", "2 Sep"]
)
def test_what_a_spreadsheet_would_rewrite_is_neutral_too(text: str) -> None:
    assert neutral(text) == f"'{text}"
    assert MISTAKES.parse(MISTAKES.parse(b"").with_rows([{"id": text}]).text().encode()).rows.keys() == {text}


@pytest.mark.parametrize("text", ["7", "0", "3.5", "photo-0928-3", "cat", "a1b2c3d4", "may be"])
def test_plain_text_stays_plain(text: str) -> None:
    assert neutral(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_any_text_comes_back(text: str) -> None:
    assert meant(neutral(text)) == text
    assert not neutral(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    written = MISTAKES.parse(b"").with_rows([{"id": "1", "comment": text, "tags": "x"}]).text()
    assert MISTAKES.parse(written.encode()).rows["1"]["comment"] == text


def test_own_columns_and_another_order_stay() -> None:
    head = "mine,id,tags,label,source,prediction,label_is_wrong,comment,reviewer\n"
    read = sheet("keep,7,,3,web,8,,,\n", head)
    assert read.with_rows([{"id": "7", "tags": "dog"}]).text() == head + "keep,7,dog,3,web,8,,,\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD.encode("utf-16"), "not UTF-8"),
        ((HEAD + "7,w,Ä,8,,,,\n").encode("cp1252"), "not UTF-8"),
        (b"id,tags\n", "no column 'source'"),
        (HEAD.replace("source", "id").encode(), "two columns 'id'"),
        ((HEAD + "7,w,3,8,,,,,one too many\n").encode(), "9 cells for 8 columns"),
        ((HEAD + '7,w,3,8,"open,,,\n').encode(), "no CSV"),
        ((HEAD + ",w,3,8,,,,\n").encode(), "line 2 has no id"),
        ((HEAD + "7,w,3,8,,perhaps,,\n").encode(), "label_is_wrong is 'perhaps'"),
    ],
)
def test_what_cannot_be_read_is_said(text: bytes, said: str) -> None:
    with pytest.raises(ReviewError) as caught:
        looked_at(MISTAKES.parse(text))
    assert said in caught.value.message
    assert "reviews/dev_errors.csv" in caught.value.message
    assert caught.value.hint


def test_duplicates_show_both_rows_unless_one_is_blank() -> None:
    with pytest.raises(ReviewError) as caught:
        sheet("7,w,3,8,dog,,,Ann\n8,w,3,8,,,,\n7,w,3,8,cat,,,Bob\n")
    assert "line 2 '7,w,3,8,dog,,,Ann'" in caught.value.message
    assert "line 4 '7,w,3,8,cat,,,Bob'" in caught.value.message
    for rows in ("7,w,3,8,,,,\n7,w,3,8,cat,,,Bob\n", "7,w,3,8,cat,,,Bob\n7,w,3,8,,,,\n7,w,3,8,cat,,,Bob\n"):
        assert sheet(rows).rows["7"]["tags"] == "cat"
        assert sheet(rows).text() == HEAD + "7,w,3,8,cat,,,Bob\n"


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    name = ["-c", "user.name=a", "-c", "user.email=a@localhost"]
    return subprocess.run(["git", *name, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def review(rows: SheetText, ids: list[str], name: str) -> str:
    return rows.with_rows([{"id": i, "tags": f"tag {i}", "reviewer": name} for i in ids]).text()


@pytest.mark.integration
@pytest.mark.parametrize("union", [True, False])
def test_two_peoples_branches_merge_by_line(tmp_path: Path, union: bool) -> None:
    start = MISTAKES.parse(b"").with_rows([{"id": str(i), "label": "3", "prediction": "8"} for i in range(20)])
    file = tmp_path / "dev_errors.csv"
    git(tmp_path, "init", "-q", "-b", "main")
    if union:
        (tmp_path / ".gitattributes").write_text("*.csv merge=union\n")
    file.write_text(start.text())
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "start")
    git(tmp_path, "checkout", "-qb", "ann")
    ann, bob = [str(i) for i in range(10)], [str(i) for i in range(10, 20)]
    file.write_text(review(start, ann, "Ann"))
    git(tmp_path, "commit", "-qam", "ann")
    git(tmp_path, "checkout", "-q", "main")
    file.write_text(review(start, bob, "Bob"))  # the next line after Ann's last: git calls that a conflict
    git(tmp_path, "commit", "-qam", "bob")
    merged = git(tmp_path, "merge", "ann")
    if union:
        assert merged.returncode == 0
        rows = MISTAKES.parse(file.read_bytes()).rows
        assert {i: cells["reviewer"] for i, cells in rows.items()} == {
            **dict.fromkeys(ann, "Ann"),
            **dict.fromkeys(bob, "Bob"),
        }
    else:
        assert merged.returncode != 0
        with pytest.raises(ReviewError) as caught:
            MISTAKES.parse(file.read_bytes())
        assert "merge conflicts" in caught.value.message
        assert "Ann" in caught.value.message


def test_a_row_that_two_people_tagged_differently_is_a_conflict_that_shows_both(tmp_path: Path) -> None:
    text = HEAD + "<<<<<<< HEAD\n7,w,3,8,dog,,,Ann\n=======\n7,w,3,8,cat,,,Bob\n>>>>>>> branch\n"
    with pytest.raises(ReviewError) as caught:
        MISTAKES.parse(text.encode())
    assert "line 2: ours '7,w,3,8,dog,,,Ann'; theirs '7,w,3,8,cat,,,Bob'" in caught.value.message


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    for layout in (MISTAKES, AUDIT, FIXES):
        with pytest.raises(ReviewError, match="cannot read"):
            layout.read()


def test_audits_and_fixes() -> None:
    audit = AUDIT.parse(b"id,split,source,label,label_is_wrong,comment,reviewer\n1,dev,m,3,nein,,\n2,dev,m,3,,?,Ann\n")
    assert [line.label_is_wrong for line in checked_labels(audit)] == [False, None]
    head = b"id,label_before,label,comment,reviewer\n"
    assert fixes(FIXES.parse(head + b"1,3,8,,\n"))[0].label == "8"
    for bad in (b"1,3,,,\n", b"1,3,3,,\n"):
        with pytest.raises(ReviewError, match="'1'"):
            fixes(FIXES.parse(head + bad))


def test_without() -> None:
    assert sheet("7,w,3,8,,,,\n8,w,3,8,,,,\n").without("7").text() == HEAD + "8,w,3,8,,,,\n"
    assert parsed(b"id\n", "x", ["id"], []).rows == {}
