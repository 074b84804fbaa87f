from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest

import mlstrat_plugin as mlstrat
from mlstrat_plugin.core.diagnosis.diagnose import diagnose as core_diagnose
from mlstrat_plugin.records.diagnosis import ErrorRecord
from mlstrat_plugin.records.saving import to_json

if TYPE_CHECKING:
    from pathlib import Path

LADDER = {"human": 0.01, "train": (100, 10_000), "train_dev": (110, 10_000), "dev": (900, 10_000)}


def test_the_same_as_the_core() -> None:
    assert to_json(mlstrat.diagnose(**LADDER)) == to_json(core_diagnose(**LADDER))


def test_a_notebook_shows_verdict_picture_and_tables() -> None:
    page = mlstrat.diagnose(**LADDER)._repr_html_()
    picture = re.search(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", page)
    assert picture is not None
    assert base64.b64decode(picture.group(1)).startswith(b"<?xml")
    assert "<p><b>Data mismatch dominates: " in page
    assert "900 / 10,000" in page
    assert "<script" not in page


def test_hostile_text_is_escaped() -> None:
    result = mlstrat.diagnose(**LADDER)
    error = ErrorRecord(value=0.1, low=0.05, high=0.2, n=9, wrong=1, method="<script>alert(1)</script>")
    result.errors["dev"] = error
    assert "<script" not in result._repr_html_()


def test_plot_has_a_bar_per_rung_and_a_label_per_gap() -> None:
    axes = mlstrat.diagnose(**LADDER).plot().axes[0]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([1, 1, 1.1, 9])
    texts = " ".join(text.get_text() for text in axes.texts)
    assert "mismatch\n7.9 [" in texts


def test_reading_back(tmp_path: Path) -> None:
    result = mlstrat.diagnose(**LADDER)
    (tmp_path / "d.json").write_text(to_json(result))
    assert isinstance(mlstrat.read_diagnosis(str(tmp_path / "d.json")), mlstrat.Diagnosis)
    with pytest.raises(mlstrat.MlstratError, match=r"nowhere\.json"):
        mlstrat.read_diagnosis("nowhere.json")


def test_compare_two_diagnoses() -> None:
    before, after = (mlstrat.diagnose(**{**LADDER, "dev": (wrong, 10_000)}) for wrong in (900, 300))
    told = mlstrat.compare(before, after)
    assert told.gaps["mismatch"].status == "moved"
    assert "| mismatch | -6.0 |" in told._repr_markdown_()


def test_compare_one_of_each() -> None:
    with pytest.raises(mlstrat.MlstratError, match="not one of each"):
        mlstrat.compare(mlstrat.diagnose(**LADDER), "HEAD")


def test_every_public_name_is_there_and_documented() -> None:
    for name in mlstrat.__all__:
        assert getattr(mlstrat, name).__doc__
    with pytest.raises(AttributeError):
        mlstrat.nonsense  # noqa: B018
