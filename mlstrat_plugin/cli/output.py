"""What the terminal shows: results on stdout, everything else on stderr, nothing that data could make it do."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlstrat_plugin.core.wording import RATE, percent, rows_sentence, unit_of
from mlstrat_plugin.report.review_page import AUDITS, CAUSES, review_view
from mlstrat_plugin.report.view import HISTORY_HEAD, Row, comparison_rows, history_rows, view_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from mlstrat_plugin.errors import MlstratError
    from mlstrat_plugin.records.diagnosis import Diagnosis
    from mlstrat_plugin.records.gate import Decision
    from mlstrat_plugin.records.review import Sampling, Suggestions
    from mlstrat_plugin.records.runs import Comparison, History
    from mlstrat_plugin.records.sizing import SizePlan
    from mlstrat_plugin.records.splits import Splits, Validation

STYLES = {"material": "bold red", "unclear": "yellow", "ruled-out": "blue", "negative": "green"}
OUTCOMES = {"passed": "green", "failed": "bold red", "could-not-check": "bold magenta"}


def console(*, stderr: bool = False) -> Console:
    """Return a console that takes no markup, emoji or highlighting from the text it prints."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def plain(text: str) -> str:
    r"""Return text in which control characters are written out.

    >>> plain("a\x1b[31m")
    'a\\x1b[31m'
    """
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


