"""How likely each label is, judged by a model's scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.errors import ReviewError

if TYPE_CHECKING:
    from collections.abc import Sequence


def label_qualities(labels: Sequence[int], scores: Sequence[Sequence[float]]) -> list[float] | None:
    """Return one number per row, 0 for the least likely label, 1 for a certain one; nothing without cleanlab.

    Parameters
    ----------
    labels : sequence of int
        The place of each row's label among the columns of scores.
    scores : sequence of sequence of float
        Probabilities by row and label; out of sample, which dev and test are.

    Raises
    ------
    ReviewError
        The scores are not probabilities.
    """
    try:
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        return None  # the caller says what is missing
    import numpy as np

    probabilities = np.asarray(scores, dtype=np.float64)
    sums = probabilities.sum(axis=1)
    if not (np.isfinite(probabilities).all() and (probabilities >= 0).all() and np.allclose(sums, 1, atol=1e-3)):
        raise ReviewError(
            "the score columns are not probabilities: they are negative, missing, or do not add up to 1",
            hint="write one column score_<label> for each label, with the model's probabilities",
        )
    qualities = get_label_quality_scores(np.asarray(labels), probabilities / sums[:, None])
    return [float(quality) for quality in qualities]
