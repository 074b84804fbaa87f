"""Counts by label and prediction, and the metric that is made of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar

from mlstrat_plugin.core.estimates.estimate import Estimate
from mlstrat_plugin.core.estimates.methods import Method
from mlstrat_plugin.core.estimates.scorers import effective_parts
from mlstrat_plugin.core.estimates.tally import NO_ROWS, TallyBase
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from mlstrat_plugin.core.estimates.scorers import Scorer

    Cells = Mapping[tuple[Any, Any], int]

ALL = ""  # the one part of rows that are independent


@dataclass(frozen=True, kw_only=True)
class ConfusionTally(TallyBase):
    """Counts by label and prediction.

    Parameters
    ----------
    parts : mapping of str to mapping of (label, prediction) to int
        One part where rows are independent; where they come in groups, every group lies wholly in one part, and the
        parts (at most 256) are what is resampled.
    scorer : Scorer
        The metric.

    Examples
    --------
    >>> from mlstrat_plugin.core.estimates.scorers import MacroF1
    >>> tally = ConfusionTally(parts={"": {(0, 0): 90, (0, 1): 10, (1, 1): 40, (1, 0): 10}}, scorer=MacroF1())
    >>> round(tally.estimate().value, 4)
    0.15
    """

    tag: ClassVar[str] = "confusion"
    parts: Mapping[str, Cells]
    scorer: Scorer

    @property
    def n(self) -> int:
        """Return the rows that were scored."""
        return sum(sum(cells.values()) for cells in self.parts.values())

    @property
    def wrong(self) -> None:
        """Return nothing: the metric does not count rows."""
        return

    def __add__(self, other: ConfusionTally) -> ConfusionTally:
        names = sorted({*self.parts, *other.parts})
        parts = {name: dict(Counter(self.parts.get(name, {})) + Counter(other.parts.get(name, {}))) for name in names}
        return ConfusionTally(parts=parts, scorer=self.scorer)

    def rounded(self) -> ConfusionTally:
        """Return the tally itself: counts are whole."""
        return self

    def saved(self) -> dict[str, Any]:
        """Return the tally as plain values for JSON: by part, each label, prediction and count.

        Labels that JSON does not know, such as dates, are saved as their text.
        """
        parts = {name: [[*map(_plain, pair), n] for pair, n in cells.items()] for name, cells in self.parts.items()}
        return {"tally": self.tag, "scorer": self.scorer.name, "parts": parts}

    def estimate(self) -> Estimate:
        """Return the metric with its bounds.

        Raises
        ------
        EstimateError
            The tally holds no row, or the metric is not a finite number.
        """
        if self.n == 0:
            raise EstimateError(NO_ROWS)
        labels, parts = self._arrays()
        value = self.scorer.value(parts.sum(axis=0), labels)
        grouped = ALL not in self.parts
        bounds, n_effective = self.scorer.bounds(parts, labels, grouped=grouped)
        return Estimate(
            value,
            bounds,
            n_effective,
            Method(self.scorer.name, grouped=grouped),
            groups=effective_parts(parts) if grouped else None,
            is_rate=0 <= value <= 1,
        )

    def _arrays(self) -> tuple[tuple[Any, ...], NDArray[np.int64]]:
        """Return the labels in order and the counts, shape (parts, labels, labels)."""
        import numpy as np

        seen = {value for cells in self.parts.values() for pair in cells for value in pair}
        labels = tuple(sorted(seen, key=lambda value: (str(type(value)), value)))
        place = {label: i for i, label in enumerate(labels)}
        counts = np.zeros((len(self.parts), len(labels), len(labels)), dtype=np.int64)
        for i, cells in enumerate(self.parts.values()):
            for (label, prediction), n in cells.items():
                counts[i, place[label], place[prediction]] += n
        return labels, counts


def _plain(label: Any) -> Any:
    known = isinstance(label, (str, int)) or (isinstance(label, float) and isfinite(label))
    return label if known else str(label)
