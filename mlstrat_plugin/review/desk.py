"""One sheet on the desk: its rows as they are on the disk now, and changes that never overwrite somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlstrat_plugin.adapters.reviews import looked_at, tags_of
from mlstrat_plugin.core.review.error_analysis import running_tally
from mlstrat_plugin.errors import ChangedMeanwhile, ReviewError, shown
from mlstrat_plugin.review.sheets import edited

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.adapters.reviews import SheetText
    from mlstrat_plugin.review.sheets import OpenSheet

LONGEST = 10_000  # characters of a cell
SEPARATOR = "; "


class Desk:
    """A sheet that several tabs look at.

    Parameters
    ----------
    sheet : OpenSheet
        The sheet and its examples.
    reviewer : str
        Who is looking; written into every row that is saved.
    """

    def __init__(self, sheet: OpenSheet, reviewer: str) -> None:
        self.sheet = sheet
        self.reviewer = " ".join(reviewer.split())
        self.typed = sheet.layout.typed
        self.audit = sheet.facts is None

    def state(self) -> dict[str, Any]:
        """Return all rows, the corrections, the labels and the tally, as they are on the disk now.

        Raises
        ------
        ReviewError
            The sheet cannot be read.
        """
        sheet, fixes = self.sheet.layout.read(), self.sheet.fixes.read()
        rows = [{"cells": dict(cells), "now_right": self._now_right(cells)} for cells in sheet.rows.values()]
        return {
            "rows": rows,
            "fixes": {row_id: cells["label"] for row_id, cells in fixes.rows.items()},
            "labels": self.sheet.labels,
            "reviewer": self.reviewer,
            "tally": self._tally(sheet),
        }

    def _now_right(self, cells: Mapping[str, str]) -> bool:
        return "prediction" in cells and cells["prediction"] == cells["label"]

    def _tally(self, sheet: SheetText) -> list[dict[str, Any]]:
        opened = self.sheet
        if opened.facts is None:
            return []
        found = running_tally(looked_at(sheet), opened.facts, opened.settings, grouped=opened.grouped)
        return [
            {
                "tag": line.tags[0],
                "count": line.count,
                "n": line.share.n,
                "share": [line.share.value, line.share.low, line.share.high],
                "points": [100 * number for number in (line.ceiling.value, line.ceiling.low, line.ceiling.high)],
            }
            for line in found
        ]

    def save(self, row_id: str, before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Any]:
        """Write what a person typed into one row, and return the row and the tally.

        Parameters
        ----------
        row_id : str
            The row.
        before, after : mapping of str to str
            The typed cells as the page got them, and as they are to be. A cell that the page did not change keeps what
            others wrote meanwhile; tags that others added stay.

        Raises
        ------
        ReviewError
            There is no such row, or a cell is not a text, too long, or not one that people fill in.
        ChangedMeanwhile
            The page and somebody else changed the same cell; nothing was written.
        WriteError
            The disk did not take it.
        """
        _require_cells(before, after, self.typed)

        def change(sheet: SheetText) -> SheetText:
            now = sheet.rows.get(row_id)
            if now is None:
                raise ReviewError(f"the sheet has no row {shown(row_id)}", hint="reload the page")
            return sheet.with_rows([{"id": row_id, **self._merged(now, before, after)}])

        sheet = edited(self.sheet.layout, change)
        return {"cells": dict(sheet.rows[row_id]), "tally": self._tally(sheet)}

    def _merged(self, now: Mapping[str, str], before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
        merged = {}
        for column in set(self.typed) - {"reviewer"}:
            mine, was, theirs = after.get(column, ""), before.get(column, ""), now[column]
            if column == "tags":
                merged[column] = _merged_tags(theirs, was, mine)
            elif mine in (was, theirs):
                merged[column] = theirs
            elif theirs == was:
                merged[column] = mine
            else:
                raise ChangedMeanwhile(now)
        seen = after.get("reviewer", "") or any(merged.values())
        return {**merged, "reviewer": self._signed(now["reviewer"]) if seen else ""}

    def _signed(self, names: str) -> str:
        """Return the names of all who looked."""
        known = [name.strip() for name in names.split(",") if name.strip()]
        return ", ".join(dict.fromkeys([*known, self.reviewer]))

    def fix(self, row_id: str, label: str) -> dict[str, str]:
        """Write down the right label of a row, or take back what was written where it is empty; return all fixes.

        Raises
        ------
        ReviewError
            There is no such row or no such label, or it is the label that the row has.
        WriteError
            The disk did not take it.
        """
        row = self.sheet.layout.read().rows.get(row_id)
        if row is None or row_id not in self.sheet.examples:
            raise ReviewError(f"no split has a row {shown(row_id)}", hint="reload the page")
        if label and label not in self.sheet.labels:
            raise ReviewError(f"no row has the label {shown(label)}", hint="choose one of the labels that there are")
        present = row["label"]
        if label == present:
            raise ReviewError(f"{shown(label)} is the label that the row has", hint="choose another one")

        def change(fixes: SheetText) -> SheetText:
            if not label:
                return fixes.without(row_id)
            before = fixes.rows.get(row_id, {}).get("label_before", present)
            return fixes.with_rows([{"id": row_id, "label_before": before, "label": label, "reviewer": self.reviewer}])

        return {known: cells["label"] for known, cells in edited(self.sheet.fixes, change).rows.items()}


def _require_cells(before: Any, after: Any, typed: tuple[str, ...]) -> None:
    for cells in (before, after):
        if not isinstance(cells, dict) or not set(cells) <= set(typed):
            raise ReviewError(f"cells are a table of {', '.join(typed)}", hint="reload the page")
        for column, text in cells.items():
            if not isinstance(text, str) or len(text) > LONGEST or "\0" in text:
                raise ReviewError(f"{column} is not a text of up to {LONGEST:,} characters", hint="shorten it")


def _merged_tags(theirs: str, was: str, mine: str) -> str:
    """Return their tags with what was added and without what was taken away here; unchanged text stays as typed."""
    added = [tag for tag in tags_of(mine) if tag not in tags_of(was)]
    gone = set(tags_of(was)) - set(tags_of(mine))
    if not added and not gone:
        return theirs
    return SEPARATOR.join(dict.fromkeys([*(tag for tag in tags_of(theirs) if tag not in gone), *added]))
