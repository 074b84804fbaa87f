"""A project: its folder and what its params.yaml says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlstrat_plugin.params.block import load_params
from mlstrat_plugin.records.places import Places

if TYPE_CHECKING:
    from mlstrat_plugin.params.block import Params
    from mlstrat_plugin.records.words import Split


@dataclass(frozen=True)
class Project:
    """What every stage takes: params, and the folder that the paths in them are relative to.

    Parameters
    ----------
    params : Params
        The checked block.
    root : Path
        The project's folder; empty for the working folder.
    """

    params: Params
    root: Path = Path()

    @property
    def places(self) -> Places:
        """Return where reports and sheets are."""
        folders = self.params.folders
        return Places(self.root, folders.reports, folders.reviews)

    @property
    def home(self) -> Path | None:
        """Return what a relative address of a database is relative to; None for DVC's own idea of it."""
        return self.root if self.root.parts else None

    def path(self, name: str) -> Path:
        """Return a path that params.yaml names."""
        return self.root / name

    @property
    def splits(self) -> Path:
        """Return the folder of the four split files."""
        return self.path(self.params.split.folder)

    def split_file(self, split: Split) -> Path:
        """Return the file of one split."""
        return self.splits / split.file_name

    @property
    def predictions(self) -> Path:
        """Return the predictions table."""
        return self.path(self.params.evaluate.predictions)


def load_project(params_file: Path | str = "params.yaml", root: Path | None = None) -> Project:
    """Read the params of a project.

    Parameters
    ----------
    params_file : Path or str
        The params file.
    root : Path, optional
        The project's folder; the working folder by default.

    Raises
    ------
    ParamsError
        The params are not usable; see ``load_params``.
    """
    return Project(load_params(params_file), root or Path())
