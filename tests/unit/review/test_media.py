"""What a cell of pictures or sounds becomes: bytes of the named folders, of a kind that browsers cannot run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlstrat_plugin.errors import ReviewError
from mlstrat_plugin.review.media import medium

if TYPE_CHECKING:
    from pathlib import Path


def test_media(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    wav = b"RIFF\0\0\0\0WAVEfmt "
    (inside / "a.wav").write_bytes(wav)
    (inside / "a.svg").write_text("<svg onload='alert(1)'/>")
    (outside / "b.wav").write_bytes(wav)
    (inside / "link.wav").symlink_to(outside / "b.wav")
    assert medium(str(inside / "a.wav"), "audio", ("in",), tmp_path).mimetype == "audio/wav"
    assert medium("in/a.wav", "audio", ("in",), tmp_path).content == inside / "a.wav"
    assert medium({"bytes": wav, "path": "x"}, "audio", ("in",), tmp_path).mimetype == "audio/wav"
    assert medium([[0, 1], [2, 3]], "image", ()).mimetype == "image/png"
    for bad in ("out/b.wav", "in/link.wav", "in/../out/b.wav", "in", "in/a.svg", "/dev/zero", "in/a.wav\0", "", None):
        with pytest.raises(ReviewError):
            medium(bad, "audio", ("in",), tmp_path)
    for array in ([1, 2, 3], [[1], [2, 3]], ["a"], [[[1, 2]]]):
        with pytest.raises(ReviewError):
            medium(array, "image", ())
