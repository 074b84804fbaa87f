import re

from mlstrat_plugin.core.findings import pages
from mlstrat_plugin.core.findings.catalog import CODES
from mlstrat_plugin.core.findings.pages import codes_markdown, findings_markdown


def test_each_finding_has_a_section_with_its_words() -> None:
    text = findings_markdown()
    sections = text.split('<a id="mls')[1:]
    assert [f"MLS{section[:3]}" for section in sections] == sorted(CODES)
    for section in sections:
        check = CODES[f"MLS{section[:3]}"]
        assert section.startswith(f'{check.code[3:]}"></a>\n\n## {check.code} {check.title}\n\n*{check.severity}*. ')
        assert check.about in section
        assert (f"Applies if {check.needs.when}." in section) is bool(check.needs.when)
        assert re.findall(r"^- (.*)$", section, re.MULTILINE) == list(check.steps)
    assert text.endswith(".\n")


def test_each_code_is_a_line_of_the_table() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\((\S+)\) \| (.+) \| (\w+) \|$", codes_markdown(), re.MULTILINE)
    assert rows == [
        (code, f"findings.md#{code.lower()}", CODES[code].title, CODES[code].severity) for code in sorted(CODES)
    ]


def test_reasons_are_a_table_of_their_own(monkeypatch) -> None:
    monkeypatch.setattr(pages, "REASONS", {"too_few_rows": "There are too few rows to tell."})
    assert codes_markdown().endswith(
        "## Reasons\n\n| code | meaning |\n|---|---|\n| `too_few_rows` | There are too few rows to tell. |\n"
    )
    monkeypatch.setattr(pages, "REASONS", {})
    assert "Reasons" not in codes_markdown()
