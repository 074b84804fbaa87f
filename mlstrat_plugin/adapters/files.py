"""Atomic writes: a killed process leaves the old file or the new one, never half of one."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlstrat_plugin.errors import MlstratError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class WriteError(MlstratError):
    """The disk did not take a file."""

    exit_code = 3


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
            hint="free disk space or mend the permissions",
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
