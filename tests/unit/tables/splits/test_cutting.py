"""What must hold for any sources: disjoint, complete, no group or content straddles, independent of order and threads."""

from __future__ import annotations

from fractions import Fraction
from hashlib import md5
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlstrat_plugin.errors import MlstratError, SplitError
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.tables.engines.duckdb import Engine
from mlstrat_plugin.tables.splits.cutting import content_key, cut, require_rows
from mlstrat_plugin.tables.splits.identity import contents
from mlstrat_plugin.tables.splits.sources import open_sources, together
from tests.conftest import Project, digits

if TYPE_CHECKING:
    from mlstrat_plugin.records.splits import HeldOut, Splits

NAMES = tuple(split.value for split in Split)
SIZES = {"dev": 0.25, "test": 0.25, "train_dev": 0.2}
Parts = dict[str, pd.DataFrame]


def pieces(engine: Engine, project: Project, **changes: Any) -> tuple[Parts, tuple[HeldOut, ...]]:
    """Cut the sources of a project; return the four splits by name, and what went nowhere."""
    loaded = project.load(**changes)
    rows = together(open_sources(engine, loaded))
    found = cut(engine, rows, loaded.params.columns, loaded.params.split)
    parts = {part.value: pd.DataFrame(engine.rows(table), columns=table.columns) for part, table in found.parts.items()}
    return parts, found.held_out


def places(parts: Parts) -> dict[str, str]:
    return {row: name for name, part in parts.items() for row in part["id"]}


def run(project: Project, **changes: Any) -> Splits:
    return split(project.load(**changes))


def table(rng: np.random.Generator, n: int, prefix: str) -> pd.DataFrame:
    """Return rows whose groups and contents are shared at random, some of them null."""
    groups = [None if rng.random() < 0.1 else f"u{rng.integers(0, max(2, n // 3))}" for _ in range(n)]
    texts = [None if rng.random() < 0.1 else f"t{rng.integers(0, 3 * n)}" for _ in range(n)]
    return pd.DataFrame(
        {"id": [f"{prefix}{i}" for i in range(n)], "user": groups, "label": rng.integers(0, 2, n), "text": texts}
    )


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), group=st.booleans(), content=st.booleans())
def test_disjoint_complete_and_nothing_straddles(
    engine: Engine, project: Project, seed: int, group: bool, content: bool
) -> None:
    rng = np.random.default_rng(seed)
    web, mobile = table(rng, 120, "w"), table(rng, 400, "m")
    project.write("web.parquet", web)
    project.write("mobile.parquet", mobile)
    columns = {"group": "user" if group else None, "content": ["text"] if content else []}
    try:
        found, held_out = pieces(engine, project, columns=columns)
        require_rows({part: len(found[part.value]) for part in Split}, "chance")
    except SplitError:
        return  # chance linked so many groups that a split came out empty, and that was said
    ids = [row for part in found.values() for row in part["id"]]
    held = sum(item.rows for item in held_out)
    assert len(ids) == len(set(ids))
    assert len(ids) + held == len(web) + len(mobile)
    assert set(found["dev"]["source"]) | set(found["test"]["source"]) == {"mobile"}
    assert {item.source for item in held_out} <= {"web"}
    for column in (["user"] if group else []) + (["text"] if content else []):
        sides = [set(found[name][column].dropna()) for name in NAMES]
        assert sum(map(len, sides)) == len(set().union(*sides)), f"{column} straddles"


