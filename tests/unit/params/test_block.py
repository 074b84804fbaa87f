from pathlib import Path

import pytest

from mlstrat_plugin.errors import ParamsError
from mlstrat_plugin.params.block import load_params

SOURCES = """mlstrat:
  sources:
    web: {path: a.csv, role: auxiliary}
    mobile: {path: b.csv, role: target}
"""


def loaded(text: str) -> str:
    Path("p.yaml").write_text(text)
    with pytest.raises(ParamsError) as caught:
        load_params("p.yaml")
    return caught.value.message


def test_all_problems_at_once_with_path_value_range_and_guess() -> None:
    message = loaded(
        SOURCES
        + "  splt: {}\n  split: {dev: 1.5, tset: 3, train_dev: true}\n  human: {error: 4}\n"
        + "  diagnose: {material_gap: abc, confidence: .nan}\n  evaluate: {train: alll}\n"
    )
    for part in (
        "mlstrat.splt: unknown key (did you mean 'split'?)",
        "mlstrat.split.dev = 1.5: allowed is share of target rows in (0, 1), or a row count from 1 on",
        "mlstrat.split.tset: unknown key (did you mean 'test'?)",
        "mlstrat.split.train_dev = True",
        "mlstrat.human.error = 4: allowed is declared error, a fraction in 0..1",
        "mlstrat.diagnose.material_gap = 'abc'",
        "mlstrat.diagnose.confidence = nan",
        "mlstrat.evaluate.train = 'alll'",
        "did you mean 'all'?",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("  human: {error: -1}\n", "mlstrat.human.error = -1"),
        ("  human: {error: .nan}\n", "mlstrat.human.error = nan"),
        ("  human: {errors: 5}\n", "errors and n"),
        ("  human: {errors: 9, n: 5}\n", "exceeds"),
        ("  human: {error: 0.1, n: 5}\n", "either"),
        ("  split: {dev: 0.6, test: 0.5}\n", "below 1"),
        ("  split: {target_in_train: 1.5}\n", "target_in_train"),
        ("  columns: {group: id}\n", "one meaning only"),
        ("  evaluate: {trained_on: [wbe]}\n", "did you mean 'web'?"),
        ("  track: {patience_seconds: 0}\n", "patience_seconds = 0"),
    ],
)
def test_impossible_values(text: str, part: str) -> None:
    assert part in loaded(SOURCES + text)


def test_no_target() -> None:
    assert "role target" in loaded("mlstrat:\n  sources:\n    web: {path: a.csv, role: auxiliary}\n")


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", ""])
def test_source_names_are_file_names(name: str) -> None:
    assert "sources" in loaded(f"mlstrat:\n  sources:\n    {name!r}: {{path: a.csv, role: target}}\n")


@pytest.mark.parametrize(
    "text", ["mlstrat: [", "a: 1", "mlstrat: 3", SOURCES + "  sources: {}\n", "x: !!python/name:os.system"]
)
def test_unreadable_files(text: str) -> None:
    assert "p.yaml" in loaded(text)


def test_missing_file() -> None:
    with pytest.raises(ParamsError, match=r"nowhere\.yaml"):
        load_params("nowhere.yaml")


def test_scientific_numbers_are_numbers() -> None:
    Path("p.yaml").write_text(SOURCES + "  diagnose: {material_gap: 1e-3}\n")
    assert load_params("p.yaml").diagnose.material_gap == 0.001
