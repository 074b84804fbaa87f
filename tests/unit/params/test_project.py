"""A project: paths are relative to its folder."""

from pathlib import Path

import pytest

from mlstrat_plugin.params.project import Project, load_project
from mlstrat_plugin.records.words import Split
from tests.conftest import Project as Scratch


def test_paths_start_at_the_root(project: Scratch, tmp_path: Path) -> None:
    made = Project(project.params(folders={"reports": "out"}), tmp_path / "repo")
    assert made.split_file(Split.TRAIN_DEV) == tmp_path / "repo/data/splits/train_dev.parquet"
    assert made.predictions == tmp_path / "repo/data/predictions.parquet"
    assert made.places.diagnosis == tmp_path / "repo/out/diagnosis.json"


@pytest.mark.usefixtures("here")
def test_the_working_folder_is_the_default(project: Scratch) -> None:
    project.params()
    assert load_project().splits == Path("data/splits")
