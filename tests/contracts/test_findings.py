"""Findings link to where the documents describe them."""

from __future__ import annotations

from pathlib import Path

from mlstrat_plugin.core.findings.catalog import CODES

DOCS = Path(__file__).parents[2] / "docs"


def test_every_finding_has_the_anchor_that_it_links_to() -> None:
    for check in CODES.values():
        page, anchor = check.docs.split("#")
        assert f'<a id="{anchor}"></a>' in (DOCS / page).read_text(encoding="utf-8")
