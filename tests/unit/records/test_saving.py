from __future__ import annotations

import json
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import pytest

from mlstrat_plugin.core.diagnosis.diagnose import diagnose
from mlstrat_plugin.errors import RecordError
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.runs import TrackedRun
from mlstrat_plugin.records.saving import from_json, read_record, same_number, to_json
from mlstrat_plugin.records.splits import Splits
from mlstrat_plugin.records.words import DIAGNOSIS_VERSION, Settings, Split

VERSION_1 = Path(__file__).parents[2] / "data/diagnosis_v1.json"  # the reference run, as the last release saved it


def record() -> Diagnosis:
    return diagnose(human=0.01, train=(10, 1000), train_dev=(20, 1000), dev=(90, 1000), test=(92, 1000))


def test_round_trip() -> None:
    text = to_json(record())
    assert to_json(from_json(Diagnosis, text, name="d.json", stage="diagnose")) == text


@pytest.mark.parametrize("value", [0.0, 0.123456789012345, 17.25 / 7, 1e6 / 7, 3.3e12 / 7])
def test_a_saved_number_is_known_again_at_any_size(value: float) -> None:
    saved = json.loads(to_json(replace(record(), settings=Settings(metric="mean_loss", material_gap=value or 1e-12))))
    assert same_number(saved["settings"]["material_gap"], value)
    assert same_number(round(value, 10), value * (1 + 1e-13))  # summed in another order
    assert not same_number(round(value, 10), value + max(1e-6, 1e-6 * value))


def test_schema_of_the_contract() -> None:
    data = json.loads(to_json(record()))
    contract = {
        "schema_version",
        "diagnosis",
        "problems",
        "lean",
        "errors",
        "gaps",
        "by_source",
        "table_2x3",
        "findings",
        "sizing",
    }
    assert contract | {"split_id", "test_id", "settings"} <= set(data)
    assert list(data["errors"]) == ["human", "train", "train-dev", "dev", "test"]
    assert set(data["errors"]["dev"]) == {"value", "low", "high", "n", "wrong", "method", "groups"}
    assert data["errors"]["human"]["method"] == "declared"


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"schema_version": 99}', '{"schema_version": 1}'])
def test_damaged_records_name_file_and_stage(text: str) -> None:
    with pytest.raises(RecordError, match=r"d\.json") as caught:
        from_json(Diagnosis, text, name="d.json", stage="diagnose")
    assert "mlstrat diagnose" in caught.value.hint


def test_split_names() -> None:
    assert Split.TRAIN_DEV.file_stem == "train_dev"


def test_a_diagnosis_of_version_1_is_read_as_it_was_saved() -> None:
    data = json.loads(VERSION_1.read_text(encoding="utf-8"))
    old = read_record(Diagnosis, VERSION_1, stage="diagnose")
    assert (old.schema_version, old.tallies, old.checks) == (1, {}, ())
    assert (old.diagnosis, old.problems, old.test_id) == ("mismatch", ("mismatch", "variance"), "1b025adcd6f0")
    assert old.settings.unit == ""  # a setting that version 1 did not have
    for rung, error in data["errors"].items():
        assert vars(old.errors[rung]) == error
    for name, gap in data["gaps"].items():
        assert vars(old.gaps[name]) == {**gap, "between": tuple(gap["between"])}
    assert [finding.code for finding in old.findings] == [finding["code"] for finding in data["findings"]]


def test_a_diagnosis_of_version_1_stays_one() -> None:
    data = json.loads(VERSION_1.read_text(encoding="utf-8"))
    saved = json.loads(to_json(read_record(Diagnosis, VERSION_1, stage="diagnose")))
    assert {name: saved[name] for name in data if name != "settings"} == {
        name: data[name] for name in data if name != "settings"
    }
    assert data["settings"].items() <= saved["settings"].items()
    assert DIAGNOSIS_VERSION == 2


@pytest.mark.parametrize("kind", [Splits, TrackedRun])
def test_version_2_is_of_a_diagnosis_alone(kind: type[Any]) -> None:
    with pytest.raises(RecordError, match=r"schema_version 2; this mlstrat reads 1$"):
        from_json(kind, '{"schema_version": 2}', name="s.json", stage="split")


@pytest.mark.parametrize("version", [0, 3, "1", None, 1.5])
def test_other_versions_are_refused_with_those_that_can_be_read(version: Any) -> None:
    data = {**json.loads(to_json(record())), "schema_version": version}
    with pytest.raises(RecordError, match="reads 1 and 2") as caught:
        from_json(Diagnosis, json.dumps(data), name="d.json", stage="diagnose")
    assert repr(version) in caught.value.message


def test_settings_out_of_range_are_an_error_of_the_file() -> None:
    data = json.loads(to_json(record()))
    data["settings"]["confidence"] = 1.5
    with pytest.raises(RecordError, match=r"d\.json: .*confidence = 1\.5"):
        from_json(Diagnosis, json.dumps(data), name="d.json", stage="diagnose")


def test_fields_of_a_newer_version_are_passed_over() -> None:
    data = {**json.loads(to_json(record())), "invented_later": [1]}
    assert from_json(Diagnosis, json.dumps(data), name="d.json", stage="diagnose").diagnosis == record().diagnosis


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"cannot read .*none\.json") as caught:
        read_record(Diagnosis, tmp_path / "none.json", stage="diagnose")
    assert "mlstrat diagnose" in caught.value.hint
    (tmp_path / "latin.json").write_bytes(b'"\xe4"')
    with pytest.raises(RecordError, match="not UTF-8"):
        read_record(Diagnosis, tmp_path / "latin.json", stage="diagnose")


def test_rates_keep_the_digits_that_shown_numbers_do_not() -> None:
    made = diagnose(train=(1, 3), dev=(2, 3))
    made.tallies["dev"] = {"tally": "losses", "a": 1.23456789012e-11}
    data = json.loads(to_json(made))
    assert data["tallies"]["dev"]["a"] == 1.23456789012e-11
    assert data["errors"]["train"]["value"] == 0.3333333333


def test_nan_is_never_saved() -> None:
    made = diagnose(train=(1, 3), dev=(2, 3))
    made.tallies["dev"] = {"tally": "losses", "a": nan}
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(made)
