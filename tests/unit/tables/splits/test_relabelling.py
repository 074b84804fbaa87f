"""Labels that people corrected: replaced where they fit, refused as a whole where one does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlstrat_plugin.errors import ReviewError
from mlstrat_plugin.params.data import Columns
from mlstrat_plugin.records.review import Fix
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.tables.splits.relabelling import Relabelled, relabel
from tests.reviewing import REVIEW, begun, fix_sheet, say

if TYPE_CHECKING:
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from tests.conftest import Project

NAME = "reviews/label_fixes.csv"


def relabelled(engine: Engine, *fixes: Fix, train: bool = False, columns: Columns | None = None) -> Relabelled:
    """Correct labels of two rows of each split: a1 and a2 of train, b1 and b2 of train-dev, c of dev, d of test."""
    parts = {
        part: engine.columns(id=[f"{letter}2", f"{letter}1"], label=[0, 1], source=["web", "mobile"])
        for part, letter in zip(Split, "abcd", strict=True)
    }
    rows = parts[Split.TRAIN].union(*(parts[part] for part in list(Split)[1:]))
    return relabel(engine, rows, parts, fixes, columns or Columns(), name=NAME, train=train)


def labels(engine: Engine, found: Relabelled) -> dict[str, Any]:
    return {row["id"]: row["label"] for table in found.parts.values() for row in engine.rows(table)}


SOUND = {f"{letter}{place}": place % 2 for letter in "abcd" for place in (2, 1)}


def test_dev_and_test_alike(engine: Engine) -> None:
    found = relabelled(engine, Fix("c1", "1", "0"), Fix("d2", "0", "1"), Fix("a1", "1", "0"), Fix("b2", "0", "1"))
    assert labels(engine, found) == {**SOUND, "c1": 0, "d2": 1}
    assert [(c.id, c.split, c.source, c.before, c.label) for c in found.changes] == [
        ("c1", "dev", "mobile", "1", "0"),
        ("d2", "test", "web", "0", "1"),
    ]
    assert found.left == 2  # train and train-dev keep their labels, and that is said
    for part, table in found.parts.items():
        assert [row["id"][1] for row in engine.rows(table)] == ["2", "1"], part  # rows keep their order
        assert str(table.schema()["label"]) == "int64"


def test_train_too_where_asked(engine: Engine) -> None:
    found = relabelled(engine, Fix("a1", "1", "0"), Fix("b2", "0", "1"), train=True)
    assert labels(engine, found) == {**SOUND, "a1": 0, "b2": 1}
    assert ([change.id for change in found.changes], found.left) == (["a1", "b2"], 0)


def test_without_fixes_nothing_changes(engine: Engine) -> None:
    found = relabelled(engine)
    assert labels(engine, found) == SOUND
    assert (found.changes, found.left) == ((), 0)


def test_a_label_that_the_source_has_by_now_is_no_change(engine: Engine) -> None:
    found = relabelled(engine, Fix("c1", "0", "1"))
    assert labels(engine, found) == SOUND
    assert (found.changes, found.left) == ((), 0)


def test_all_problems_are_named_at_once(engine: Engine) -> None:
    wrong = (
        Fix("nobody", "0", "1"),
        Fix("c1", "1", "7"),
        Fix("d1", "0", "0"),
        Fix("d2", "1", "1"),
        Fix("c2", "1", "1"),
    )
    with pytest.raises(ReviewError) as caught:
        relabelled(engine, *wrong)
    said = caught.value.message.splitlines()
    assert said[0].startswith(f"{NAME}: - 'nobody' is not a row of the sources")
    assert said[1].startswith("- 'c1': no row has the label '7'")
    assert said[2] == "- 'd1': label_before is '0', but its label is '1'"  # it has neither of the two


def test_rows_of_several_labels_have_no_fix(engine: Engine) -> None:
    with pytest.raises(ReviewError, match="rows with several labels cannot be fixed by one"):
        relabelled(engine, Fix("c1", "1", "0"), columns=Columns(labels=("label", "source")))


def test_fixes_change_labels_and_identities_and_are_logged(project: Project) -> None:
    params = begun(project)
    before = split(params)
    dev, test = (project.rows(name) for name in ("dev", "test"))
    train = project.rows("train")
    pick = {frame["id"][0]: int(frame["label"][0]) for frame in (dev, test, train)}
    say(
        fix_sheet(params),
        {i: {"label_before": str(old), "label": str((old + 1) % 3), "reviewer": "A"} for i, old in pick.items()},
    )
    after = split(params)
    assert after.split_id != before.split_id
    assert after.test_id != before.test_id
    assert [(c.split, c.before, c.label) for c in after.label_changes] == [
        (name, str(pick[frame["id"][0]]), str((pick[frame["id"][0]] + 1) % 3))
        for name, frame in (("dev", dev), ("test", test))
    ]
    assert after.labels_left == 1
    changed = project.rows("dev")
    assert list(changed["id"]) == list(dev["id"])
    assert changed.dtypes.equals(dev.dtypes)
    assert (changed["label"] != dev["label"]).sum() == 1
    assert project.rows("train").equals(train)
    everywhere = project.load(review={**REVIEW, "fix_train": True})
    assert len(split(everywhere).label_changes) == 3
    assert (project.rows("train")["label"] != train["label"]).sum() == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "nobody", "label_before": "0", "label": "1"}, "'nobody' is not a row"),
        ({"id": "m00000", "label_before": "0", "label": "7"}, "no row has the label '7'"),
        ({"id": "m00000", "label_before": "2", "label": "1"}, "label_before is '2', but its label is '0'"),
    ],
)
def test_fixes_that_do_not_fit_leave_the_splits_alone(project: Project, row: dict[str, str], said: str) -> None:
    params = begun(project)
    old = params.split_file(Split.DEV).read_bytes()
    say(fix_sheet(params), {row["id"]: row})
    with pytest.raises(ReviewError) as caught:
        split(params)
    assert said in caught.value.message
    assert params.split_file(Split.DEV).read_bytes() == old


def test_a_fix_that_the_source_has_by_now_is_no_change(project: Project) -> None:
    params = begun(project)
    say(fix_sheet(params), {"m00000": {"label_before": "1", "label": "0"}})
    assert split(params).label_changes == ()
