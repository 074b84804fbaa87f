"""Which sources a model was trained on, and which rows should have been answered and were not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlstrat_plugin.params.scoring import Evaluate


def merged(cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows and answers by split and source, whatever else the cells are split by."""
    merged: dict[tuple[str, str], dict[str, Any]] = {}
    for cell in cells:
        if cell["split"] is not None:
            key = (cell["split"], cell["source"])
            into = merged.setdefault(key, {"split": key[0], "source": key[1], "n": 0, "predicted": 0})
            into["n"] += cell["n"]
            into["predicted"] += cell["predicted"]
    return list(merged.values())


def coverage(cells: list[dict[str, Any]], evaluate: Evaluate) -> tuple[tuple[str, ...], list[str]]:
    """Return the sources that the model was trained on, and the rows that should have been predicted."""
    by = {(cell["split"], cell["source"]): cell for cell in cells}
    mix = [cell for cell in cells if cell["split"] == "train"] or [c for c in cells if c["split"] == "train-dev"]
    if not any(cell["predicted"] for cell in mix):
        mix = [cell for cell in cells if cell["split"] == "train-dev"]
    predicted = tuple(sorted(cell["source"] for cell in mix if cell["predicted"]))
    trained_on = predicted if evaluate.trained_on == "predicted" else tuple(evaluate.trained_on)
    holes = []
    for (split, source), cell in sorted(by.items()):
        absent = cell["n"] - cell["predicted"]
        whole_split_absent = not any(c["predicted"] for (s, _), c in by.items() if s == split)
        optional = split in ("train", "train-dev") and (source not in trained_on or whole_split_absent)
        sampled = split == "train" and evaluate.train == "sample" and cell["predicted"]
        if absent and not sampled and not (optional and cell["predicted"] == 0):
            holes.append(f"{absent:,} of {cell['n']:,} {split} rows of {source} have no prediction")
    return trained_on, holes
