"""The files that people fill in: read whatever a spreadsheet or a merge made of them, change single lines."""

from __future__ import annotations

from mlstrat_plugin.adapters.reviews.files import (
    AUDIT,
    FIXES,
    MISTAKES,
    Layout,
    checked_labels,
    fixes,
    looked_at,
    tags_of,
)
from mlstrat_plugin.adapters.reviews.text import SheetText, parsed

__all__ = [
    "AUDIT",
    "FIXES",
    "MISTAKES",
    "Layout",
    "SheetText",
    "checked_labels",
    "fixes",
    "looked_at",
    "parsed",
    "tags_of",
]
