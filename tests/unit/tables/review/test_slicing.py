"""Slices on which a model is worse: found on half of the groups, confirmed on the other."""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlstrat_plugin.review.sheets import suggest
from mlstrat_plugin.tables.review.slicing import FEATURE, MOST_COLUMNS, MOST_VALUES, worst_slices
from tests.conftest import digits
from tests.reviewing import REVIEW, begun

if TYPE_CHECKING:
    from mlstrat_plugin.records.review import SliceFound
    from mlstrat_plugin.tables.engines.duckdb import Engine
    from tests.conftest import Project

N = 4000


def slices(
    engine: Engine, wrong: Any, *, grouped: bool = False, **features: Any
) -> tuple[tuple[SliceFound, ...], list[str]]:
    """Return what is found among rows that are wrong where said, two of a unit, with these columns."""
    units = [f"u{i // 2}" for i in range(len(wrong))]
    rows = engine.columns(
        value=[int(w) for w in wrong],
        unit=units,
        half=[md5(unit.encode()).hexdigest() for unit in units],
        **{FEATURE + name: list(values) for name, values in features.items()},
    )
    return worst_slices(engine, rows, list(features), 0.95, grouped=grouped)


def test_a_planted_slice_is_found_and_confirmed_and_noise_is_not(project: Project) -> None:
    table = digits(6000, "m", per_group=2)
    table["camera"] = [("old", "new", "tablet")[i // 3 % 3] for i in range(len(table))]
    table["light"] = [(i * 37) % 101 / 100 for i in range(len(table))]
    table["shop"] = [f"s{(i * 13) % 7}" for i in range(len(table))]
    project.write("mobile.parquet", table)
    project.write("web.parquet", digits(400, "w").assign(camera="old", light=0.5, shop="s0"))
    hard = table[(table["camera"] == "old") & (table["light"] <= 0.25)]["id"]
    wrong = lambda rows: rows["id"].isin(hard) | rows["id"].str.endswith("99")  # noqa: E731
    params = begun(project, wrong, columns={"group": "user"}, review={**REVIEW, "text": "text"})
    found = suggest(params)
    assert found.slices[0].where == "camera = old and light = up to 0.25"
    assert found.slices[0].confirmed
    assert found.slices[0].of_errors > 0.7
    assert len(found.slices) <= 15
    assert [line.where for line in found.slices if line.confirmed] == [found.slices[0].where]
    assert "no column score_<label>" in found.notes[-1]
    project.predict(lambda rows: rows["id"].str.endswith("9"))  # nothing to do with any column but light's period
    assert not any(line.confirmed for line in suggest(params).slices if "light" not in line.where)


@pytest.mark.parametrize("grouped", [False, True])
def test_a_pair_of_columns_is_found_and_counted(engine: Engine, grouped: bool) -> None:
    rng = np.random.default_rng(7)
    camera, shop = rng.choice(["old", "new"], N), rng.choice(["a", "b", "c"], N)
    inside = (camera == "old") & (shop == "b")
    wrong = rng.random(N) < np.where(inside, 0.6, 0.05)
    found, used = slices(engine, wrong, grouped=grouped, camera=camera, shop=shop)
    assert used == ["camera", "shop"]
    assert found[0].where == "camera = old and shop = b"
    assert found[0].confirmed
    assert not any(line.confirmed for line in found[1:])


def test_chance_is_not_confirmed(engine: Engine) -> None:
    rng = np.random.default_rng(8)
    columns = {f"c{i}": rng.choice(list("abcd"), N) for i in range(6)}
    found, used = slices(engine, rng.random(N) < 0.1, **columns)
    assert used == list(columns)
    assert not any(line.confirmed for line in found)


def test_columns_without_kinds_are_left_out(engine: Engine) -> None:
    wrong = np.arange(N) % 10 == 0
    _, used = slices(
        engine,
        wrong,
        text=[f"text {i}" for i in range(N)],  # names rows, not kinds
        many=[f"v{i % (MOST_VALUES + 1)}" for i in range(N)],
        one=["x"] * N,
        empty=[None] * N,
        array=[[1, 2]] * N,
        few=[i % 3 for i in range(N)],
        flag=[i % 2 == 0 for i in range(N)],
        kinds=[f"v{i % MOST_VALUES}" for i in range(N)],
        number=[float(i) for i in range(N)],
    )
    assert used == ["few", "flag", "kinds", "number"]


def test_no_more_than_twenty_columns_are_looked_at(engine: Engine) -> None:
    columns = {f"c{i:02d}": [i % 2 == j % 3 for j in range(40)] for i in range(MOST_COLUMNS + 3)}
    assert slices(engine, [j % 5 == 0 for j in range(40)], **columns)[1] == list(columns)[:MOST_COLUMNS]


def test_numbers_are_cut_at_their_quartiles_and_empty_cells_are_a_kind(engine: Engine) -> None:
    rng = np.random.default_rng(9)
    light = rng.random(N)
    wrong = rng.random(N) < np.where(light > 0.75, 0.5, 0.02)
    found, _ = slices(engine, wrong, light=light)
    assert found[0].where.startswith("light = above 0.7")
    missing = [None if w else value for w, value in zip(rng.random(N) < 0.2, light, strict=True)]
    wrong = [value is None and rng.random() < 0.6 for value in missing]
    assert slices(engine, wrong, light=missing)[0][0].where == "light = (empty)"
    camera = ["old" if value is not None else None for value in missing]
    camera[0] = "new" if camera[0] else None
    assert slices(engine, wrong, camera=camera)[0][0].where == "camera = (empty)"


def test_columns_that_say_the_same_are_named_together(engine: Engine) -> None:
    rng = np.random.default_rng(10)
    old = rng.random(N) < 0.3
    wrong = rng.random(N) < np.where(old, 0.5, 0.03)
    found, _ = slices(engine, wrong, camera=np.where(old, "old", "new"), model=np.where(old, "one", "two"))
    assert len(found) == 1
    assert {found[0].where, *found[0].also} >= {"camera = old", "model = one"}


@pytest.mark.parametrize("wrong", [[False] * 40, [True] * 40])
def test_all_right_or_all_wrong_has_no_worse_slice(engine: Engine, wrong: list[bool]) -> None:
    assert slices(engine, wrong, camera=["old", "new"] * 20) == ((), ["camera"])
