"""The page, the note and the tables: golden text, the same bytes for the same record, hostile text inert."""

from __future__ import annotations

import csv
import html
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

from mlstrat_plugin.core.diagnosis.diagnose import diagnose, diagnose_ladder
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.words import Settings
from mlstrat_plugin.report.charts import THEMES, ladder_png, ladder_svgs
from mlstrat_plugin.report.render import ladder_csv, note_markdown, report_html
from mlstrat_plugin.report.view import view_of

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "<script>alert(1)</script>|\n=cmd()"


def record() -> Diagnosis:
    return diagnose(human=0.01, train=(100, 10_000), train_dev=(110, 10_000), dev=(900, 10_000), test=(905, 10_000))


def hostile() -> Diagnosis:
    tallies = {split: {HOSTILE: ErrorTally(wrong=3, n=100)} for split in ("train", "train-dev", "dev", "test")}
    ladder = {split: sources[HOSTILE] for split, sources in tallies.items()}
    made = diagnose_ladder(ladder, Settings(), by_source=tallies)
    finding = replace(made.findings[0], message=HOSTILE, evidence=HOSTILE, title=HOSTILE)
    return replace(made, findings=(finding,), summary=HOSTILE)


class Tags(HTMLParser):
    """Collect the tags of a page and what it would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "srcset", "href")]


def test_note_is_as_approved() -> None:
    note = note_markdown(record(), picture="ladder.png", report="report.html")
    assert note == (GOLDEN / "note.md").read_text(encoding="utf-8")


def test_ladder_table_is_as_approved() -> None:
    assert ladder_csv(record()) == (GOLDEN / "ladder.csv").read_text(encoding="utf-8")


def test_page_text_is_as_approved() -> None:
    page = re.sub(r"base64,[A-Za-z0-9+/=]+", "base64,PICTURE", report_html(record()))
    assert page == (GOLDEN / "report.html").read_text(encoding="utf-8")


def test_pages_and_pictures_are_the_same_bytes_each_time() -> None:
    assert report_html(record()) == report_html(record())
    assert ladder_png(record()) == ladder_png(record())
    assert ladder_svgs(record()) == ladder_svgs(record())


def test_each_theme_has_its_colours_alone() -> None:
    for theme, picture in ladder_svgs(record()).items():
        other = "dark" if theme == "light" else "light"
        for mine, theirs in zip(THEMES[theme].values(), THEMES[other].values(), strict=True):
            assert mine.encode() in picture
            assert theirs.encode() not in picture


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    for page in (report_html(record()), report_html(hostile())):
        tags = Tags()
        tags.feed(page)
        assert "script" not in tags.seen
        assert all(link.startswith("data:image/svg+xml;base64,") for link in tags.links)
        assert "default-src 'none'" in page


def test_hostile_text_is_inert() -> None:
    note = note_markdown(hostile(), picture="p", report="r")
    assert "<script>" not in note
    rows = [line for line in note.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} <= {6, 7}
    cells = list(csv.DictReader(StringIO(ladder_csv(hostile()))))
    assert not any(str(value).startswith(("=", "+", "@")) for cell in cells for value in cell.values())


def test_every_verdict_draws_and_prints() -> None:
    ladders = [
        {"human": 0.01, "dev": (5, 100)},
        {"train": (0, 10), "test": (10, 10)},
        {"human": 0.0, "train": (0, 10), "train_dev": (0, 10), "dev": (0, 10), "test": (0, 10)},
        {"human": (40, 100), "train": (1, 100), "train_dev": (1, 100), "dev": (1, 100)},
    ]
    for ladder in ladders:
        made = diagnose(**ladder)  # type: ignore[arg-type]
        assert ladder_png(made).startswith(b"\x89PNG")
        assert made.summary
        assert view_of(made).headline in html.unescape(report_html(made))
