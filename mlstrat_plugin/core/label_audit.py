"""What wrong labels do to a measured error, from labels that a person checked among wrong and among right answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlstrat_plugin.core.error_sheet import sampled_share
from mlstrat_plugin.core.estimate import constant
from mlstrat_plugin.errors import EstimateError

if TYPE_CHECKING:
    from mlstrat_plugin.core.estimate import Estimate, Quantity

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
        return sampled_share(self.wrong_mislabelled, self.wrong_checked, self.wrong)

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
        wrong_part, right_part = self.wrong / self.n, (self.n - self.wrong) / self.n
        error: Quantity = constant(wrong_part)
        if self.wrong:
            error = error - wrong_part * self.label_share()
        if self.wrong < self.n:
            hidden = sampled_share(self.right_mislabelled, self.right_checked, self.n - self.wrong)
            error = error + right_part * hidden
        return error

    def one_sided_bias(self) -> float:
        """Return by how much the corrected error is too low where only wrong rows are checked: the hidden mistakes.

        Raises
        ------
        EstimateError
            No right row was checked.
        """
        hidden = sampled_share(self.right_mislabelled, self.right_checked, self.n - self.wrong)
        return -(self.n - self.wrong) / self.n * hidden.value

    def worth_fixing(self, confidence: float = 0.95) -> bool:
        """Return whether labels are surely a large part of the error: the two-sided lower bound reaches a fifth.

        Examples
        --------
        >>> [LabelAudit(n=10_000, wrong=wrong, wrong_checked=100, wrong_mislabelled=found, right_checked=100,
        ...     right_mislabelled=0).worth_fixing() for wrong, found in ((1_000, 6), (200, 30))]
        [False, True]
        """
        return self.label_share().interval(confidence)[0] >= WORTH_FIXING
