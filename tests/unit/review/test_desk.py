"""The desk: one row of a sheet saved at a time, merged with what others wrote meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlstrat_plugin.adapters.reviews import MISTAKES
from mlstrat_plugin.errors import ChangedMeanwhile, ReviewError
from mlstrat_plugin.review.desk import Desk
from mlstrat_plugin.review.sheets import open_sheet, sample
from tests.reviewing import begun, error_sheet, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.params.project import Project as MlstratProject
    from tests.conftest import Project


def desk(params: MlstratProject) -> Desk:
    return Desk(open_sheet(params, audited=False), "Ann")


def test_the_desk_merges_what_others_wrote(project: Project) -> None:
    params = begun(project)
    sample(params)
    at = desk(params)
    (row, *_) = error_sheet(params).read().rows
    blank = dict.fromkeys(MISTAKES.typed, "")
    at.save(row, blank, {**blank, "tags": "dog", "reviewer": "seen"})
    say(error_sheet(params), {row: {"comment": "from a spreadsheet", "reviewer": "Bob"}})
    cells = at.save(row, blank, {**blank, "tags": "cat", "reviewer": "seen"})["cells"]
    assert (cells["tags"], cells["comment"], cells["reviewer"]) == ("dog; cat", "from a spreadsheet", "Bob, Ann")
    with pytest.raises(ChangedMeanwhile) as caught:
        at.save(row, blank, {**blank, "comment": "mine"})
    assert caught.value.cells["comment"] == "from a spreadsheet"
    cells = at.save(row, typed(cells), blank)["cells"]
    assert typed(cells) == blank  # taken back: nobody has looked


def typed(cells: Mapping[str, str]) -> dict[str, str]:
    return {column: cells[column] for column in MISTAKES.typed}


@pytest.mark.parametrize(
    ("row", "after"),
    [("nobody", {}), (None, {"id": "x"}), (None, {"tags": 3}), (None, {"comment": "x" * 10_001}), (None, [])],
)
def test_the_desk_refuses_what_is_no_row(project: Project, row: str | None, after: Any) -> None:
    params = begun(project)
    sample(params)
    old = error_sheet(params).file.read_bytes()
    with pytest.raises(ReviewError):
        desk(params).save(row or next(iter(error_sheet(params).read().rows)), {}, after)
    assert error_sheet(params).file.read_bytes() == old


def test_the_desk_writes_fixes_and_takes_them_back(project: Project) -> None:
    params = begun(project)
    sample(params)
    at = desk(params)
    row, cells = next(iter(error_sheet(params).read().rows.items()))
    other = str((int(cells["label"]) + 1) % 3)
    assert at.fix(row, other) == {row: other}
    for bad in (cells["label"], "seven"):
        with pytest.raises(ReviewError):
            at.fix(row, bad)
    with pytest.raises(ReviewError):
        at.fix("nobody", other)
    assert at.fix(row, "") == {}
