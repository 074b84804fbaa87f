"""Make the two sources: clean scans of handwritten digits (web), and the same kind of digits 'photographed' (mobile).

The digits are real (scikit-learn's bundled copy of the UCI optical digits, 1,797 scans of 8 x 8 pixels). The phone is
not: each mobile digit is photographed several times by a seeded simulation of a camera.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.datasets import load_digits

WEB = Path("data/sources/web.parquet")
MOBILE = Path("data/sources/mobile.parquet")
WHITE = 16.0  # the scans hold 0 (paper) to 16 (ink)

Image = NDArray[np.float64]


def photograph(scan: Image, camera: dict[str, float], rng: np.random.Generator) -> Image:
    """Return one photo of a scan.

    Parameters
    ----------
    scan : float array, shape (8, 8)
        Ink from 0 to 16.
    camera : dict
        Strengths from params.yaml: ``rotation_degrees``, ``shift_pixels``, ``scale``, ``perspective``, ``blur_pixels``,
        ``light`` and ``noise``.
    rng : numpy.random.Generator
        Source of randomness.
    """
    angle = np.deg2rad(rng.normal(0, camera["rotation_degrees"]))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    lean = rng.normal(0, camera["perspective"], size=(2, 2))
    matrix = turn @ (np.eye(2) * rng.normal(1, camera["scale"]) + lean)
    centre = np.array([3.5, 3.5])
    offset = centre - matrix @ centre + rng.normal(0, camera["shift_pixels"], size=2)
    photo = ndimage.affine_transform(scan, matrix, offset=offset, order=1)
    photo = ndimage.gaussian_filter(photo, abs(rng.normal(0, camera["blur_pixels"])))
    photo = photo * (1 - camera["light"] * rng.uniform()) + _shadow(camera["light"], rng)
    photo = photo + rng.normal(0, camera["noise"] * WHITE, size=photo.shape)
    return np.asarray(np.clip(photo, 0, WHITE), dtype=np.float64)


def _shadow(light: float, rng: np.random.Generator) -> Image:
    """Return uneven light: a slope across the picture in a random direction."""
    direction = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[0:8, 0:8] / 7 - 0.5
    slope = np.cos(direction) * rows + np.sin(direction) * columns
    return np.asarray(light * WHITE / 2 * (slope + 0.5), dtype=np.float64)


def _table(images: list[Image], labels: list[int], ids: list[str], groups: list[str]) -> pd.DataFrame:
    pixels = [image.ravel().round(2).tolist() for image in images]
    return pd.DataFrame({"id": ids, "group": groups, "label": labels, "pixels": pixels})


def main() -> None:
    """Write both sources; the same params give the same bytes."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["sources"]
    rng = np.random.default_rng(params["seed"])
    digits = load_digits()
    order = rng.permutation(len(digits.target))
    half = len(order) // 2
    web, mobile = order[:half], order[half:]
    scans = [digits.images[i] for i in web]
    web_ids = [f"scan-{i:04d}" for i in web]
    photos, labels, ids, groups = [], [], [], []
    for i in mobile:
        for shot in range(params["photos_per_digit"]):
            photos.append(photograph(digits.images[i], params["camera"], rng))
            labels.append(int(digits.target[i]))
            ids.append(f"photo-{i:04d}-{shot}")
            groups.append(f"digit-{i:04d}")
    WEB.parent.mkdir(parents=True, exist_ok=True)
    web_groups = [f"digit-{i:04d}" for i in web]
    _table(scans, [int(digits.target[i]) for i in web], web_ids, web_groups).to_parquet(WEB, index=False)
    _table(photos, labels, ids, groups).to_parquet(MOBILE, index=False)


if __name__ == "__main__":
    main()
