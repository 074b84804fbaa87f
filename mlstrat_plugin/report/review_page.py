"""What a report says of looked-at mistakes and checked labels: rows of text, a picture, a table for MLflow."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from mlstrat_plugin.core.wording import RATE, percent
from mlstrat_plugin.csv_cells import neutral
from mlstrat_plugin.report.view import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mlstrat_plugin.records.diagnosis import Diagnosis
    from mlstrat_plugin.records.review import Amount, ErrorAnalysis, LabelCheck, Suggestions, TagTally

CAUSES = ("cause", "mistakes", "share of mistakes", "dev error falls by at most", "method")
AUDITS = (
    "split",
    "labels checked",
    "labels' share of the error",
    "corrected error",
    "hidden by checking wrong rows only",
)
SLICES = ("slice of dev", "wrong", "error", "more than the rest", "of all errors", "confirmed", "nearly the same")
LABELS = ("id", "split", "label", "likely to be right")
COLUMNS = (
    *("cause", "mistakes", "looked_at", "share", "share_low", "share_high"),
    *("ceiling_points", "ceiling_low", "ceiling_high", "method"),
)
MOST_BARS = 12


@dataclass(frozen=True)
class ReviewView:
    """Everything that the section says; no rows and no audits where nobody has looked yet."""

    progress: str
    causes: tuple[Row, ...]
    unions: tuple[Row, ...]
    notes: tuple[str, ...]
    audits: tuple[Row, ...]


def review_view(record: Diagnosis) -> ReviewView | None:
    """Return the section as text; nothing where reviews are not configured."""
    analysis = record.error_analysis
    if analysis is None:
        return None
    best = analysis.best_pair
    pair = () if best is None else (_row(best, "best pair: "),)
    others = [union for union in analysis.unions if best is None or set(union.tags) != set(best.tags)]
    return ReviewView(
        progress=_progress(analysis),
        causes=tuple(_row(tag) for tag in analysis.tags),
        unions=(*pair, *(_row(union, f"best {len(union.tags)}: ") for union in others)),
        notes=tuple(_notes(analysis)),
        audits=tuple(_audit_row(split, check) for split, check in record.label_audit.items()),
    )


def _progress(analysis: ErrorAnalysis) -> str:
    """Return how far people have come."""
    if not analysis.sampled:
        return "pending: no mistake of this model is in the sheet yet; `mlstrat review sample` draws some"
    said = f"{analysis.reviewed:,} of {analysis.sampled:,} looked at, of {analysis.mistakes:,} mistakes on dev"
    return f"pending: {said}" if not analysis.reviewed else said


def _row(tally: TagTally, before: str = "") -> Row:
    share, ceiling = tally.share, tally.ceiling
    return Row(
        before + " + ".join(tally.tags),
        (
            f"{tally.count:,} of {share.n:,}",
            f"{percent(share.value)} ({percent(share.low)} to {percent(share.high)})",
            f"{RATE.amount(ceiling.value)} {RATE.interval(ceiling.low, ceiling.high)}",
            f"{share.method}; {ceiling.method}",
        ),
    )


def _notes(analysis: ErrorAnalysis) -> list[str]:
    """Return what stands beside the table."""
    notes = []
    if analysis.merged:
        merged = ", ".join(f"{tag!r} counts as {stands!r}" for tag, stands in analysis.merged.items())
        notes.append(f"spellings: {merged}")
    for two in analysis.alike:
        more = f"about {two.more_rows:,} more mistakes would" if two.more_rows else "dev has too few mistakes to"
        notes.append(f"{' and '.join(two.tags)} cannot be told apart: {more} tell them apart")
    if analysis.label_share is not None:
        notes.append(f"label is wrong: {_said(analysis.label_share)} of the mistakes looked at")
    if analysis.now_right:
        notes.append(f"{analysis.now_right:,} rows of the sheet are right by now; they are kept and not counted")
    if analysis.gone:
        notes.append(f"{analysis.gone:,} rows of the sheet are not in dev; they are kept and not counted")
    if analysis.eyeball is not None and analysis.blackbox is not None and analysis.drift is not None:
        drift = f"{RATE.amount(analysis.drift.value)} {RATE.interval(analysis.drift.low, analysis.drift.high)}"
        parts = f"{_said(analysis.eyeball)}, elsewhere {_said(analysis.blackbox)}"
        notes.append(f"dev error where people look {parts}: {drift} apart")
    return notes


def _audit_row(split: str, check: LabelCheck) -> Row:
    checked = (
        f"{check.wrong.mislabelled:,} of {check.wrong.checked:,} wrong rows, "
        f"{check.right.mislabelled:,} of {check.right.checked:,} right rows"
    )
    if check.corrected is None:
        return Row(split, (checked, "pending", "pending", "pending"))
    hidden = "none" if check.hidden is None else _points(check.hidden)
    more = f"; check {check.right_rows:,} right rows to narrow it" if check.right_rows else ""
    share = "no wrong row"
    if check.label_share is not None:
        share = f"{_said(check.label_share)}; worth fixing: {check.worth_fixing}"
    return Row(split, (checked, share, _said(check.corrected) + more, hidden))


def _said(amount: Amount) -> str:
    return (
        f"{percent(amount.value)} ({percent(amount.low)} to {percent(amount.high)}; {amount.n:,} rows, {amount.method})"
    )


def _points(amount: Amount) -> str:
    return f"{RATE.amount(amount.value)} {RATE.interval(amount.low, amount.high)} ({amount.n:,} rows, {amount.method})"


def slice_rows(record: Suggestions) -> tuple[Row, ...]:
    """Return one row per slice, as the half of dev that did not find it shows it."""
    return tuple(
        Row(
            found.where,
            (
                f"{found.wrong:,} of {found.error.n:,}",
                f"{percent(found.error.value)} ({percent(found.error.low)} to {percent(found.error.high)})",
                f"{RATE.amount(found.more_error.value)} {RATE.interval(found.more_error.low, found.more_error.high)}",
                percent(found.of_errors),
                "yes" if found.confirmed else "no",
                ", ".join(found.also[:3]) + (f" and {len(found.also) - 3} more" if len(found.also) > 3 else ""),
            ),
        )
        for found in record.slices
    )


def label_rows(record: Suggestions) -> tuple[Row, ...]:
    """Return one row per doubtful label."""
    return tuple(Row(found.id, (found.split, found.label, f"{found.quality:.3f}")) for found in record.labels)


def causes_csv(record: Diagnosis) -> str:
    """Return the tally as a table for MLflow: one line per cause, most frequent first, then the best unions."""
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    analysis = record.error_analysis
    for tally in () if analysis is None else (*analysis.tags, *analysis.unions):
        share, ceiling = tally.share, tally.ceiling
        shares = [f"{number:.4f}" for number in (share.value, share.low, share.high)]
        points = [f"{100 * number:.3f}" for number in (ceiling.value, ceiling.low, ceiling.high)]
        method = f"{share.method}; {ceiling.method}"
        writer.writerow([neutral(" + ".join(tally.tags)), tally.count, share.n, *shares, *points, method])
    return buffer.getvalue()


def causes_figure(analysis: ErrorAnalysis) -> Figure:
    """Return the picture: how far dev error falls at most for each cause, with intervals, the largest on top."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from mlstrat_plugin.report.charts import THEMES

    colours, tags = THEMES["light"], analysis.tags[:MOST_BARS]
    figure = Figure(figsize=(7.2, 0.9 + 0.42 * len(tags)), dpi=96, facecolor=colours["paper"], layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_facecolor(colours["paper"])
    places = range(len(tags))
    values = [100 * tag.ceiling.value for tag in tags]
    below = [100 * (tag.ceiling.value - tag.ceiling.low) for tag in tags]
    above = [100 * (tag.ceiling.high - tag.ceiling.value) for tag in tags]
    axes.barh(places, values, color=colours["soft"], height=0.55)
    axes.errorbar(values, places, xerr=[below, above], fmt="none", ecolor=colours["ink"], capsize=4, linewidth=1.4)
    names = [f"{_short(tag.tags[0])}\n{tag.count:,} of {tag.share.n:,}" for tag in tags]
    axes.set_yticks(places, names, color=colours["ink"], parse_math=False)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("points by which dev error falls at most if the cause is solved", color=colours["ink"])
    axes.tick_params(colors=colours["ink"], length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(colours["soft"])
    return figure


def _short(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:27]}…"
