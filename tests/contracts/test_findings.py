"""The documents about findings are those that the checks write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlstrat_plugin.core.findings.catalog import CODES
from mlstrat_plugin.core.findings.pages import codes_markdown, findings_markdown

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("page", "written"), [("findings.md", findings_markdown), ("codes.md", codes_markdown)])
def test_documents_are_written_from_the_checks(page: str, written: Callable[[], str]) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == written(), f"write docs/{page} again from {written.__name__}()"


def test_every_finding_has_the_anchor_that_it_links_to() -> None:
    for check in CODES.values():
        page, anchor = check.docs.split("#")
        assert f'<a id="{anchor}"></a>' in (DOCS / page).read_text(encoding="utf-8")
