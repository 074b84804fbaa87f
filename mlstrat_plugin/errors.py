"""What can go wrong, by what the user does next; everything the package raises on purpose is here.

MlstratError
├── ParamsError        params.yaml is wrong: edit the named keys
├── SourceError        a source table cannot be used: fix it or point to another file
├── ExpectationsError  a suite of rules cannot be run: fix its YAML
├── ChecksFailed       the data broke a rule: the answer is no
├── SplitError         no split with these sizes: change them or bring more rows
├── PredictionsError   predictions do not fit the splits: run predict again
├── HumanError         people's answers cannot be scored: fix the raters' table
├── EstimateError      numbers from which nothing can be estimated
├── RecordError        a saved report cannot be read: run the stage that writes it
├── ReviewError        a file that people fill in is ambiguous: fix the named rows
│   └── ChangedMeanwhile   somebody else changed the same cell: look at both
├── GateError          a promotion that cannot be decided
│   └── PromotionRefused   the gate's answer is no
├── RunError           the MLflow run does not exist, or is another one: train again, or name the right run
├── TrackingError      MLflow did not take the result: try again
└── WriteError         the disk did not take a file: free space, or fix the permissions
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_EXAMPLES = 5  # a message names this many examples and counts the rest
MAX_TEXT = 80  # characters of one value from the data that a message repeats


class MlstratError(Exception):
    """An expected failure: what was wrong, and the next command or edit.

    Parameters
    ----------
    message : str
        What was wrong, the value, and where (file and key).
    hint : str
        The next command or edit.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ParamsError(MlstratError):
    """params.yaml is not usable as it stands."""


class SourceError(MlstratError):
    """A source table is missing, unreadable, or lacks what the params promise."""


class ExpectationsError(MlstratError):
    """A suite of rules is empty, misspelt, or could not be evaluated."""


class ChecksFailed(MlstratError):  # noqa: N818 - the name is the answer
    """The data was checked and broke a rule that stops the pipeline."""

    exit_code = 1


class SplitError(MlstratError):
    """The requested sizes cannot be cut from these sources."""


class PredictionsError(MlstratError):
    """The predictions table does not answer for the splits."""


class HumanError(MlstratError):
    """A table of people's answers cannot be scored."""


class EstimateError(MlstratError):
    """Counts or rates from which no error can be estimated."""


class RecordError(MlstratError):
    """A saved report is missing, damaged, or of another version."""


class ReviewError(MlstratError):
    """A file that people fill in cannot be read, or says two things about one row."""


class ChangedMeanwhile(ReviewError):  # noqa: N818 - the name is the answer
    """Another tab, or another person, has changed the same cell; ``cells`` are the row's as they are now."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        super().__init__("this row was changed elsewhere meanwhile", hint="look at both and save again")
        self.cells = dict(cells)


class GateError(MlstratError):
    """A promotion that cannot be decided, or must not be done."""


class PromotionRefused(GateError):  # noqa: N818 - the name is the answer
    """The gate's answer is no."""

    exit_code = 1


class RunError(MlstratError):
    """The MLflow run that should carry the diagnosis does not exist, or is not the right one."""


class TrackingError(MlstratError):
    """The tracking server did not take, or did not keep, the diagnosis."""

    exit_code = 3


class WriteError(MlstratError):
    """The disk did not take a file."""

    exit_code = 3


def shown(value: object) -> str:
    r"""Return a value from the data as one bounded line that a terminal cannot act on.

    >>> shown("a\x1b[31mb")
    "'a\\x1b[31mb'"
    """
    text = repr(value) if not isinstance(value, str) else repr(str(value))
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 4] + "...'"


def examples(values: Iterable[object], total: int | None = None) -> str:
    """Return at most five values and how many more there are.

    >>> examples(range(7))
    '0, 1, 2, 3, 4 ... and 2 more'
    """
    items = list(values)
    count = len(items) if total is None else total
    text = ", ".join(shown(item) for item in items[:MAX_EXAMPLES])
    rest = count - min(len(items), MAX_EXAMPLES)
    return f"{text} ... and {rest:,} more" if rest > 0 else text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the closest known word, or an empty string.

    >>> did_you_mean("lable", ["id", "label"])
    " (did you mean 'label'?)"
    """
    close = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.5)
    return f" (did you mean {shown(close[0])}?)" if close else ""


def listed(problems: list[str], most: int | None = None) -> str:
    r"""Return one problem as it is, several as a bulleted list, each on a line; beyond ``most`` they are counted.

    >>> listed(["a", "b", "c"], most=2)
    '- a\n- b\n... and 1 more'
    """
    if len(problems) == 1:
        return problems[0]
    rest = 0 if most is None else max(0, len(problems) - most)
    lines = [f"- {problem}" for problem in problems[: len(problems) - rest]]
    return "\n".join([*lines, *([f"... and {rest:,} more"] if rest else [])])