@contextmanager
def working(what: str, *, quiet: bool) -> Iterator[None]:
    """Show on stderr that something is going on; silent when nobody watches."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    with console(stderr=True).status(plain(what)):
        yield


def print_diagnosis(record: Diagnosis) -> None:
    """Print the verdict, the ladder and the gaps."""
    view, out = view_of(record), console()
    out.print(f"{plain(view.diagnosis)}", style="bold")
    out.print(plain(view.summary))
    out.print(f"lean: {plain(view.lean)}\n")
    _table(("error", "value", "interval", "wrong of rows", "method"), view.ladder)
    _table(("gap", "between", view.gap_word, "simultaneous", "status", "method"), view.gaps)
    for task in view.tasks:
        out.print(plain(f"task {task.name}: {task.cells[1]}"))
    _print_review(record)
    for finding in record.findings:
        out.print(f"{finding.code} {finding.severity}: {plain(finding.title)}. {plain(finding.message)}")
        for step in finding.next_steps if finding.severity == "problem" else ():
            out.print(f"    - {plain(step)}")
    out.print(view.checks)


def _print_review(record: Diagnosis) -> None:
    """Print the causes of mistakes and the label audit; nothing where nobody has looked yet."""
    review = review_view(record)
    if review is None or not (review.causes or review.audits):
        return
    out = console()
    out.print(plain(f"causes of mistakes: {review.progress}"))
    if review.causes:
        _table(CAUSES, (*review.causes, *review.unions))
    if review.audits:
        _table(AUDITS, review.audits)
    for note in review.notes:
        out.print(plain(f"note: {note}"))


def print_comparison(record: Comparison) -> None:
    """Print whether one gap moved alone, then the changes, then the settings that differ."""
    errors, gaps, params = comparison_rows(record)
    out, unit = console(), unit_of(record.metric)
    out.print(plain(record.orthogonal), style="bold")
    before, after = (f"{name}: {diagnosis}" for name, diagnosis in zip(record.names, record.diagnoses, strict=True))
    out.print(plain(f"{before}; {after}"))
    out.print(f"changes in {unit.gap_sign.strip() or 'loss'}, below zero is better\n")
    _table(("gap", "change", "simultaneous", "status", "method"), gaps)
    _table(("error", "change", "interval", "status", "rows", "method"), errors)
    if params:
        _table(("setting", *(plain(name) for name in record.names)), params)
    for note in record.notes:
        out.print(plain(f"note: {note}"))


def print_sampling(record: Sampling) -> None:
    """Print what was added to a sheet, and what of it is out of date."""
    out = console()
    out.print(f"{record.file}: {record.added:,} rows added, {record.rows:,} in all")
    if record.now_right:
        out.print(f"{record.now_right:,} rows that the model gets right by now: their prediction equals their label")
    if record.gone:
        out.print(f"{record.gone:,} rows that are not in dev (any more); they are kept and not counted")
    for note in record.notes:
        out.print(plain(note))


def print_suggestions(record: Suggestions) -> None:
    """Print the slices that are worse, then the labels that may be wrong."""
    from mlstrat_plugin.report.review_page import LABELS, SLICES, label_rows, slice_rows

    if record.slices:
        _table(SLICES, slice_rows(record))
    if record.labels:
        _table(LABELS, label_rows(record))
    for note in record.notes:
        console().print(plain(note))


def print_history(record: History) -> None:
    """Print one line per run, newest first."""
    if not record.runs:
        console().print("no diagnosed run yet; `mlstrat track` logs one")
        return
    _table(HISTORY_HEAD, history_rows(record))


def print_decision(record: Decision, *, verbose: bool = False) -> None:
    """Print the answer and its reason, then the evidence; how the numbers were made only if asked for."""
    from mlstrat_plugin.report.gate_page import ANSWERS, METHODS, answer_rows, method_rows, notes, standing_line

    _sentence(f"{record.decision.capitalize()}: {record.reason}.")
    if record.conditions or record.challenge is not None:
        _table(ANSWERS, answer_rows(record))
        if verbose:
            _table(METHODS, method_rows(record))
    said = notes(record) if verbose else ()
    for text in (*said, *(problem.message for problem in record.problems[1:])):
        _sentence(f"- {text}")
    _sentence(standing_line(record))


def _sentence(text: str) -> None:
    """Print text that wraps between words."""
    console().print(plain(text), soft_wrap=False)


def print_plan(plan: SizePlan) -> None:
    """Print the rows that purposes need, then what usual sizes can show."""
    tau = f"{100 * plan.material_gap:g} points"
    rows = (
        (f"know an error of {percent(plan.error)} to +-{tau}", plan.to_know_error, "wilson"),
        (
            f"prove a gap of {100 * plan.gap:g} points to be above {tau}",
            plan.to_prove_gap,
            "simultaneous, mover",
        ),
        (f"show that one of two models is better by {tau}, on the same rows", plan.to_compare_paired, "paired, Connor"),
        ("the same on separate rows, each", plan.to_compare_unpaired, "unpaired"),
    )
    _table(("to", "rows per split", "method"), tuple(Row(name, (f"{n:,}", method)) for name, n, method in rows))
    _table(
        ("rows", "error +-", "smallest gap", "gain, same rows", "gain, separate rows"),
        tuple(
            Row(
                f"{line.n:,}",
                tuple(
                    "none" if amount is None else RATE.gap(amount)
                    for amount in (
                        line.half_width,
                        line.smallest_gap,
                        line.smallest_gain_paired,
                        line.smallest_gain_unpaired,
                    )
                ),
            )
            for line in plan.lines
        ),
    )
    console().print(
        f"in points, at an error of {percent(plan.error)}, {percent(plan.discordant)} discordant rows, "
        f"confidence {percent(plan.confidence)}, power {percent(plan.power)}"
    )
    for line in plan.advice:
        console().print(plain(line))


def print_splits(record: Splits) -> None:
    """Print rows by split and source, what was held out, and what the sizes can prove."""
    rows = [
        Row(name, (source, f"{sum(labels.values()):,}", f"{len(labels):,}"))
        for name, sources in record.counts.items()
        for source, labels in sources.items()
    ]
    _table(("split", "source", "rows", "labels"), tuple(rows))
    out = console()
    for held in record.held_out:
        out.print(f"held out: {held.rows:,} rows of {plain(held.source)}: {held.reason}")
    if record.label_changes or record.labels_left:
        said = ", ".join(
            f"{sum(change.split == name for change in record.label_changes):,} of {name}" for name in record.rows
        )
        left = f"; {record.labels_left:,} of train and train-dev left as they are" if record.labels_left else ""
        out.print(f"labels replaced by reviews/label_fixes.csv: {said}{left}")
    for line in record.advice:
        out.print(line)
    out.print(f"split {record.split_id}, test {record.test_id}{rows_sentence(record.sizing.open_question)}")


def print_validation(record: Validation) -> None:
    """Print every rule with its outcome; failed ones with examples."""
    out = console()
    for rule in record.rules:
        detail = f"  {rule.detail}" if rule.detail else ""
        examples = f"  e.g. {', '.join(rule.examples)}" if rule.examples else ""
        out.print(f"{rule.outcome:>15}  ", style=OUTCOMES[rule.outcome], end="")
        out.print(plain(f"{rule.source}: {rule.rule} [{rule.severity}]{detail}{examples}"))
    passed = sum(rule.outcome == "passed" for rule in record.rules)
    out.print(f"{passed} of {len(record.rules)} rules passed; the data is {'valid' if record.passed else 'NOT valid'}")


def print_error(error: MlstratError) -> None:
    """Print what was wrong and what to do, on stderr."""
    out = console(stderr=True)
    out.print("error: ", style="bold red", end="")
    out.print(plain(error.message))
    if error.hint:
        out.print(f"hint: {plain(error.hint)}")


def _table(head: tuple[str, ...], rows: tuple[Row, ...]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(*head, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        style = STYLES.get(row.status, "")
        table.add_row(Text(plain(row.name), style=style), *(Text(plain(cell)) for cell in row.cells))
    console().print(table)
