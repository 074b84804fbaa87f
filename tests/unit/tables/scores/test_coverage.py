"""Which sources a model was trained on, and which rows should have been answered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.params.scoring import Evaluate
from mlstrat_plugin.tables.scores.coverage import coverage, merged

Cells = dict[tuple[str, str], tuple[int, int]]  # rows and answers by split and source
WHOLE: Cells = {
    ("train", "web"): (40, 40),
    ("train", "mobile"): (20, 20),
    ("train-dev", "web"): (10, 10),
    ("train-dev", "mobile"): (5, 5),
    ("dev", "mobile"): (30, 30),
    ("test", "mobile"): (30, 30),
}


def covered(changes: Cells, **evaluate: Any) -> tuple[tuple[str, ...], list[str]]:
    cells: list[dict[str, Any]] = [
        {"split": split, "source": source, "n": n, "predicted": predicted}
        for (split, source), (n, predicted) in {**WHOLE, **changes}.items()
    ]
    return coverage(cells, Evaluate(**evaluate))


def test_all_answered() -> None:
    assert covered({}) == (("mobile", "web"), [])
    assert covered({}, trained_on=["web"]) == (("web",), [])


@pytest.mark.parametrize("split", ["dev", "test"])
@pytest.mark.parametrize("answered", [0, 29])
def test_dev_and_test_are_answered_as_a_whole(split: str, answered: int) -> None:
    _, holes = covered({(split, "mobile"): (30, answered)})
    assert holes == [f"{30 - answered} of 30 {split} rows of mobile have no prediction"]


def test_a_source_without_answers_in_train_was_not_trained_on() -> None:
    not_trained: Cells = {("train", "mobile"): (20, 0), ("train-dev", "mobile"): (5, 0)}
    assert covered(not_trained) == (("web",), [])
    assert covered({("train", "mobile"): (20, 0)}) == (("web",), [])  # train-dev may be answered all the same
    trained_on, holes = covered(not_trained, trained_on=["web", "mobile"])
    assert trained_on == ("web", "mobile")
    assert holes == [
        "20 of 20 train rows of mobile have no prediction",
        "5 of 5 train-dev rows of mobile have no prediction",
    ]


def test_part_of_a_source_is_a_hole() -> None:
    assert covered({("train", "mobile"): (20, 19)})[1] == ["1 of 20 train rows of mobile have no prediction"]
    assert covered({("train-dev", "web"): (10, 9)})[1] == ["1 of 10 train-dev rows of web have no prediction"]


def test_train_may_be_a_sample_and_train_dev_not() -> None:
    assert covered({("train", "web"): (40, 4)}, train="sample") == (("mobile", "web"), [])
    assert covered({("train-dev", "web"): (10, 4)}, train="sample")[1] == [
        "6 of 10 train-dev rows of web have no prediction"
    ]


def test_a_declared_source_is_not_sampled_to_nothing() -> None:
    _, holes = covered({("train", "web"): (40, 0)}, train="sample", trained_on=["web", "mobile"])
    assert holes == ["40 of 40 train rows of web have no prediction"]


def test_without_train_the_sources_of_train_dev_count() -> None:
    no_train: Cells = {("train", "web"): (40, 0), ("train", "mobile"): (20, 0)}
    assert covered(no_train) == (("mobile", "web"), [])
    assert covered({**no_train, ("train-dev", "mobile"): (5, 0)}) == (("web",), [])


def test_without_train_and_train_dev_nothing_is_known() -> None:
    neither: Cells = {key: (n, 0) for key, (n, _) in WHOLE.items() if key[0].startswith("train")}
    assert covered(neither) == ((), [])
    assert covered(neither, trained_on=["web"]) == (("web",), [])


def test_large_numbers_are_readable() -> None:
    assert covered({("dev", "mobile"): (12_000, 0)})[1] == ["12,000 of 12,000 dev rows of mobile have no prediction"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["dev", "train", None]), st.sampled_from(["a", "b"]), st.integers(0, 9)), max_size=30
    )
)
def test_finer_cells_merge_to_the_same_sums(found: list[tuple[str | None, str, int]]) -> None:
    cells = [{"split": s, "source": o, "n": n + 1, "predicted": n, "label": i} for i, (s, o, n) in enumerate(found)]
    whole = {(cell["split"], cell["source"]): (cell["n"], cell["predicted"]) for cell in merged(cells)}
    for key in {(s, o) for s, o, _ in found}:
        mine = [n for s, o, n in found if (s, o) == key]
        if key[0] is None:  # answers to rows that are in no split
            assert key not in whole
        else:
            assert whole[key] == (sum(mine) + len(mine), sum(mine))
