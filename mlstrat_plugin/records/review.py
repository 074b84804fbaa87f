"""What people say about single rows, and what a diagnosis makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LookedAt:
    """One line of the sheet of mistakes."""

    id: str
    label: str
    tags: tuple[str, ...]
    label_is_wrong: bool | None
    reviewed: bool


@dataclass(frozen=True)
class CheckedLabel:
    """One line of the label audit; without an answer nobody has looked yet."""

    id: str
    label: str
    label_is_wrong: bool | None


@dataclass(frozen=True)
class Fix:
    """One correction of a label."""

    id: str
    before: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A number with its two-sided bounds, and the rows and the method behind it."""

    value: float
    low: float
    high: float
    n: int
    method: str


@dataclass(frozen=True, kw_only=True)
class TagTally:
    """One tag, or several together: mistakes that carry any of them, their share, and how far dev error falls."""

    tags: tuple[str, ...]
    count: int
    share: Amount
    ceiling: Amount


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Two tags whose order is open; ``more_rows`` would tell them apart, None if no number of rows may."""

    tags: tuple[str, str]
    more_rows: int | None


@dataclass(frozen=True, kw_only=True)
class ErrorAnalysis:
    """The sheet of mistakes, counted.

    ``sampled`` are mistakes of the present model that the sheet holds without a gap, ``reviewed`` those of them that
    somebody looked at, of ``mistakes`` on dev; ``now_right`` and ``gone`` are rows of the sheet that the model gets
    right by now, or that dev no longer has. ``unions`` are the best two tags, three tags and so on, chosen one by one.
    """

    status: str
    reviewed: int
    sampled: int
    mistakes: int
    now_right: int
    gone: int
    skipped: int
    tags: tuple[TagTally, ...] = ()
    best_pair: TagTally | None = None
    unions: tuple[TagTally, ...] = ()
    alike: tuple[Alike, ...] = ()
    merged: dict[str, str] = field(default_factory=dict)
    label_share: Amount | None = None
    worth_fixing: str = "open"
    eyeball: Amount | None = None
    blackbox: Amount | None = None
    drift: Amount | None = None


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """Rows of one split that the model got wrong, or right: all, in the audit, checked, with a wrong label."""

    rows: int
    drawn: int
    checked: int
    mislabelled: int


@dataclass(frozen=True, kw_only=True)
class LabelCheck:
    """The label audit of one split.

    ``label_share`` is the share of the measured error that is labels; ``hidden`` are the points by which the corrected
    error comes out too low where only wrong rows are checked; ``right_rows`` are the right rows to check until they no
    longer widen the interval more than the wrong ones do.
    """

    status: str
    wrong: Stratum
    right: Stratum
    label_share: Amount | None = None
    label_points: Amount | None = None
    corrected: Amount | None = None
    hidden: Amount | None = None
    right_rows: int | None = None
    worth_fixing: str = "open"


@dataclass(frozen=True, kw_only=True)
class LabelChange:
    """One label that ``mlstrat split`` replaced, as a person asked for."""

    id: str
    split: str
    source: str
    before: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """What a call of the sampler did to a file: rows added, rows there now, and those that are no longer mistakes."""

    schema_version: int = 1
    file: str
    added: int
    rows: int
    now_right: int = 0
    gone: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SliceFound:
    """A part of dev on which the model is worse: found on one half of dev, measured on the other.

    ``where`` names columns and values; ``more_error`` is its error less that of the rest; ``of_errors`` the share of
    all mistakes that it holds; ``also`` are slices with nearly the same mistakes.
    """

    where: str
    wrong: int
    error: Amount
    more_error: Amount
    of_errors: float
    confirmed: bool
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DoubtfulLabel:
    """A row whose label the scores speak against; ``quality`` is 0 for an unlikely label, 1 for a certain one."""

    id: str
    split: str
    label: str
    quality: float


@dataclass(frozen=True, kw_only=True)
class Suggestions:
    """Where to look; nothing is changed by it. Notes say what could not be done."""

    schema_version: int = 1
    slices: tuple[SliceFound, ...]
    labels: tuple[DoubtfulLabel, ...]
    notes: tuple[str, ...] = ()
