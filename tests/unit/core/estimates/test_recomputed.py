"""Tallies read back from JSON text: the same estimates, and errors that name what is damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlstrat_plugin.core.diagnosis.diagnose import diagnose, diagnose_ladder
from mlstrat_plugin.core.estimates.confusion import ConfusionTally
from mlstrat_plugin.core.estimates.rates import ErrorTally, RatioTally
from mlstrat_plugin.core.estimates.recomputed import AS_SAVED, saved_estimates, tally_of
from mlstrat_plugin.core.estimates.scorers import MacroF1
from mlstrat_plugin.errors import RecordError
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.saving import from_json, to_json
from mlstrat_plugin.records.words import Settings
from tests.unit.core.estimates.kinds import FUNCTION, TALLIES, has_estimate

SCORERS = {FUNCTION.name: FUNCTION}
RATIO = RatioTally.group(wrong=1, n=5).saved()
MATRIX = ConfusionTally(parts={"": {(0, 0): 90, (0, 1): 10, (1, 1): 50}}, scorer=FUNCTION)


@pytest.mark.parametrize("kind", TALLIES)
@given(data=st.data(), z=st.floats(0.1, 4))
def test_every_kind_is_the_same_after_saving(kind: str, data: st.DataObject, z: float) -> None:
    tally = data.draw(TALLIES[kind].filter(has_estimate)).rounded()
    text = json.dumps(tally.saved(), allow_nan=False)
    read = tally_of(json.loads(text), SCORERS)
    before, after = tally.estimate(), read.estimate()
    assert after.value == pytest.approx(before.value, rel=1e-12, abs=1e-12)
    assert after.bounds(z) == pytest.approx(before.bounds(z), rel=1e-12, abs=1e-12)
    assert (after.method, after.groups, after.is_rate) == (before.method, before.groups, before.is_rate)
    assert after.n_effective == pytest.approx(before.n_effective, rel=1e-12)
    assert read.saved() == tally.saved()


def test_a_function_of_a_project_cannot_be_read_without_it() -> None:
    with pytest.raises(RecordError, match=FUNCTION.name) as caught:
        tally_of(MATRIX.saved())
    assert "mlstrat diagnose" in caught.value.hint
    assert tally_of(MATRIX.saved(), SCORERS) == MATRIX


@pytest.mark.parametrize(
    "saved",
    [
        {},
        {"tally": "nobody"},
        {"tally": None},
        {"tally": "errors"},
        {"tally": "errors", "wrong": 1, "n": 5, "weight": 1.0},
        {"tally": "errors", "wrong": 6, "n": 5},
        {"tally": "errors", "wrong": "1", "n": 5},
        {"tally": "errors", "wrong": 1.0, "n": 5},
        {**RATIO, "a": 6},
        {**RATIO, "b": float("nan")},
        {**RATIO, "aa": -1.0},
        {**RATIO, "ab": "x"},
        {"tally": "losses", "n": 2, "units": 2, "a": float("inf")},
        {"tally": "declared", "error": 1.5},
        {"tally": "slices", "rule": "mean"},
        {"tally": "slices", "rule": "mean", "parts": [1]},
        {"tally": "slices", "rule": "mean", "parts": {"day": {"tally": "errors", "wrong": 9, "n": 5}}},
        {"tally": "raters", "proxy": "best", "groups": {}},
        {"tally": "raters", "proxy": "doctor", "groups": {"nurse": {"tally": "errors", "wrong": 1, "n": 5}}},
        {"tally": "raters", "proxy": "best"},
        {"tally": "confusion", "scorer": "macro-f1 wilson"},
        {"tally": "confusion", "scorer": "nobody", "parts": {}},
        {"tally": "confusion", "scorer": "macro-f1 wilson", "parts": {"": [[0, 1, "many"]]}},
        {"tally": "confusion", "scorer": "macro-f1 wilson", "parts": {"": 3}},
    ],
    ids=str,
)
def test_damaged_values_are_an_error_of_the_record(saved: dict[str, Any]) -> None:
    with pytest.raises(RecordError, match="saved tally cannot be read") as caught:
        tally_of(saved)
    assert "mlstrat diagnose" in caught.value.hint


def test_a_long_reason_is_cut() -> None:
    with pytest.raises(RecordError) as caught:
        tally_of({"tally": "x" * 10_000})
    assert len(caught.value.message) < 300


def read_back(record: Diagnosis) -> Diagnosis:
    return from_json(Diagnosis, to_json(record), name="d.json", stage="diagnose")


def test_the_estimates_of_a_diagnosis_are_those_of_its_tallies() -> None:
    counts = {"human": (1, 100), "train": (100, 10_000), "train_dev": (7, 300), "dev": (1, 7), "test": (3, 17)}
    estimates = saved_estimates(read_back(diagnose(**counts)))
    assert list(estimates) == ["human", "train", "train-dev", "dev", "test"]
    for rung, (wrong, n) in counts.items():
        plain, read = ErrorTally(wrong=wrong, n=n).estimate(), estimates[rung.replace("_", "-")]
        for z in (0.5, 1.0, 2.5, 4.0):  # at every level of confidence, not only at the one that was saved
            assert read.bounds(z) == pytest.approx(plain.bounds(z), abs=1e-12)


def test_without_tallies_the_saved_interval_is_all_there_is() -> None:
    record = replace(diagnose(human=0.01, train=(100, 10_000), dev=(900, 10_000)), tallies={})
    estimates = saved_estimates(record)
    for rung, error in record.errors.items():
        assert estimates[rung].value == error.value
        assert estimates[rung].method == AS_SAVED
        for z in (0.5, 3.0):
            assert estimates[rung].bounds(z) == (error.low, error.high)
    assert estimates["dev"].n_effective == 10_000
    assert estimates["human"].n_effective == float("inf")


def test_a_function_that_is_not_given_leaves_the_saved_interval() -> None:
    ladder = {"train": MATRIX, "dev": replace(MATRIX, parts={"": {(0, 0): 90, (0, 1): 30, (1, 1): 50}})}
    record = read_back(diagnose_ladder(ladder, Settings(metric=FUNCTION.name)))
    alone, given_it = saved_estimates(record), saved_estimates(record, SCORERS)
    for rung, tally in ladder.items():
        assert alone[rung].method == AS_SAVED
        assert alone[rung].bounds(9.0) == (record.errors[rung].low, record.errors[rung].high)
        assert given_it[rung].bounds(2.5) == pytest.approx(tally.estimate().bounds(2.5), abs=1e-12)


def test_a_function_that_was_changed_leaves_the_saved_interval() -> None:
    record = read_back(diagnose_ladder({"train": MATRIX, "dev": MATRIX}, Settings(metric=FUNCTION.name)))
    changed = {FUNCTION.name: replace(FUNCTION, call=lambda counts, labels: 0.5 * FUNCTION.call(counts, labels))}
    assert {found.method for found in saved_estimates(record, changed).values()} == {AS_SAVED}
    failing = {FUNCTION.name: replace(FUNCTION, call=lambda _counts, _labels: float("nan"))}
    assert {found.method for found in saved_estimates(record, failing).values()} == {AS_SAVED}


def test_labels_that_json_does_not_know_are_saved_as_text() -> None:
    first, second = date(2026, 1, 5), date(2026, 1, 6)
    tally = ConfusionTally(parts={"": {(first, first): 30, (first, second): 4, (second, second): 9}}, scorer=MacroF1())
    read = tally_of(json.loads(json.dumps(tally.saved(), allow_nan=False)))
    assert read.saved() == tally.saved()
    assert read.estimate().value == tally.estimate().value
    assert read.estimate().bounds(2.0) == tally.estimate().bounds(2.0)


def test_a_damaged_tally_is_not_passed_over() -> None:
    record = diagnose(train=(100, 10_000), dev=(900, 10_000))
    damaged = replace(record, tallies={**record.tallies, "dev": {"tally": "errors", "wrong": 9}})
    with pytest.raises(RecordError, match="saved tally cannot be read"):
        saved_estimates(damaged)


@pytest.mark.parametrize("kind", sorted({*TALLIES} - {"declared error", "declared loss"}))
@settings(max_examples=15)
@given(data=st.data())
def test_every_cell_of_the_tables_is_recomputed_from_its_tally(kind: str, data: st.DataObject) -> None:
    dev, web, mobile, people = (data.draw(TALLIES[kind].filter(has_estimate)) for _ in range(4))
    record = read_back(
        diagnose_ladder(
            {"train": mobile, "dev": dev},
            Settings(metric="mean_loss"),
            by_source={"train": {"web": web, "mobile": mobile}, "dev": {"mobile": dev}},
            roles={"web": "auxiliary", "mobile": "target"},
            human_by_role={"target": people},
        )
    )
    tables = ((record.by_source, record.tallies_by_source), (record.table_2x3, record.tallies_2x3))
    assert set(record.table_2x3["target"]) == {"human", "trained-on", "not-trained-on"}
    for errors, tallies in tables:
        cells = [(name, row) for name, rows in errors.items() for row in rows]
        assert cells == [(name, row) for name, rows in tallies.items() for row in rows]
        for name, row in cells:
            error, found = errors[name][row], tally_of(tallies[name][row], SCORERS).estimate()
            assert (found.value, *found.interval(0.95)) == pytest.approx((error.value, error.low, error.high), abs=1e-9)


def test_a_cell_without_an_interval_has_no_tally_either() -> None:
    tallies = {"train": {"web": ErrorTally(wrong=0, n=0), "mobile": ErrorTally(wrong=1, n=9)}}
    ladder = {"train": ErrorTally(wrong=1, n=9), "dev": ErrorTally(wrong=2, n=9)}
    record = diagnose_ladder(ladder, Settings(), by_source=tallies)
    assert set(record.by_source["train"]) == set(record.tallies_by_source["train"]) == {"mobile"}
