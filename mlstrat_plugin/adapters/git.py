"""What git knows: which commit holds the files that were tracked, and who works here."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from mlstrat_plugin.errors import RecordError, listed

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 10


def commit_of(root: Path, *files: Path) -> str:
    """Return the commit, as 40 hexadecimal digits, that last changed any of the files; all must be committed.

    ``files`` are in the folder ``root`` of the repository, in which git runs.

    Raises
    ------
    RecordError
        The folder is not a git repository, git is missing, or a file is not committed as it is here.
    """
    names = [file.relative_to(root).as_posix() for file in files]
    changed = _git(root, "status", "--porcelain", "--untracked-files=all", "--ignored", "--", *names).splitlines()
    if changed:
        raise RecordError(
            listed([f"{line[3:]} is not committed as it is here" for line in changed]),
            hint=f"`git add {' '.join(names)}` and `git commit`, then run `mlstrat link` again",
        )
    commit = _git(root, "log", "-1", "--format=%H", "--", *names).strip()
    if not commit:
        raise RecordError(f"no commit holds {', '.join(names)}", hint="run `mlstrat track`, commit, then link")
    return commit


def user_name(root: Path) -> str:
    """Return the name that commits made in a folder get; an empty text if git knows none."""
    try:
        return _git(root, "config", "user.name").strip()
    except RecordError:
        return ""  # nobody has to use git to look at rows


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, no shell
            ["git", *arguments],  # noqa: S607 - git is where the user has it
            cwd=root,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RecordError(f"git does not answer: {error}", hint="is git installed?") from error
    if done.returncode != 0:
        raise RecordError(f"git says: {done.stderr.strip()[:200]}", hint="run in the project's git repository")
    return done.stdout
