"""What wrong labels do to a measured error, from labels that a person checked among wrong and among right answers."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from mlstrat_plugin.core.estimates.estimate import constant
from mlstrat_plugin.core.review.error_sheet import sampled_share
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlstrat_plugin.core.estimates.estimate import Estimate, Quantity

WORTH_FIXING = 0.2  # share of the error that is labels from which the course fixes them


@dataclass(frozen=True, kw_only=True)
class LabelAudit:
    """Labels that were checked, in two strata of one split.

    Parameters
    ----------
    n, wrong : int
        Rows of the split, and rows that the model answered differently from their label.
    wrong_checked, wrong_mislabelled : int
        Checked rows among the wrong ones, and those whose label was at fault, so that the answer was right.
    right_checked, right_mislabelled : int
        Checked rows among the right ones, and those whose label was at fault, so that the answer was wrong.
    wrong_groups, right_groups : sequence of (int, int), optional
        Mislabelled and checked rows of each group, where rows come in groups and are not independent.

    Raises
    ------
    EstimateError
        The counts do not fit.

    Examples
    --------
    >>> audit = LabelAudit(n=10_000, wrong=1_000, wrong_checked=100, wrong_mislabelled=6, right_checked=400,
    ...     right_mislabelled=1)
    >>> round(audit.corrected_error().value, 5), [round(x, 5) for x in audit.corrected_error().interval(0.95)]
    (0.09625, [0.08992, 0.10671])
    """

    n: int
    wrong: int
    wrong_checked: int
    wrong_mislabelled: int
    right_checked: int
    right_mislabelled: int
    wrong_groups: Sequence[tuple[int, int]] | None = None
    right_groups: Sequence[tuple[int, int]] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.wrong <= self.n or self.n < 1:
            raise EstimateError(f"{self.wrong} wrong of {self.n} rows do not fit")

    def label_share(self) -> Estimate:
        """Return the share of the measured error that is the labels' fault.

        Raises
        ------
        EstimateError
            No wrong row was checked.
        """
        return sampled_share(self.wrong_mislabelled, self.wrong_checked, self.wrong, self.wrong_groups)

    def hidden_share(self) -> Estimate:
        """Return the share of the right answers that only look right, because their label is at fault too.

        Raises
        ------
        EstimateError
            No right row was checked.
        """
        right = self.n - self.wrong
        return sampled_share(self.right_mislabelled, self.right_checked, right, self.right_groups)

    def corrected_error(self) -> Quantity:
        """Return the error against right labels, from both strata.

        Raises
        ------
        EstimateError
            A stratum that has rows was not checked.

        Notes
        -----
        Stratified mean of two finite samples, with the MOVER interval. Source: Cochran, Sampling Techniques, 3rd ed.
        (1977), section 5.3.
        """
        error: Quantity = constant(self.wrong / self.n)
        if self.wrong:
            error = error - self.label_points()
        if self.wrong < self.n:
            error = error + self.hidden_points()
        return error

    def label_points(self) -> Quantity:
        """Return the part of the measured error that is labels.

        Raises
        ------
        EstimateError
            No wrong row was checked.
        """
        return self.wrong / self.n * self.label_share()

    def hidden_points(self) -> Quantity:
        """Return by how much the corrected error is too low where only wrong rows are checked: the hidden mistakes.

        Raises
        ------
        EstimateError
            No right row was checked.
        """
        return (self.n - self.wrong) / self.n * self.hidden_share()

    def right_rows_to_match(self, confidence: float = 0.95) -> int | None:
        """Return the right rows to check until they widen the interval no more than the wrong ones do.

        Nothing where they are enough already, or where the wrong rows are known exactly.

        Raises
        ------
        EstimateError
            A stratum that has rows was not checked.
        """
        wanted = _width(self.label_points(), confidence)
        if wanted == 0 or _width(self.hidden_points(), confidence) <= wanted:
            return None
        right, share = self.n - self.wrong, self.right_mislabelled / self.right_checked
        design = max(1.0, self.right_checked / self.hidden_share().n_effective) if self.right_groups else 1.0
        low, high = self.right_checked, right
        while low < high:  # the width falls as rows are added
            middle = (low + high) // 2
            there = sampled_share(round(share * middle), middle, right)
            low, high = (low, middle) if _width(right / self.n * there, confidence) <= wanted else (middle + 1, high)
        return min(right, ceil(low * design))

    def worth_fixing(self, confidence: float = 0.95) -> str:
        """Return whether labels are a large part of the error: yes, no, or open.

        Yes from a two-sided lower bound of a fifth on, no where the upper bound stays below a fifth.

        Examples
        --------
        >>> [LabelAudit(n=10_000, wrong=wrong, wrong_checked=100, wrong_mislabelled=found, right_checked=100,
        ...     right_mislabelled=0).worth_fixing() for wrong, found in ((1_000, 6), (200, 30), (500, 20))]
        ['no', 'yes', 'open']
        """
        return worth_fixing(self.label_share(), confidence)


def worth_fixing(label_share: Estimate, confidence: float) -> str:
    """Return yes, no or open: whether labels are at least a fifth of the measured error.

    Examples
    --------
    >>> worth_fixing(sampled_share(30, 100, None), 0.95)
    'yes'
    """
    low, high = label_share.interval(confidence)
    return "yes" if low >= WORTH_FIXING else "no" if high < WORTH_FIXING else "open"


def _width(quantity: Quantity, confidence: float) -> float:
    low, high = quantity.interval(confidence)
    return high - low
