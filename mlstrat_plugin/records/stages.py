"""What a stage says of itself: what dvc.yaml has to hold about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Options = dict[str, str | bool]  # what dvc.yaml says of a file beside its path
IN_GIT: Options = {"cache": False}  # reports are small, and read in pull requests


@dataclass(frozen=True, kw_only=True)
class StageSpec:
    """One stage of the pipeline.

    Parameters
    ----------
    name : str
        Of the stage, and of the command that runs it.
    params : tuple of str
        The keys and blocks below ``mlstrat`` that it reads, by their dotted names.
    deps : tuple of Path
        The files that it reads.
    outs, metrics, plots : mapping of Path to mapping
        The files that it writes, with DVC's options for each; without options DVC keeps the file in its cache.
    """

    name: str
    params: tuple[str, ...]
    deps: tuple[Path, ...]
    outs: Mapping[Path, Options]
    metrics: Mapping[Path, Options] = field(default_factory=dict)
    plots: Mapping[Path, Options] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """Return what DVC runs.

        >>> StageSpec(name="report", params=(), deps=(), outs={}).command
        'python -m mlstrat_plugin report'
        """
        return f"python -m mlstrat_plugin {self.name}"
