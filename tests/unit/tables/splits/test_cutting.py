"""What must hold for any sources: disjoint, complete, no group or content straddles, independent of order and threads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlstrat_plugin.errors import MlstratError, SplitError
from mlstrat_plugin.stages.split import split
from tests.conftest import Project, digits

if TYPE_CHECKING:
    from mlstrat_plugin.records.splits import Splits

NAMES = ("train", "train_dev", "dev", "test")
SIZES = {"dev": 0.25, "test": 0.25, "train_dev": 0.2}


def parts(root: Path) -> dict[str, pd.DataFrame]:
    return {name: pd.read_parquet(root / f"data/splits/{name}.parquet") for name in NAMES}


def places(root: Path) -> dict[str, str]:
    return {row: name for name, table in parts(root).items() for row in table["id"]}


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
def test_disjoint_complete_and_nothing_straddles(project: Project, seed: int, group: bool, content: bool) -> None:
    rng = np.random.default_rng(seed)
    web, mobile = table(rng, 120, "w"), table(rng, 400, "m")
    project.write("web.parquet", web)
    project.write("mobile.parquet", mobile)
    columns = {"group": "user" if group else None, "content": ["text"] if content else []}
    try:
        record = run(project, columns=columns)
    except SplitError:
        return  # chance linked so many groups that a split came out empty, and that was said
    found = parts(project.root)
    ids = [row for part in found.values() for row in part["id"]]
    held = sum(item.rows for item in record.held_out)
    assert len(ids) == len(set(ids))
    assert len(ids) + held == len(web) + len(mobile)
    assert set(found["dev"]["source"]) | set(found["test"]["source"]) == {"mobile"}
    assert {item.source for item in record.held_out} <= {"web"}
    for column in (["user"] if group else []) + (["text"] if content else []):
        sides = [set(found[name][column].dropna()) for name in NAMES]
        assert sum(map(len, sides)) == len(set().union(*sides)), f"{column} straddles"


@given(seed=st.integers(0, 10**6), threads=st.sampled_from([1, 2, 4]))
def test_row_order_threads_and_layout_do_not_matter(project: Project, seed: int, threads: int) -> None:
    rng = np.random.default_rng(seed)
    project.write("mobile.parquet", digits(600, "m", per_group=2))
    first = run(project, columns={"group": "user"})
    before = places(project.root)
    folder = project.root / "mobile_parts"
    shuffled = digits(600, "m", per_group=2).iloc[rng.permutation(600)]
    for i in range(3):
        project.write(f"mobile_parts/{i}.parquet", shuffled.iloc[i::3])
    sources = {"web": {"path": "web.parquet", "role": "auxiliary"}, "mobile": {"path": str(folder), "role": "target"}}
    again = run(project, columns={"group": "user"}, sources=sources, engine={"threads": threads})
    assert places(project.root) == before
    assert (again.split_id, again.test_id) == (first.split_id, first.test_id)


@given(more=st.integers(1, 400))
def test_growing_data_moves_no_row(project: Project, more: int) -> None:
    columns = {"group": "user"}
    project.write("mobile.parquet", digits(600, "m", per_group=2))
    run(project, columns=columns)
    before = places(project.root)
    project.write("mobile.parquet", digits(600 + more, "m", per_group=2))
    project.write("web.parquet", digits(500, "w"))
    run(project, columns=columns)
    after = places(project.root)
    assert {row: after[row] for row in before} == before


def test_counts_are_exact_and_boundary_rows_only_leave(project: Project) -> None:
    sizes = {"dev": 100, "test": 50, "train_dev": 40}
    run(project, split=sizes)
    before = places(project.root)
    assert {name: len(part) for name, part in parts(project.root).items()} == {
        "train": 400 + 600 - 190,
        "train_dev": 40,
        "dev": 100,
        "test": 50,
    }
    project.write("mobile.parquet", digits(700, "m"))
    run(project, split=sizes)
    after = places(project.root)
    entered = {row for row, place in before.items() if after[row] in ("dev", "test") and place != after[row]}
    assert not entered


def test_bytes_are_identical_on_a_second_run(project: Project) -> None:
    project.write("mobile.parquet", digits(300_000, "m", per_group=3))
    names = [f"data/splits/{name}.parquet" for name in NAMES] + ["reports/splits.json"]
    run(project, columns={"group": "user"}, engine={"threads": 2})
    first = [(project.root / name).read_bytes() for name in names]
    run(project, columns={"group": "user"}, engine={"threads": 1})
    assert [(project.root / name).read_bytes() for name in names] == first


def test_auxiliary_rows_of_a_dev_user_are_held_out(project: Project) -> None:
    mobile = digits(600, "m")
    run(project)
    dev_row = parts(project.root)["dev"].iloc[0]
    web = digits(400, "w")
    web.loc[0, "text"] = dev_row["text"]
    project.write("web.parquet", web)
    record = run(project, columns={"content": ["text"]})
    place = places(project.root)
    twin = mobile.loc[mobile["text"] == dev_row["text"], "id"].iloc[0]
    if place[twin] in ("dev", "test"):
        assert "w00000" not in place
        assert [(item.source, item.rows) for item in record.held_out] == [("web", 1)]
        assert "dev or test" in record.held_out[0].reason
    else:
        assert place["w00000"] == place[twin]


@pytest.mark.parametrize(("use", "expected"), [("none", 0), (0.5, 150), ("rest", 300)])
def test_target_rows_in_train(project: Project, use: Any, expected: int) -> None:
    record = run(project, split={**SIZES, "target_in_train": use})
    mix = sum(
        len(part[part["source"] == "mobile"]) for name, part in parts(project.root).items() if name.startswith("train")
    )
    assert mix == pytest.approx(expected, abs=50)
    unused = sum(item.rows for item in record.held_out)
    assert (unused == 0) == (use == "rest")
    assert unused + mix + record.rows["dev"] + record.rows["test"] == 600


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


def test_identity_follows_labels_and_ids(project: Project) -> None:
    first = run(project)
    test_row = parts(project.root)["test"]["id"].iloc[0]
    dev_row = parts(project.root)["dev"]["id"].iloc[0]
    mobile = digits(600, "m").set_index("id", drop=False)
    mobile.loc[dev_row, "label"] += 1
    project.write("mobile.parquet", mobile)
    dev_changed = run(project)
    assert dev_changed.split_id != first.split_id
    assert dev_changed.test_id == first.test_id
    mobile.loc[test_row, "label"] += 1
    project.write("mobile.parquet", mobile)
    assert run(project).test_id != first.test_id


@pytest.mark.parametrize(
    ("split_params", "part"),
    [({"dev": 500, "test": 100}, "600 target rows"), ({"dev": 0.5, "test": 300}, "600 target rows")],
)
def test_counts_beyond_the_target_rows(project: Project, split_params: dict[str, Any], part: str) -> None:
    with pytest.raises(SplitError, match=part):
        run(project, split=split_params)


def test_too_few_groups(project: Project) -> None:
    project.write("mobile.parquet", digits(600, "m", per_group=300))
    with pytest.raises(MlstratError, match="group"):
        run(project, columns={"group": "user"})
    assert not (project.root / "data/splits/dev.parquet").exists()
    assert not list((project.root / "data/splits").glob(".*"))
