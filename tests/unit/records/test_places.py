from __future__ import annotations

from pathlib import Path

from mlstrat_plugin.records.places import Places

NAMES = sorted(name for name, kind in vars(Places).items() if isinstance(kind, property))


def test_every_place_has_a_file_of_its_own() -> None:
    places = [getattr(Places(), name) for name in NAMES]
    assert len(set(places)) == len(places) == 16
    assert {path.parent.as_posix() for path in places} == {"reports", "reviews"}


def test_without_a_folder_paths_read_as_in_dvc_yaml() -> None:
    assert str(Places().diagnosis) == "reports/diagnosis.json"
    assert str(Places().mistakes) == "reviews/dev_errors.csv"


def test_folders_and_root_move_all_of_them() -> None:
    moved = Places(Path("/project"), "out/mobile", "sheets")
    assert moved.report("more.txt") == Path("/project/out/mobile/more.txt")
    folders = {"reports": Path("/project/out/mobile"), "reviews": Path("/project/sheets")}
    for name in NAMES:
        usual = getattr(Places(), name)
        assert getattr(moved, name) == folders[usual.parent.name] / usual.name
