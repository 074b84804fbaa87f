import json

import pytest

from mlstrat_plugin.core.diagnosis.diagnose import diagnose
from mlstrat_plugin.errors import RecordError
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.saving import from_json, to_json
from mlstrat_plugin.records.words import Split


def record() -> Diagnosis:
    return diagnose(human=0.01, train=(10, 1000), train_dev=(20, 1000), dev=(90, 1000), test=(92, 1000))


def test_round_trip() -> None:
    text = to_json(record())
    assert to_json(from_json(Diagnosis, text, name="d.json", stage="diagnose")) == text


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
