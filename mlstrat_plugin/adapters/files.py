"""Atomic writes: a killed process leaves the old file or the new one, never half of one."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlstrat_plugin.errors import WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


LOCK_SECONDS = 10


@contextmanager
def replacing(*files: Path) -> Iterator[tuple[Path, ...]]:
    """Hand out temporary paths beside the files; on success move all of them into place, on failure none.

    Temporary names are fixed per file, so that what a killed process left behind is overwritten by the next one.

    Raises
    ------
    WriteError
        A folder cannot be made, or a file cannot be moved into place.
    """
    temporary = tuple(file.with_name(f".{file.name}.part") for file in files)
    try:
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        for part, file in zip(temporary, files, strict=True):
            os.replace(part, file)
    except OSError as error:
        raise WriteError(
            f"cannot write {error.filename or files[0]}: {error.strerror}",
            hint="free disk space or fix the permissions",
        ) from error
    finally:
        for part in temporary:
            if part.exists():
                part.unlink()


def write_text(file: Path, text: str) -> None:
    """Write UTF-8 text with LF line ends."""
    write_bytes(file, text.encode("utf-8"))


def write_bytes(file: Path, data: bytes) -> None:
    """Write bytes."""
    with replacing(file) as (part,):
        part.write_bytes(data)


def change(file: Path, edit: Callable[[bytes], bytes]) -> None:
    """Replace what a file holds by what ``edit`` makes of it, with no other process between reading and writing.

    A file that is not there is empty. The new bytes are on the disk before they take the file's place. Where nothing
    changes, nothing is written.

    Raises
    ------
    WriteError
        The disk does not take the file, or another process holds it for longer than ten seconds.
    """
    from filelock import FileLock, Timeout

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_name(f".{file.name}.lock"), timeout=LOCK_SECONDS):
            old = file.read_bytes() if file.exists() else b""
            new = edit(old)
            if new != old:
                _write_through(file, new)
    except Timeout as error:
        raise WriteError(f"{file} is in use by another process", hint="try again when it has ended") from error
    except OSError as error:
        raise WriteError(
            f"cannot write {error.filename or file}: {error.strerror}", hint="free disk space or fix the permissions"
        ) from error


def _write_through(file: Path, data: bytes) -> None:
    with replacing(file) as (part,), part.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