@given(seed=st.integers(0, 10**6), threads=st.sampled_from([1, 2, 4]))
def test_row_order_threads_and_layout_do_not_matter(project: Project, seed: int, threads: int) -> None:
    rng = np.random.default_rng(seed)
    project.write("mobile.parquet", digits(600, "m", per_group=2))
    columns = {"group": "user"}
    folder = project.root / "mobile_parts"
    shuffled = digits(600, "m", per_group=2).iloc[rng.permutation(600)]
    for i in range(3):
        project.write(f"mobile_parts/{i}.parquet", shuffled.iloc[i::3])
    sources = {"web": {"path": "web.parquet", "role": "auxiliary"}, "mobile": {"path": str(folder), "role": "target"}}
    seen = []
    for changes in ({}, {"sources": sources, "engine": {"threads": threads}}):
        loaded = project.load(columns=columns, **changes)
        with Engine(loaded.params.engine) as engine:
            rows = together(open_sources(engine, loaded))
            found = cut(engine, rows, loaded.params.columns, loaded.params.split)
            ids = {part: [row["id"] for row in engine.rows(table.select("id"))] for part, table in found.parts.items()}
            named = {part.value: table for part, table in found.parts.items()}
            what = contents(engine, named, loaded.params.columns)
            seen.append(({part: set(rows) for part, rows in ids.items()}, what.split_id, what.test_id))
    assert seen[0] == seen[1]


@given(more=st.integers(1, 400))
def test_growing_data_moves_no_row(engine: Engine, project: Project, more: int) -> None:
    columns = {"group": "user"}
    project.write("mobile.parquet", digits(600, "m", per_group=2))
    project.write("web.parquet", digits(400, "w"))
    before = places(pieces(engine, project, columns=columns)[0])
    project.write("mobile.parquet", digits(600 + more, "m", per_group=2))
    project.write("web.parquet", digits(500, "w"))
    after = places(pieces(engine, project, columns=columns)[0])
    assert {row: after[row] for row in before} == before


@given(dev=st.integers(1, 45), test=st.integers(1, 45), salt=st.text("abc", min_size=1, max_size=3))
def test_a_row_is_where_its_digest_says(engine: Engine, project: Project, dev: int, test: int, salt: str) -> None:
    found, held_out = pieces(
        engine, project, split={"dev": dev / 100, "test": test / 100, "train_dev": 0.2, "salt": salt}
    )
    rest, highest = Fraction(dev, 100), 1 - Fraction(test, 100)
    for row, place in places(found).items():
        digest = Fraction(int(md5(f"{salt}:{row}".encode()).hexdigest(), 16), 16**32)
        of_mix = Fraction(int(md5(f"{salt}:train-dev:{row}".encode()).hexdigest(), 16), 16**32)
        mix = "train-dev" if of_mix < Fraction(2, 10) else "train"
        asked = {True: "dev", False: mix}[digest < rest] if digest < highest else "test"
        assert place == (mix if row.startswith("w") else asked)
    assert not held_out


def test_counts_are_exact_and_boundary_rows_only_leave(engine: Engine, project: Project) -> None:
    sizes = {"dev": 100, "test": 50, "train_dev": 40}
    first, _ = pieces(engine, project, split=sizes)
    before = places(first)
    assert {name: len(part) for name, part in first.items()} == {
        "train": 400 + 600 - 190,
        "train-dev": 40,
        "dev": 100,
        "test": 50,
    }
    project.write("mobile.parquet", digits(700, "m"))
    after = places(pieces(engine, project, split=sizes)[0])
    entered = {row for row, place in before.items() if after[row] in ("dev", "test") and place != after[row]}
    assert not entered


def test_bytes_are_identical_on_a_second_run(project: Project) -> None:
    project.write("mobile.parquet", digits(300_000, "m", per_group=3))
    loaded = project.load(columns={"group": "user"}, engine={"threads": 2})
    files = [*(loaded.split_file(part) for part in Split), loaded.places.splits]
    split(loaded)
    first = [file.read_bytes() for file in files]
    run(project, columns={"group": "user"}, engine={"threads": 1})
    assert [file.read_bytes() for file in files] == first


