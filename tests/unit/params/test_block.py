"""The whole block: what is refused, with every problem in one message."""

from pathlib import Path

import pytest

from mlstrat_plugin.errors import ParamsError
from mlstrat_plugin.params.block import load_params
from mlstrat_plugin.records.words import Settings

pytestmark = pytest.mark.usefixtures("here")

SOURCES = """mlstrat:
  sources:
    web: {path: a.csv, role: auxiliary}
    mobile: {path: b.csv, role: target}
"""


def refused(text: str) -> ParamsError:
    Path("p.yaml").write_text(text)
    with pytest.raises(ParamsError) as caught:
        load_params("p.yaml")
    return caught.value


def test_all_problems_at_once_with_path_value_range_and_guess() -> None:
    message = refused(
        SOURCES
        + "  splt: {}\n  split: {dev: 1.5, tset: 3, train_dev: true}\n  human: {error: 4}\n"
        + "  diagnose: {material_gap: abc, confidence: .nan}\n  evaluate: {train: alll}\n"
    ).message
    for part in (
        "mlstrat.splt: unknown key (did you mean 'split'?)",
        "mlstrat.split.dev = 1.5: must be a number in (0, 1) or a whole number no less than 1",
        "mlstrat.split.tset: unknown key (did you mean 'test'?)",
        "mlstrat.split.train_dev = True: must be a number in (0, 1) or a whole number",
        "mlstrat.human.error = 4: must be a number from 0 to 1",
        "mlstrat.diagnose.material_gap = 'abc': must be a number in (0, 1), or above 0 if the metric is not a rate",
        "mlstrat.diagnose.confidence = nan: must be a number in [0.5, 1)",
        "mlstrat.evaluate.train = 'alll': must be all or sample (did you mean 'all'?)",
    ):
        assert part in message
    assert message.count("\n- ") == 8


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
        ("  evaluate: {trained_on: [wbe]}\n", "names 'wbe', which is not a source (did you mean 'web'?)"),
        ("  track: {patience_seconds: 0}\n", "patience_seconds = 0"),
        (
            "  gate: {model: m, optimize: {margin: 1}, conditions: {error/dev: {max: 0.1}}}\n",
            "gate.optimize.margin = 1 must be in [0, 1) for error_rate",
        ),
        ("  diagnose: {material_gap: 1}\n", "diagnose.material_gap = 1 must be in (0, 1) for error_rate"),
        ("  evaluate: {metric: weighted_error}\n", "evaluate.metric = weighted_error needs columns.weight"),
    ],
)
def test_impossible_values(text: str, part: str) -> None:
    assert part in refused(SOURCES + text).message


def test_no_target() -> None:
    assert "role target" in refused("mlstrat:\n  sources:\n    web: {path: a.csv, role: auxiliary}\n").message


@pytest.mark.parametrize(
    "text", ["mlstrat: [", "a: 1", "mlstrat: 3", SOURCES + "  sources: {}\n", "x: !!python/name:os.system"]
)
def test_unreadable_files(text: str) -> None:
    assert "p.yaml" in refused(text).message


def test_missing_file() -> None:
    with pytest.raises(ParamsError, match=r"nowhere\.yaml"):
        load_params("nowhere.yaml")


def test_scientific_numbers_are_numbers() -> None:
    Path("p.yaml").write_text(SOURCES + "  diagnose: {material_gap: 1e-3}\n")
    assert load_params("p.yaml").diagnose.material_gap == 0.001


def test_settings_carry_the_block_and_the_metric() -> None:
    Path("p.yaml").write_text(
        SOURCES + "  diagnose: {material_gap: 2.5, power: 0.9}\n  evaluate: {metric: mean_loss}\n  human: {loss: 1}\n"
    )
    assert load_params("p.yaml").settings() == Settings(material_gap=2.5, power=0.9, metric="mean_loss")
    Path("p.yaml").write_text(SOURCES)
    assert load_params("p.yaml").settings() == Settings()


def test_review_needs_its_block() -> None:
    Path("p.yaml").write_text(SOURCES)
    with pytest.raises(ParamsError, match=r"no block mlstrat\.review"):
        load_params("p.yaml").reviewed()
    Path("p.yaml").write_text(SOURCES + "  review: {}\n")
    assert load_params("p.yaml").reviewed().roots == ("data",)


def test_a_margin_is_in_the_unit_of_the_labels() -> None:
    Path("p.yaml").write_text(
        SOURCES
        + "  evaluate: {metric: mean_absolute_error, unit: minutes}\n  diagnose: {material_gap: 5}\n"
        + "  gate: {model: m, without_champion: refuse, optimize: {margin: 3, goal: non-inferior}}\n"
    )
    gate = load_params("p.yaml").gate
    assert gate is not None
    assert gate.optimize is not None
    assert gate.optimize.margin == 3
