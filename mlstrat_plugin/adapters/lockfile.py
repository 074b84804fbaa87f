"""What DVC has recorded about files: the hashes in dvc.lock, and the same hash of a file or folder on disk."""

from __future__ import annotations

import json
import os
from hashlib import md5
from pathlib import Path
from typing import Any

from mlstrat_plugin.errors import RecordError
from mlstrat_plugin.params.yamlfile import load_yaml

LOCK = Path("dvc.lock")
BLOCK = 1 << 20


def recorded_hashes(lock: Path = LOCK) -> dict[str, str]:
    """Return the hash of every output in dvc.lock, by path; empty where there is no such file.

    Raises
    ------
    RecordError
        The file is not YAML that DVC writes.
    """
    if not lock.is_file():
        return {}
    content = load_yaml(lock)
    stages: Any = content.get("stages", {}) if isinstance(content, dict) else None
    if not isinstance(stages, dict):
        raise RecordError(f"{lock} has no stages", hint="`git checkout dvc.lock`, then `dvc repro`")
    outs = [out for stage in stages.values() if isinstance(stage, dict) for out in stage.get("outs") or []]
    return {str(out["path"]): str(out["md5"]) for out in outs if isinstance(out, dict) and {"path", "md5"} <= set(out)}


def content_hash(name: str, root: Path = Path()) -> str:
    """Return the hash by which DVC knows a file or folder; in a stage the recorded one, as DVC has just made it.

    Parameters
    ----------
    name : str
        Its path as dvc.yaml gives it, relative to the project.
    root : Path
        The project's folder.

    Raises
    ------
    RecordError
        It is not there or cannot be read.

    Examples
    --------
    >>> Path("model").write_bytes(b"weights") and content_hash("model")
    '63f4f1e9b725370f459720575cd5f953'
    """
    path = root / name
    known = recorded_hashes(root / LOCK).get(Path(name).as_posix()) if "DVC_STAGE" in os.environ else None
    if known is not None and path.exists():
        return known
    try:
        return _folder_hash(path) if path.is_dir() else _file_hash(path)
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}", hint="train first, or fix mlstrat.track") from error


def _file_hash(file: Path) -> str:
    digest = md5()  # noqa: S324 - identity, not security
    with file.open("rb") as content:
        while block := content.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _folder_hash(folder: Path) -> str:
    """Return the digest of the list of files, as DVC writes such a list."""
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    listing = [{"md5": _file_hash(files[name]), "relpath": name} for name in sorted(files)]
    return md5(json.dumps(listing, sort_keys=True).encode("utf-8")).hexdigest() + ".dir"  # noqa: S324 - identity, not security
