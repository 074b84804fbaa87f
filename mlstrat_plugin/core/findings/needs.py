"""What checks of more than one topic need, and the reason that they give where it is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.findings.check import need
from mlstrat_plugin.core.wording import and_between
from mlstrat_plugin.records.words import HUMAN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlstrat_plugin.core.findings.seen import Seen

COUNTS_ONLY = "only error counts are given, without tables"


@need("a human level is given")
def human_level(seen: Seen) -> str:
    """Return that the ladder has no human level."""
    return "" if HUMAN in seen.errors else "no human level is given"


@need("splits and predictions are given as tables")
def tables(seen: Seen) -> str:
    """Return that there are only counts."""
    return COUNTS_ONLY if seen.circumstances is None else ""


@need("reviews are configured")
def reviews(seen: Seen) -> str:
    """Return that nobody could look at rows."""
    if seen.looks.analysis is not None:
        return ""
    return tables.missing(seen) or "mlstrat.review is not configured"


def not_measured(rungs: Iterable[str], seen: Seen) -> str:
    """Return which of these rungs are missing, as a clause; an empty text where all are there."""
    missing = [rung for rung in rungs if rung not in seen.errors]
    return f"{and_between(missing)} error {'is' if len(missing) == 1 else 'are'} not measured" if missing else ""
