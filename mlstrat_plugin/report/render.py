"""The view as HTML, Markdown and CSV; everything that comes from data is escaped for where it goes."""

from __future__ import annotations

import csv
import json
from base64 import b64encode
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING

from mlstrat_plugin.core.wording import unit_of
from mlstrat_plugin.csv_cells import neutral
from mlstrat_plugin.records.words import LADDER
from mlstrat_plugin.report.charts import ladder_svgs, themed_svgs
from mlstrat_plugin.report.review_page import AUDITS, CAUSES, causes_figure, review_view
from mlstrat_plugin.report.view import HISTORY_HEAD, Row, comparison_rows, history_rows, view_of

if TYPE_CHECKING:
    from jinja2 import Environment

    from mlstrat_plugin.records.diagnosis import Diagnosis
    from mlstrat_plugin.records.runs import Comparison, History

MARKDOWN_SPECIAL = r"\`*_{}[]<>()#+!|~&"


def report_html(record: Diagnosis) -> str:
    """Return a self-contained page: no script, nothing fetched, light and dark."""
    analysis = record.error_analysis
    causes = _inline(themed_svgs(partial(causes_figure, analysis))) if analysis is not None and analysis.tags else None
    return environment().get_template("report.html").render(
        view=view_of(record), pictures=_inline(ladder_svgs(record)), review=review_view(record), causes=causes,
        heads={"causes": CAUSES, "audits": AUDITS},
    )  # fmt: skip


def history_html(record: History) -> str:
    """Return a self-contained page with the gaps of at least one run over time."""
    from mlstrat_plugin.report.history_chart import history_svgs

    rows, pictures = history_rows(record), _inline(history_svgs(record))
    return environment().get_template("history.html").render(head=HISTORY_HEAD, rows=rows, pictures=pictures)


def _inline(pictures: dict[str, bytes]) -> dict[str, str]:
    return {theme: b64encode(svg).decode("ascii") for theme, svg in pictures.items()}


def report_fragment(record: Diagnosis) -> str:
    """Return the part of the page that a notebook shows below a cell."""
    picture = b64encode(ladder_svgs(record)["light"]).decode("ascii")
    return environment().get_template("fragment.html").render(view=view_of(record), picture=picture)


def note_markdown(record: Diagnosis, *, picture: str, report: str) -> str:
    """Return the text of an MLflow note: the verdict and its number first, the picture, then the tables.

    Parameters
    ----------
    record : Diagnosis
        What to show.
    picture, report : str
        Links to the picture and to the full report.
    """
    view = view_of(record)
    lines = [f"**{markdown(view.diagnosis)}** - {markdown(view.summary)}", "", f"![ladder]({picture})", ""]
    lines += markdown_table(("error", "value", "interval", "wrong of rows", "method"), view.ladder)
    lines += markdown_table(("gap", "between", view.gap_word, "simultaneous interval", "status", "method"), view.gaps)
    lines += [f"- **{markdown(task.name)}**: {markdown(task.cells[1])}" for task in view.tasks]
    for finding in view.findings:
        lines.append(f"- **{finding.code} {markdown(finding.title)}**: {markdown(finding.message)}")
        if finding.severity == "problem":
            lines += [f"  - {markdown(step)}" for step in finding.next_steps]
    return "\n".join([*lines, *_review_lines(record), "", f"[Full report]({report})", ""])


def _review_lines(record: Diagnosis) -> list[str]:
    """Return the causes of mistakes; nothing where nobody has looked at one."""
    review = review_view(record)
    if review is None or not review.causes:
        return []
    lines = ["", f"**Causes of mistakes**: {markdown(review.progress)}", ""]
    return [
        *lines,
        *markdown_table(CAUSES, (*review.causes, *review.unions)),
        *(f"- {markdown(n)}" for n in review.notes),
    ]


def description_markdown(record: Diagnosis) -> str:
    """Return the text of a registered version, plain words first: its table shows the source, cut after some words."""
    view = view_of(record)
    lines = [f"{markdown(view.diagnosis)} - {markdown(view.summary)}", ""]
    lines += markdown_table(("error", "value", "interval", "wrong of rows", "method"), view.ladder)
    return "\n".join(lines).rstrip()


def comparison_markdown(record: Comparison) -> str:
    """Return the text for a pull request: the answer first, then the changes, then what differed."""
    errors, gaps, params = comparison_rows(record)
    unit = unit_of(record.metric).gap_sign.strip() or "loss"
    before, after = record.names
    lines = [
        f"**{markdown(record.orthogonal)}**",
        "",
        f"{markdown(before)}: {markdown(record.diagnoses[0])}; {markdown(after)}: {markdown(record.diagnoses[1])}. "
        f"Changes in {unit}, below zero is better.",
        "",
    ]
    lines += markdown_table(("gap", "change", "simultaneous interval", "status", "method"), gaps)
    lines += markdown_table(("error", "change", "interval", "status", "rows", "method"), errors)
    if params:
        lines += markdown_table(("setting", before, after), params)
    lines += [f"- {markdown(note)}" for note in record.notes]
    return "\n".join(lines).rstrip() + "\n"


def markdown_table(head: tuple[str, ...], rows: tuple[Row, ...]) -> list[str]:
    """Return the lines of a table; everything is escaped."""
    lines = [f"| {' | '.join(markdown(cell) for cell in head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(markdown(cell) for cell in (row.name, *row.cells))} |" for row in rows]
    return [*lines, ""]


def markdown(text: str) -> str:
    r"""Return text that Markdown shows as it is.

    >>> markdown("a|b <script>")
    'a\\|b \\<script\\>'
    """
    flat = " ".join(str(text).split())
    return "".join(f"\\{c}" if c in MARKDOWN_SPECIAL else c for c in flat)


def ladder_csv(record: Diagnosis) -> str:
    """Return the ladder for ``dvc plots``: one line per rung, in ladder order."""
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["rung", "order", "error", "low", "high", "n", "method"])
    for order, rung in enumerate(LADDER):
        error = record.errors.get(rung)
        if error is not None:
            numbers = (error.value, error.low, error.high)
            writer.writerow([neutral(rung), order, *(f"{x:.6f}" for x in numbers), error.n or "", error.method])
    return buffer.getvalue()


def metrics_json(record: Diagnosis) -> str:
    """Return the few numbers that people look at in `dvc metrics show` and `dvc metrics diff`.

    No key is called ``error``: DVC takes that word anywhere in a metrics file for a failure of its own.
    """
    numbers = {
        "diagnosis": record.diagnosis,
        "lean": record.lean.problem if record.lean else None,
        "errors": {rung: round(error.value, 6) for rung, error in record.errors.items()},
        "gaps": {name: round(gap.value, 6) for name, gap in record.gaps.items()},
    }
    return json.dumps(numbers, indent=2) + "\n"


def environment() -> Environment:
    """Return the templates, in which everything is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("mlstrat_plugin.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
