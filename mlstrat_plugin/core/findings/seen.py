"""What a check may look at: the numbers of a diagnosis, and what tables and people tell beyond the counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlstrat_plugin.core.wording import Unit, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlstrat_plugin.records.diagnosis import ErrorRecord, GapRecord
    from mlstrat_plugin.records.review import ErrorAnalysis, LabelChange, LabelCheck
    from mlstrat_plugin.records.words import Settings


@dataclass(frozen=True, kw_only=True)
class People:
    """Who is behind a human level: the group that was taken, those that look the same, raters by group.

    ``agreed`` are the rows with a majority of raters and how many of them have its label, where answers are scored
    against the given labels.
    """

    chosen: str
    alike: tuple[str, ...]
    raters: Mapping[str, int]
    silent: tuple[str, ...]
    agreed: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What the tables tell beyond the counts.

    ``not_trained_on`` are sources whose train and train-dev rows have no prediction; ``groups`` counts the groups of
    each scored split where a group column is configured; ``copies`` holds the rows and the distinct contents of each
    scored split where contents are configured; ``train_rows`` are all training rows where only a declared
    sample was scored; ``heaviest`` is the largest weight in each split and how many rows carry it; ``slices`` are those
    of each split.
    """

    trained_on: tuple[str, ...] = ()
    not_trained_on: tuple[str, ...] = ()
    groups: Mapping[str, int] | None = None
    copies: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    train_rows: int | None = None
    heaviest: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    slices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    people: People | None = None


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """What people looked at.

    ``analysis`` is None if reviews are not configured; ``wanted`` are the rows that the sheet should hold of this
    model, ``audits`` the audit by split, ``changes`` the labels that were replaced, ``fixed_right`` for each split that
    may be looked at how many of these the model had got right by their old label.
    """

    analysis: ErrorAnalysis | None = None
    wanted: int = 0
    audits: Mapping[str, LabelCheck] = field(default_factory=dict)
    changes: Sequence[LabelChange] = ()
    fixed_right: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Everything that a check may look at.

    Parameters
    ----------
    diagnosis : str
        The verdict.
    problems : tuple of str
        Gaps above the threshold, largest first.
    contenders : tuple of str
        Gaps that may be the largest, in ladder order.
    errors : mapping of str to ErrorRecord
        The ladder, by rung.
    gaps : mapping of str to GapRecord
        The gaps by name, in ladder order; a merged one has several names joined by ``+``.
    tau : float
        The threshold from which a gap matters, in the unit of the errors.
    settings : Settings
        How the diagnosis was made.
    rows_needed : str
        The open question and the rows that would answer it; empty where nothing is open.
    circumstances : Circumstances, optional
        What the tables tell; None if only counts are given.
    reviewed : Reviewed, optional
        What people looked at; None if only counts are given.
    """

    diagnosis: str
    problems: tuple[str, ...]
    contenders: tuple[str, ...]
    errors: Mapping[str, ErrorRecord]
    gaps: Mapping[str, GapRecord]
    tau: float
    settings: Settings
    rows_needed: str
    circumstances: Circumstances | None = None
    reviewed: Reviewed | None = None

    @property
    def unit(self) -> Unit:
        """Return how errors are shown."""
        return unit_of(self.settings.metric, self.settings.unit)

    @property
    def known(self) -> Circumstances:
        """Return what the tables tell; nothing if only counts are given."""
        return self.circumstances or Circumstances()

    @property
    def looks(self) -> Reviewed:
        """Return what people looked at; nothing if only counts are given."""
        return self.reviewed or Reviewed()

    @property
    def threshold(self) -> str:
        """Return the threshold from which a gap matters, as text."""
        return self.unit.amount(self.tau)
