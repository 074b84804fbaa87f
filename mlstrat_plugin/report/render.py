"""Records as HTML, Markdown and CSV; everything that comes from data is escaped for where it goes."""

from __future__ import annotations

import csv
import json
from base64 import b64encode
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING

from mlstrat_plugin.csv_cells import neutral
from mlstrat_plugin.records.words import LADDER
from mlstrat_plugin.report.charts import ladder_svgs, themed_svgs
from mlstrat_plugin.report.review_page import causes_figure, review_view
from mlstrat_plugin.report.runs_view import comparison_view, history_table
from mlstrat_plugin.report.view import view_of

if TYPE_CHECKING:
    from jinja2 import Environment

    from mlstrat_plugin.records.diagnosis import Diagnosis
    from mlstrat_plugin.records.runs import Comparison, History
    from mlstrat_plugin.report.tables import Row, Table

MARKDOWN_SPECIAL = r"\`*_{}[]<>()#+!|~&"


def report_html(record: Diagnosis) -> str:
    """Return a self-contained page: no script, nothing fetched, light and dark."""
    analysis = record.error_analysis
    causes = _inline(themed_svgs(partial(causes_figure, analysis))) if analysis is not None and analysis.tags else None
    return environment().get_template("report.html").render(
        view=view_of(record), pictures=_inline(ladder_svgs(record)), review=review_view(record), causes=causes,
    )  # fmt: skip


def history_html(record: History) -> str:
    """Return a self-contained page with the gaps of at least one run over time."""
    from mlstrat_plugin.report.history_chart import history_svgs

    runs, pictures = history_table(record), _inline(history_svgs(record))
    return environment().get_template("history.html").render(runs=runs, pictures=pictures)


def _inline(pictures: dict[str, bytes]) -> dict[str, str]:
    return {theme: b64encode(svg).decode("ascii") for theme, svg in pictures.items()}


def report_fragment(record: Diagnosis) -> str:
    """Return the part of the page that a notebook shows below a cell."""
    picture = b64encode(ladder_svgs(record)["light"]).decode("ascii")
    return environment().get_template("fragment.html").render(view=view_of(record), picture=picture)


def note_markdown(record: Diagnosis, *, picture: str, report: str) -> str:
    """Return the text of an MLflow note: the verdict first, the picture, then tables and findings.

    Parameters
    ----------
    record : Diagnosis
        What to show.
    picture, report : str
        Links to the picture and to the full report.
    """
    view = view_of(record)
    lines = [f"**{markdown(view.headline)}** {markdown(view.rest)}".rstrip(), "", f"![ladder]({picture})", ""]
    lines += _table(view.ladder)
    lines += _table(view.gaps)
    lines += [f"- **{markdown(name)}**: {markdown(verdict)}" for name, verdict in view.tasks]
    for finding in view.findings:
        lines.append(f"- **{finding.code} {markdown(finding.title)}.** {markdown(finding.message)}")
        if finding.severity == "problem":
            lines += [f"  - {markdown(step)}" for step in finding.next_steps]
    return "\n".join([*lines, *_review_lines(record), "", f"[Full report]({report})", ""])


def _review_lines(record: Diagnosis) -> list[str]:
    """Return the causes of mistakes; nothing if nobody has named one."""
    review = review_view(record)
    if review is None or not review.causes.rows:
        return []
    lines = ["", f"**Causes of mistakes**: {markdown(review.progress)}", ""]
    tags = markdown_table(review.causes.head, (*review.causes.rows, *review.unions.rows))
    return [*lines, *tags, *(f"- {markdown(note)}" for note in review.notes)]


def description_markdown(record: Diagnosis) -> str:
    """Return the text of a registered version, plain words first: MLflow's table shows their source, cut short."""
    view = view_of(record)
    lines = [f"{markdown(view.headline)} {markdown(view.rest)}".rstrip(), "", *_table(view.ladder)]
    return "\n".join(lines).rstrip()


def comparison_markdown(record: Comparison) -> str:
    """Return the text for a pull request: the answer first, then the changes, then what differed."""
    view = comparison_view(record)
    lines = [f"**{markdown(view.answer)}**", "", markdown(view.verdicts), ""]
    lines += [*_table(view.gaps), *_table(view.errors), *(_table(view.params) if view.params.rows else [])]
    lines += [f"- {markdown(note)}" for note in view.notes]
    return "\n".join(lines).rstrip() + "\n"


def _table(table: Table) -> list[str]:
    return markdown_table(table.head, table.rows)


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
