"""Pictures and sounds of a row: files from under configured folders, bytes of a file, or an array of grey values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.errors import ReviewError, shown

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = 16  # bytes that tell what a file is
PICTURES: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("image/png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", lambda head: head.startswith(b"\xff\xd8\xff")),
    ("image/gif", lambda head: head.startswith((b"GIF87a", b"GIF89a"))),
    ("image/webp", lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP"),
    ("image/bmp", lambda head: head.startswith(b"BM")),
)
SOUNDS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("audio/wav", lambda head: head.startswith(b"RIFF") and head[8:12] == b"WAVE"),
    ("audio/flac", lambda head: head.startswith(b"fLaC")),
    ("audio/ogg", lambda head: head.startswith(b"OggS")),
    ("audio/mpeg", lambda head: head.startswith(b"ID3") or (head[:1] == b"\xff" and head[1:2] >= b"\xe0")),
    ("audio/mp4", lambda head: head[4:8] == b"ftyp"),
)
KINDS = {"image": PICTURES, "audio": SOUNDS}


@dataclass(frozen=True)
class Medium:
    """What is sent: a file or bytes, and what it is."""

    content: Path | BytesIO
    mimetype: str


def medium(value: Any, kind: str, roots: tuple[str, ...], project: Path = Path()) -> Medium:
    """Return the picture or the sound that a cell stands for.

    Parameters
    ----------
    value : object
        A path (relative to the project), the bytes of a file, a table with ``bytes`` or ``path`` as the Hugging Face
        libraries write it, or for a picture an array: flat and square, (height, width), or (height, width, 3).
    kind : str
        ``image`` or ``audio``.
    roots : tuple of str
        Folders from which files are shown; links that lead out of them are not followed.
    project : Path
        The folder that the roots, and the paths in cells, are relative to.

    Raises
    ------
    ReviewError
        There is nothing, the file is outside of the folders, not there, or not of that kind.
    """
    if isinstance(value, dict):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, (bytes, bytearray)):
        return Medium(BytesIO(value), _type(bytes(value[:HEAD]), kind))
    if isinstance(value, str) and value:
        return _file(value, kind, roots, project)
    if kind == "image" and isinstance(value, Sequence) and value and not isinstance(value, str):
        return Medium(_drawn(value), "image/png")
    raise ReviewError(f"there is no {kind}", hint=f"fix mlstrat.review.{kind} in params.yaml")


def _file(name: str, kind: str, roots: tuple[str, ...], project: Path) -> Medium:
    allowed = [(project / root).resolve() for root in roots]
    try:
        path = (project / name).resolve(strict=True)
    except (OSError, ValueError) as error:
        raise ReviewError(f"{shown(name)} is not there", hint="check the paths in that column") from error
    if not any(path.is_relative_to(root) for root in allowed) or not path.is_file():
        raise ReviewError(
            f"{shown(name)} is not in {', '.join(roots)}", hint="name its folder under mlstrat.review.roots"
        )
    with path.open("rb") as file:
        return Medium(path, _type(file.read(HEAD), kind))


def _type(head: bytes, kind: str) -> str:
    """Return what the first bytes say; a file that could hold a script is none of them."""
    found = next((mimetype for mimetype, fits in KINDS[kind] if fits(head)), None)
    if found is None:
        raise ReviewError(
            f"the file is not a {kind} that can be shown", hint="png, jpeg, gif, webp, bmp; wav, flac, ogg, mp3, m4a"
        )
    return found


def _drawn(values: Sequence[Any]) -> BytesIO:
    """Return an array as a PNG: grey from its smallest value, or 0, to its largest; 0 is black."""
    import numpy as np
    from matplotlib.image import imsave

    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ReviewError("the array is ragged, or not of numbers", hint="write one array per picture") from error
    if array.ndim == 1 and isqrt(array.size) ** 2 == array.size:
        array = array.reshape(isqrt(array.size), -1)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ReviewError(f"an array of shape {array.shape} is not a picture", hint="(height, width) or (..., 3)")
    low, high = min(0.0, float(np.nanmin(array))), float(np.nanmax(array))
    scaled = np.nan_to_num((array - low) / ((high - low) or 1.0))
    buffer = BytesIO()
    imsave(buffer, scaled, cmap="gray", vmin=0, vmax=1, format="png")
    buffer.seek(0)
    return buffer
