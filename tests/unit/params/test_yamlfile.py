"""YAML that people write: read as DVC does, never run, never silently overwritten."""

from pathlib import Path

import pytest

from mlstrat_plugin.errors import ParamsError
from mlstrat_plugin.params.yamlfile import load_yaml

pytestmark = pytest.mark.usefixtures("here")


def read(text: str) -> object:
    path = Path("a.yaml")
    path.write_text(text, encoding="utf-8")
    return load_yaml(path)


@pytest.mark.parametrize(("text", "value"), [("1e-3", 0.001), ("-2E5", -2e5), ("1.5e+2", 150.0), ("0.5", 0.5)])
def test_scientific_numbers(text: str, value: float) -> None:
    assert read(f"a: {text}") == {"a": value}


def test_a_mapping_may_take_keys_of_another_and_change_them() -> None:
    text = "base: &b {x: 1, y: 1}\nown:\n  <<: *b\n  y: 2\n"
    assert read(text) == {"base": {"x": 1, "y": 1}, "own": {"x": 1, "y": 2}}


def test_an_empty_file_is_nothing() -> None:
    assert read("") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "key 'a' is given twice"),
        ("a:\n  b: 1\n  c: 2\n  b: 3\n", "key 'b' is given twice"),
        ("a: [", r"a\.yaml is not valid YAML"),
        ("a: !!python/name:os.system\n", r"a\.yaml is not valid YAML"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(ParamsError, match=message) as caught:
        read(text)
    assert caught.value.hint == "fix a.yaml at that place"


def test_bytes_that_are_not_utf8() -> None:
    Path("a.yaml").write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(ParamsError, match=r"a\.yaml is not valid YAML"):
        load_yaml(Path("a.yaml"))


def test_a_missing_file_says_where_to_run() -> None:
    with pytest.raises(ParamsError, match=r"cannot read nowhere\.yaml") as caught:
        load_yaml(Path("nowhere.yaml"))
    assert "project's folder" in caught.value.hint