def test_auxiliary_rows_of_dev_and_test_content_are_held_out(engine: Engine, project: Project) -> None:
    mobile, web = digits(600, "m"), digits(400, "w")
    place = places(pieces(engine, project, columns={"content": ["text"]})[0])
    twins = {name: next(row for row in mobile["id"] if place[row] == name) for name in NAMES}
    for number, twin in enumerate(twins.values()):
        web.loc[number, "text"] = mobile.set_index("id")["text"][twin]
    project.write("web.parquet", web)
    found, held_out = pieces(engine, project, columns={"content": ["text"]})
    after = places(found)
    assert {row: after[row] for row in mobile["id"]} == {row: place[row] for row in mobile["id"]}
    assert [after.get(f"w{number:05d}") for number in range(4)] == ["train", "train-dev", None, None]
    assert [(item.source, item.rows) for item in held_out] == [("web", 2)]
    assert "dev or test" in held_out[0].reason


def test_content_is_one_text_whatever_its_columns_hold(engine: Engine, project: Project) -> None:
    columns = project.load(columns={"content": ["a", "b"]}).params.columns
    rows = engine.columns(a=["x", "xy", "x", None, None], b=["yz", "z", "yz", "x", None])
    keys = [row["key"] for row in engine.rows(rows.select(key=content_key(rows, columns)))]
    assert keys[0] == keys[2]
    assert len({*keys[:2], keys[3]}) == 3  # x + yz is not xy + z
    assert keys[4] is None  # nothing is no content: empty rows are not duplicates of each other


@pytest.mark.parametrize(("use", "expected"), [("none", 0), (0.5, 150), ("rest", 300)])
def test_target_rows_in_train(engine: Engine, project: Project, use: Any, expected: int) -> None:
    found, held_out = pieces(engine, project, split={**SIZES, "target_in_train": use})
    mix = sum(len(part[part["source"] == "mobile"]) for name, part in found.items() if name.startswith("train"))
    assert mix == pytest.approx(expected, abs=50)
    unused = sum(item.rows for item in held_out)
    assert (unused == 0) == (use == "rest")
    assert unused + mix + len(found["dev"]) + len(found["test"]) == 600


def test_the_report_says_what_the_sizes_prove(project: Project) -> None:
    record = run(project)
    assert sum(record.rows.values()) == 1000
    assert sum(record.counts["dev"]["mobile"].values()) == record.rows["dev"]
    assert record.sizing.splits["dev"].half_width > 0.02
    assert "60/20/20" in record.advice[-1]
    assert len(record.split_id) == len(record.test_id) == 12


def test_an_uneven_mix_is_said(project: Project) -> None:
    assert not any(line.startswith("warning") for line in run(project).advice)
    web = digits(4000, "w")
    web["user"] = ["one" if i < 3000 else f"u{i}" for i in range(len(web))]
    project.write("web.parquet", web)
    warned = []
    for salt in "abcdefgh":
        advice = run(project, columns={"group": "user"}, split={**SIZES, "salt": salt}).advice
        warned.append(any("share of web in train-dev" in line for line in advice))
    assert any(warned), "3,000 rows of one group on one side must be noticed"


@pytest.mark.parametrize(
    ("split_params", "part"),
    [({"dev": 500, "test": 100}, "600 target rows"), ({"dev": 0.5, "test": 300}, "600 target rows")],
)
def test_counts_beyond_the_target_rows(
    engine: Engine, project: Project, split_params: dict[str, Any], part: str
) -> None:
    with pytest.raises(SplitError, match=part):
        pieces(engine, project, split=split_params)


def test_too_few_groups(project: Project) -> None:
    project.write("mobile.parquet", digits(600, "m", per_group=300))
    with pytest.raises(MlstratError, match="group"):
        run(project, columns={"group": "user"})
    assert not (project.root / "data/splits/dev.parquet").exists()
    assert not list((project.root / "data/splits").glob(".*"))


def test_an_empty_split_is_refused() -> None:
    require_rows(dict.fromkeys(Split, 1), "the rows are too few")
    with pytest.raises(SplitError, match="no row is left for train-dev, test: the rows are too few"):
        require_rows({**dict.fromkeys(Split, 1), Split.TRAIN_DEV: 0, Split.TEST: 0}, "the rows are too few")
