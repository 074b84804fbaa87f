"""Tags for every MLflow run that starts inside a DVC repository: which splits, which stage, which experiment.

MLflow imports this module with itself, in every program of the environment. So it uses the standard library alone, does
nothing until it is asked, and whatever goes wrong costs a tag and not a run.
"""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path

VARIABLES = {
    "dvc.stage": "DVC_STAGE",
    "dvc.exp_name": "DVC_EXP_NAME",
    "dvc.baseline_rev": "DVC_EXP_BASELINE_REV",
}
SPLIT_ID = re.compile(r'"split_id": "([0-9a-f]{12})"')
# The value of `reports:` in the block `folders:` of params.yaml, as a block or in braces; YAML is not in the library.
REPORTS = re.compile(
    r"^( +)folders:[^\n]*?(?:\n(?:\1 +[^\n]*\n|[ \t]*\n)*?\1 +| *\{[^}\n]*?)reports: *[\"']?([^\"'#,}\n]+)",
    re.MULTILINE,
)
HEAD_BYTES = 4096  # the identity stands at the top of the report, whose counts may be long
GIT_SECONDS = 1.0


class RunContext:
    """A run-context provider of MLflow: says whether it has anything to add, and what."""

    def in_context(self) -> bool:
        """Return whether the run starts in a DVC stage or below a DVC repository; never raises."""
        try:
            return "DVC_STAGE" in os.environ or _root() is not None
        except Exception:  # a tag that is missing must not stop a training run
            return False

    def tags(self) -> dict[str, str]:
        """Return the tags that can be had; never raises."""
        found: dict[str, str] = {}
        for add in (_variables, _split_id, _dirty):
            with suppress(Exception):  # one tag less is better than one run less
                found |= add()
        return found


def _root() -> Path | None:
    """Return the nearest folder upwards that is a DVC repository; in a temporary experiment that is its own copy."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".dvc" / "config").is_file()), None)


def _variables() -> dict[str, str]:
    return {tag: os.environ[name] for tag, name in VARIABLES.items() if os.environ.get(name)}


def _split_id() -> dict[str, str]:
    root = _root()
    if root is None:
        return {}
    with (root / _reports(root) / "splits.json").open(encoding="utf-8") as file:
        match = SPLIT_ID.search(file.read(HEAD_BYTES))
    return {"split_id": match.group(1)} if match else {}


def _reports(root: Path) -> str:
    """Return the folder of reports that the params name, or the usual one."""
    match = None
    with suppress(OSError):
        match = REPORTS.search((root / "params.yaml").read_text(encoding="utf-8", errors="replace"))
    return match.group(2).strip() if match else "reports"


def _dirty() -> dict[str, str]:
    root = _root()
    if root is None:
        return {}
    command = ["git", "status", "--porcelain", "--untracked-files=no"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    said = subprocess.run(  # noqa: S603 - a fixed command, no shell
        command, cwd=root, env=environment, capture_output=True, timeout=GIT_SECONDS, check=True
    )
    return {"git.dirty": "true" if said.stdout.strip() else "false"}
