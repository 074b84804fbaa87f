"""Identities name the set of (id, split, label), and nothing else; what they are made of is fixed."""

from __future__ import annotations

from functools import reduce
from hashlib import md5
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.params.data import Columns
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.tables.splits.identity import ANY, MOST_LABELS, Contents, contents
from tests.conftest import Project, digits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlstrat_plugin.tables.engines.duckdb import Engine

SPLITS = ("train", "train-dev", "dev", "test")
Row = tuple[str, str, str, Any]  # id, split, source, label


def named(engine: Engine, rows: Sequence[Row], columns: Columns | None = None) -> Contents:
    """Return the contents of rows that are given in any order."""
    tables = {}
    for name in SPLITS:
        mine = [row for row in rows if row[1] == name]
        ids, _, sources, labels = zip(*mine, strict=True)
        tables[name] = engine.columns(id=ids, source=sources, label=labels)
    return contents(engine, tables, columns or Columns())


def rows_of(seed: int, labels: int = 3, n: int = 40) -> list[Row]:
    rng = np.random.default_rng(seed)
    return [
        (f"r{i}", SPLITS[i % 4], ("web", "mobile")[int(rng.integers(2))], int(rng.integers(labels))) for i in range(n)
    ]


def released(rows: Sequence[Row], splits: Sequence[str]) -> str:
    """Return the identity as releases before the limit of labels wrote it: a line per split and label, with rows and digest."""
    lines = []
    for name in splits:
        for label in {str(row[3]) for row in rows if row[1] == name}:
            ids = [row[0] for row in rows if row[1] == name and str(row[3]) == label]
            digest = reduce(lambda a, b: a ^ b, (int.from_bytes(md5(i.encode()).digest(), "little") for i in ids))
            lines.append(f"{name}\t{label!r}\t{len(ids)}\t{digest:x}")
    return md5("\n".join(sorted(lines)).encode()).hexdigest()[:12]


@given(seed=st.integers(0, 10**6), labels=st.integers(1, 20))
def test_below_a_thousand_labels_it_is_what_earlier_releases_wrote(engine: Engine, seed: int, labels: int) -> None:
    rows = rows_of(seed, labels)
    found = named(engine, rows)
    assert (found.split_id, found.test_id) == (released(rows, SPLITS), released(rows, ("test",)))


def test_a_project_of_an_earlier_release_keeps_its_identity(project: Project) -> None:
    record = split(project.load())
    assert (record.split_id, record.test_id) == ("a3d98a2a7635", "115e3a0875d8")


def with_labels(rows: list[Row], many: bool) -> list[Row]:
    """Return the rows, and with them so many labels that they are not listed."""
    more = [(f"more{i}", SPLITS[i % 4], "web", 1_000 + i) for i in range(MOST_LABELS + 1)] if many else []
    return [*rows, *more]


@pytest.mark.parametrize("many", [False, True])
@given(seed=st.integers(0, 10**6))
def test_order_does_not_matter(engine: Engine, many: bool, seed: int) -> None:
    rows = with_labels(rows_of(seed), many)
    shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
    assert named(engine, shuffled) == named(engine, rows)


@pytest.mark.parametrize("many", [False, True])
@given(seed=st.integers(0, 10**6), place=st.integers(0, 39), change=st.sampled_from(["id", "split", "label"]))
def test_one_change_of_one_row_is_seen(engine: Engine, many: bool, seed: int, place: int, change: str) -> None:
    rows = with_labels(rows_of(seed), many)
    row_id, name, source, label = rows[place]
    other = SPLITS[(SPLITS.index(name) + 1) % 4]
    changed: dict[str, Row] = {
        "id": (f"{row_id}x", name, source, label),
        "split": (row_id, other, source, label),
        "label": (row_id, name, source, label + 1),
    }
    before, after = named(engine, rows), named(engine, [*rows[:place], changed[change], *rows[place + 1 :]])
    assert after.split_id != before.split_id
    of_test = "test" in (name, changed[change][1])
    assert (after.test_id != before.test_id) is of_test


