"""The stages in the order of the pipeline, and what dvc.yaml says about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlstrat_plugin.params.block import BLOCK
from mlstrat_plugin.stages import diagnose, report, split, track, validate
from mlstrat_plugin.stages.gate import spec as gate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlstrat_plugin.params.project import Project
    from mlstrat_plugin.records.stages import Options, StageSpec

STAGES = (validate.spec, split.spec, diagnose.spec, report.spec, track.spec)


def specs(project: Project) -> tuple[StageSpec, ...]:
    """Return what each stage says of itself; without a policy there is no gate."""
    gates = (gate.spec(project),) if project.params.gate is not None else ()
    return (*(spec(project) for spec in STAGES), *gates)


def dvc_stages(project: Project) -> dict[str, Any]:
    """Return the stages as the mapping that dvc.yaml holds below ``stages``; a project's own stages go between."""
    return {spec.name: _entry(spec, project.root) for spec in specs(project)}


def _entry(spec: StageSpec, root: Path) -> dict[str, Any]:
    whole = {
        "cmd": spec.command,
        "deps": [_name(path, root) for path in spec.deps],
        "params": [f"{BLOCK}.{key}" for key in spec.params],
        "outs": _files(spec.outs, root),
        "metrics": _files(spec.metrics, root),
        "plots": _files(spec.plots, root),
    }
    return {key: value for key, value in whole.items() if value}


def _files(files: Mapping[Path, Options], root: Path) -> list[Any]:
    return [{_name(path, root): dict(options)} if options else _name(path, root) for path, options in files.items()]


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
