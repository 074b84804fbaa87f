"""Files of another git revision or DVC experiment, read through DVC without touching the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.errors import RecordError, shown

if TYPE_CHECKING:
    from pathlib import Path


class Revision:
    """One git revision or DVC experiment of a project.

    Parameters
    ----------
    name : str
        A branch, tag, commit, or the name of an experiment.
    root : Path
        The project's folder.

    Raises
    ------
    RecordError
        There is no such revision, or the folder is not a DVC project.
    """

    def __init__(self, name: str, root: Path) -> None:
        from dvc.api import DVCFileSystem
        from dvc.exceptions import DvcException
        from dvc.repo import Repo
        from dvc.scm import RevError, SCMError

        self.name = name
        try:
            self._files = DVCFileSystem(repo=Repo(str(root), rev=name))
            self._files.ls("", detail=False)  # the revision is looked up with the first call
        except (DvcException, SCMError, RevError) as error:
            raise RecordError(
                f"{shown(name)} is not a folder, an MLflow run or a git revision: {str(error)[:200]}",
                hint="give a path, a run id, a git revision, or a name from `dvc exp list`",
            ) from error

    def fetch(self, path: Path, folder: Path) -> Path:
        """Copy a file, whether git or DVC keeps it, below ``folder``.

        Raises
        ------
        RecordError
            The revision does not have it, or DVC's cache and remotes do not.
        """
        from dvc.exceptions import DvcException

        copy = folder / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._files.get_file(path.as_posix(), str(copy))
        except (DvcException, OSError) as error:
            raise RecordError(
                f"{shown(self.name)} has no {path}: {' '.join(str(error).split())[:200] or type(error).__name__}",
                hint="run the pipeline on that revision, or `dvc pull` its outputs",
            ) from error
        return copy