@pytest.mark.parametrize("many", [False, True])
def test_the_source_is_no_part_of_it(engine: Engine, many: bool) -> None:
    rows = with_labels(rows_of(1), many)
    renamed = [(row_id, name, "scanner", label) for row_id, name, _, label in rows]
    before, after = named(engine, rows), named(engine, renamed)
    assert (after.split_id, after.test_id) == (before.split_id, before.test_id)
    assert after.counts != before.counts


def test_two_rows_that_swap_labels_are_seen(engine: Engine) -> None:
    rows: list[Row] = [*rows_of(1), ("a", "dev", "web", 0), ("b", "dev", "web", 1)]
    swapped: list[Row] = [*rows[:-2], ("a", "dev", "web", 1), ("b", "dev", "web", 0)]
    for many in (False, True):
        assert named(engine, with_labels(rows, many)) != named(engine, with_labels(swapped, many))


def test_rows_are_counted_by_source_and_label(engine: Engine) -> None:
    rows = rows_of(3)
    found = named(engine, rows)
    frame = pd.DataFrame(rows, columns=["id", "split", "source", "label"])
    for name, source, label in ((s, o, v) for s in SPLITS for o in ("web", "mobile") for v in range(3)):
        n = int(((frame["split"] == name) & (frame["source"] == source) & (frame["label"] == label)).sum())
        assert found.counts[name].get(source, {}).get(str(label), 0) == n
    assert found.rows == frame["split"].value_counts().to_dict()
    assert found.labels == frame["label"].nunique()


@pytest.mark.parametrize(("labels", "listed"), [(MOST_LABELS, True), (MOST_LABELS + 1, False)])
def test_up_to_a_thousand_labels_are_listed(engine: Engine, labels: int, listed: bool) -> None:
    rows: list[Row] = [(f"r{i}", SPLITS[i % 4], "web", i) for i in range(labels)]
    found = named(engine, rows)
    assert found.labels == labels
    assert (found.counts["dev"] == {"web": {ANY: found.rows["dev"]}}) is not listed
    assert sum(found.counts["dev"]["web"].values()) == found.rows["dev"]
    assert (found.split_id == released(rows, SPLITS)) is listed


def test_tasks_are_one_label(engine: Engine) -> None:
    columns = Columns(labels=("car", "sign"))
    rows = [("a", "train"), ("b", "train-dev"), ("c", "dev"), ("d", "test")]

    def of(sign: Any) -> Contents:
        cells = {row: (1, 0) for row, _ in rows} | {"c": (1, sign)}
        tables = {
            name: engine.columns(id=[row], source=["web"], car=[cells[row][0]], sign=[cells[row][1]])
            for row, name in rows
        }
        return contents(engine, tables, columns)

    assert of(0).split_id != of(1).split_id
    assert of(0).test_id == of(1).test_id
    assert of(0).counts["dev"] == {"web": {"car=1 sign=0": 1}}


def test_the_stage_names_what_it_wrote(project: Project) -> None:
    loaded = project.load()
    first = split(loaded)
    mobile = digits(600, "m").set_index("id", drop=False)
    for part, same_test in (("dev", True), ("test", False)):
        before = split(loaded)
        row = pd.read_parquet(project.root / f"data/splits/{part}.parquet")["id"].iloc[0]
        mobile.loc[row, "label"] += 1
        project.write("mobile.parquet", mobile)
        after = split(loaded)
        assert after.split_id != before.split_id
        assert (after.test_id == before.test_id) is same_test
    assert first.split_id != after.split_id


def test_more_than_a_thousand_labels_are_totals(project: Project) -> None:
    rng = np.random.default_rng(5)
    for name, n in (("web", 900), ("mobile", 1500)):
        project.write(f"{name}.parquet", digits(n, name).assign(label=rng.gamma(4, 3, n)))
    loaded = project.load()
    record = split(loaded)
    assert record.counts["dev"] == {"mobile": {ANY: record.rows["dev"]}}
    assert loaded.places.splits.stat().st_size < 10_000
    shuffled = pd.read_parquet(project.root / "mobile.parquet").sample(frac=1, random_state=3)
    project.write("mobile.parquet", shuffled)
    assert split(loaded).split_id == record.split_id
    shuffled["label"] = shuffled["label"].where(shuffled.index != shuffled.index[0], 0.5)
    project.write("mobile.parquet", shuffled)
    assert split(loaded).split_id != record.split_id  # one label of one row
