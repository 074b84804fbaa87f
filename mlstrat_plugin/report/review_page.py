"""What a report says of reviewed mistakes and checked labels: tables, a picture, a CSV file for MLflow."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from mlstrat_plugin.core.wording import RATE, and_between, percent, sentence_start
from mlstrat_plugin.csv_cells import neutral
from mlstrat_plugin.report.tables import Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from matplotlib.figure import Figure

    from mlstrat_plugin.records.diagnosis import Diagnosis
    from mlstrat_plugin.records.review import Amount, ErrorAnalysis, LabelCheck, TagTally

COLUMNS = (
    *("cause", "mistakes", "looked_at", "share", "share_low", "share_high"),
    *("ceiling_points", "ceiling_low", "ceiling_high", "method"),
)
MOST_BARS = 12
WORTH_FIXING = {
    "yes": "the labels are worth fixing; they make up a fifth of the error or more.",
    "no": "the labels are not worth fixing; they make up less than a fifth of the error.",
    "open": "the data cannot tell whether the labels are worth fixing.",
}


@dataclass(frozen=True)
class ReviewView:
    """Everything that the section says; tables without rows if nobody has reviewed anything yet.

    ``notes`` go below the causes and ``audit_notes`` below the label audit.
    """

    progress: str
    causes: Table
    unions: Table
    notes: tuple[str, ...]
    audits: Table
    audit_notes: tuple[str, ...]


def review_view(record: Diagnosis) -> ReviewView | None:
    """Return the section as text; None if reviews are not configured."""
    analysis, level = record.error_analysis, percent(record.settings.confidence)
    if analysis is None:
        return None
    best = analysis.best_pair
    pair = () if best is None else (_cause(best, "best pair: "),)
    others = [union for union in analysis.unions if best is None or set(union.tags) != set(best.tags)]
    head = ("cause", "mistakes", "share", f"{level} interval", "ceiling", f"{level} interval", "method")
    return ReviewView(
        progress=_progress(analysis),
        causes=Table(head, tuple(_cause(tag) for tag in analysis.tags), data=(0,)),
        unions=Table(head, (*pair, *(_cause(union, f"best {len(union.tags)}: ") for union in others)), data=(0,)),
        notes=tuple(_notes(analysis)),
        audits=_audits(record.label_audit, level),
        audit_notes=tuple(_audit_notes(record.label_audit)),
    )


def _progress(analysis: ErrorAnalysis) -> str:
    """Return how far the review has come."""
    if not analysis.sampled:
        return "No mistakes reviewed yet. To draw some, run mlstrat review sample."
    on_dev = f"dev has {analysis.mistakes:,} mistakes"
    if not analysis.reviewed:
        return (
            f"No mistakes reviewed yet. The sheet holds {analysis.sampled:,}; {on_dev}. "
            "Run `mlstrat review serve` to review them."
        )
    return f"{analysis.reviewed:,} of {analysis.sampled:,} sampled mistakes reviewed; {on_dev}."


def _cause(tally: TagTally, before: str = "") -> Row:
    share, ceiling = tally.share, tally.ceiling
    return Row(
        before + " + ".join(tally.tags),
        (
            f"{tally.count:,} / {share.n:,}",
            RATE.error_cell(share.value),
            RATE.error_bounds(share.low, share.high),
            RATE.gap(ceiling.value),
            RATE.gap_bounds(ceiling.low, ceiling.high),
            f"{share.method}; {ceiling.method}",
        ),
    )


def _notes(analysis: ErrorAnalysis) -> Iterator[str]:
    """Yield what goes below the table of causes."""
    if analysis.tags:
        yield (
            "Share: of the mistakes reviewed. Ceiling: the points by which dev error falls at most if the cause is "
            "fixed. One mistake may have several causes."
        )
    if analysis.merged:
        merged = ", ".join(f"{tag!r} counts as {stands!r}" for tag, stands in analysis.merged.items())
        yield f"Spellings: {merged}."
    for two in analysis.alike:
        more = f"About {two.more_rows:,} more mistakes would tell." if two.more_rows else "Dev has too few mistakes."
        yield f"The data cannot rank {and_between(two.tags)}. {more}"
    if analysis.label_share is not None:
        yield f"The label is wrong for {_said(analysis.label_share)} of the mistakes reviewed."
    if analysis.now_right:
        yield f"The model gets {analysis.now_right:,} rows of the sheet right by now. They are kept and not counted."
    if analysis.gone:
        yield f"{analysis.gone:,} rows of the sheet are not in dev. They are kept and not counted."
    if analysis.eyeball is not None and analysis.blackbox is not None and analysis.drift is not None:
        drift = RATE.change(analysis.drift.value, analysis.drift.low, analysis.drift.high)
        yield (
            f"Dev error is {_said(analysis.eyeball)} where people may look and {_said(analysis.blackbox)} elsewhere; "
            f"the difference is {drift}."
        )


def _audits(audits: Mapping[str, LabelCheck], level: str) -> Table:
    interval = f"{level} interval"
    return Table(
        ("split", "wrong rows", "right rows", "share", interval, "corrected", interval, "method"),
        tuple(_audit(split, check) for split, check in audits.items()),
    )


def _audit(split: str, check: LabelCheck) -> Row:
    checked = tuple(f"{rows.mislabelled:,} / {rows.checked:,}" for rows in (check.wrong, check.right))
    if check.corrected is None:
        return Row(split, (*checked, "pending", "", "pending", "", ""))
    share = ("none", "") if check.label_share is None else _with_bounds(check.label_share)
    methods = [
        f"{what}: {amount.method}, {amount.n:,} rows"
        for what, amount in (("share", check.label_share), ("corrected", check.corrected), ("hidden", check.hidden))
        if amount is not None
    ]
    return Row(split, (*checked, *share, *_with_bounds(check.corrected), "; ".join(methods)))


def _audit_notes(audits: Mapping[str, LabelCheck]) -> Iterator[str]:
    """Yield what goes below the label audit: what its columns are, then what each split needs."""
    if audits:
        yield (
            "Wrong rows, right rows: wrong labels / labels checked, among rows that the model got wrong and right. "
            "Share: how much of the error is wrong labels. Corrected: the error by right labels."
        )
    for split, check in audits.items():
        name = sentence_start(split)
        if check.corrected is None:
            yield f"{name}: check labels among wrong and right rows to correct the error."
            continue
        yield f"{name}: {WORTH_FIXING[check.worth_fixing]}"
        if check.hidden is not None:
            hidden = RATE.change(check.hidden.value, check.hidden.low, check.hidden.high)
            yield f"{name}: checking wrong rows alone would make the error too low by {hidden}."
        if check.right_rows:
            yield f"{name}: check {check.right_rows:,} right rows to narrow the corrected error."


def _with_bounds(amount: Amount) -> tuple[str, str]:
    return RATE.error_cell(amount.value), RATE.error_bounds(amount.low, amount.high)


def _said(amount: Amount) -> str:
    return f"{RATE.error_cell(amount.value)} ({RATE.error_bounds(amount.low, amount.high)}; {amount.n:,} rows)"


def causes_csv(record: Diagnosis) -> str:
    """Return the causes as a CSV file for MLflow: one line per cause, most frequent first, then the best unions."""
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
    """Return the picture of the ceilings with their intervals, the most frequent cause on top."""
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
    axes.set_xlabel("ceiling (points)", color=colours["ink"])
    axes.tick_params(colors=colours["ink"], length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(colours["soft"])
    return figure


def _short(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:27]}…"
