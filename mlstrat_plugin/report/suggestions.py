"""What is shown of suggestions: the worse slices of dev, and the labels that may be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.wording import RATE, and_between, percent
from mlstrat_plugin.report.tables import Row, Table

if TYPE_CHECKING:
    from mlstrat_plugin.records.review import SliceFound, Suggestions

NAMED = 3  # slices with nearly the same mistakes that are named; the rest is counted


def slices_table(record: Suggestions) -> Table:
    """Return the numbers of each slice, as the half of dev that did not find it shows them; slices are numbered."""
    return Table(
        ("slice", "errors / rows", "error", "interval", "above the rest", "interval"),
        tuple(
            Row(
                str(number),
                (
                    f"{found.wrong:,} / {found.error.n:,}",
                    RATE.error_cell(found.error.value),
                    RATE.error_bounds(found.error.low, found.error.high),
                    RATE.gap(found.more_error.value),
                    RATE.gap_bounds(found.more_error.low, found.more_error.high),
                ),
            )
            for number, found in enumerate(record.slices, start=1)
        ),
    )


def slice_sentences(record: Suggestions) -> tuple[str, ...]:
    """Return which rows each slice holds, its share of all errors, and whether the other half of dev confirms it."""
    return tuple(f"{number}. {_slice(found)}" for number, found in enumerate(record.slices, start=1))


def labels_table(record: Suggestions) -> Table:
    """Return the doubtful labels, the least likely first."""
    return Table(
        ("id", "split", "label", "likely to be right"),
        tuple(Row(found.id, (found.split, found.label, f"{found.quality:.3f}")) for found in record.labels),
        data=(0, 2),
    )


def _slice(found: SliceFound) -> str:
    confirmed = "confirmed" if found.confirmed else "not confirmed"
    told = f"{found.where}: {percent(found.of_errors)} of all errors; {confirmed} on the other half of dev."
    if not found.also:
        return told
    more = [f"{len(found.also) - NAMED} more"] if len(found.also) > NAMED else []
    return f"{told} Nearly the same mistakes: {and_between([*found.also[:NAMED], *more])}."
