"""What the terminal shows: results on stdout, everything else on stderr, nothing that data could make it do."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from mlstrat_plugin.cli.layout import HEAD, cut, flat, plain, table_lines, wrapped
from mlstrat_plugin.core.wording import RATE, percent, rows_sentence, sentence_start
from mlstrat_plugin.report.tables import Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from mlstrat_plugin.errors import MlstratError
    from mlstrat_plugin.records.diagnosis import Diagnosis, Finding
    from mlstrat_plugin.records.gate import Decision
    from mlstrat_plugin.records.review import Sampling, Suggestions
    from mlstrat_plugin.records.runs import Comparison, History
    from mlstrat_plugin.records.sizing import SizePlan
    from mlstrat_plugin.records.splits import Splits, Validation
    from mlstrat_plugin.report.view import View

WIDTH, NARROWEST = 80, 40  # of prose, and of everything if there is no terminal; no line is made for less
STYLES = {
    HEAD: "bold",
    "material": "bold red",
    "unclear": "yellow",
    "ruled-out": "blue",
    "negative": "green",
    "moved": "bold",
    "problem": "bold red",
    "warning": "yellow",
    "tip": "blue",
}
OUTCOMES = {"passed": "green", "failed": "bold red", "could-not-check": "bold magenta"}
NAME = 40  # columns of a name from data within a sentence


def console(*, stderr: bool = False) -> Console:
    """Return a console that takes no markup, emoji or highlighting from the text it prints."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def width() -> int:
    """Return the columns of the terminal; 80 if there is none."""
    out = console()
    return max(NARROWEST, out.width) if out.is_terminal else WIDTH


@contextmanager
def working(what: str, *, quiet: bool) -> Iterator[None]:
    """Show on stderr that something is going on; silent when nobody watches."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    with console(stderr=True).status(plain(what)):
        yield


def print_diagnosis(record: Diagnosis, *, verbose: bool = False) -> None:
    """Print the verdict, the ladder and the gaps, what to do next; how numbers are made only if asked for."""
    from mlstrat_plugin.report.view import view_of

    view = view_of(record)
    _sentence(f"{view.headline} {view.rest}", style="bold")
    if view.likeliest:
        _sentence(view.likeliest)
    _show(view.ladder.without("method"))
    _show(view.gaps.without("method", "between"))
    if verbose:
        _print_methods(view)
    if view.tasks:
        _heading("By task")
    for name, verdict in view.tasks:
        _sentence(f"{cut(flat(name), NAME)}: {verdict}", first="  ", rest="    ")
    _print_review(record, verbose=verbose)
    if record.findings:
        _heading("What to do next")
    for finding in record.findings:
        _print_finding(finding)
    _sentence(f"\n{view.checks}")


def _print_methods(view: View) -> None:
    """Print how each number is made."""
    _show(view.ladder.only("method"))
    _show(view.gaps.only("between", "method"))


def _print_finding(finding: Finding) -> None:
    """Print a finding: its code and title, its sentence, and steps unless it is a tip."""
    title = finding.title if finding.severity == "problem" else f"{finding.title} ({finding.severity})"
    _sentence(title, first=f"  {finding.code}  ", rest=" " * 10, style=STYLES[finding.severity])
    _sentence(finding.message, first=" " * 10, rest=" " * 10)
    for step in finding.next_steps if finding.severity != "tip" else ():
        _sentence(step, first=" " * 10 + "- ", rest=" " * 12)


def _print_review(record: Diagnosis, *, verbose: bool) -> None:
    """Print the causes of mistakes and the label audit; nothing if nobody has reviewed anything yet."""
    from mlstrat_plugin.report.review_page import review_view

    review = review_view(record)
    if review is None or not (review.causes.rows or review.audits.rows):
        return
    hidden = () if verbose else ("method",)
    _heading("Causes of mistakes")
    _sentence(review.progress, first="  ", rest="  ")
    _show(replace(review.causes, rows=(*review.causes.rows, *review.unions.rows)).without(*hidden))
    for note in review.notes:
        _sentence(note, first="  ", rest="  ")
    _show(review.audits.without(*hidden))
    for note in review.audit_notes:
        _sentence(note, first="  ", rest="  ")


def print_comparison(record: Comparison, *, verbose: bool = False) -> None:
    """Print how far the error and which gap moved, then all changes, then the settings that differ."""
    from mlstrat_plugin.report.runs_view import comparison_view

    view, hidden = comparison_view(record), () if verbose else ("method",)
    _sentence(view.answer, style="bold")
    _sentence(view.verdicts)
    _show(view.gaps.without(*hidden))
    _show(view.errors.without(*hidden))
    _show(view.params)
    console().print()
    for note in view.notes:
        _sentence(sentence_start(note))


def print_sampling(record: Sampling) -> None:
    """Print what was added to a sheet, and what of it is out of date."""
    _sentence(f"{record.file}: {record.added:,} rows added, {record.rows:,} in all.")
    if record.now_right:
        _sentence(f"The model gets {record.now_right:,} rows right by now. They are kept and not counted.")
    if record.gone:
        _sentence(f"{record.gone:,} rows are not in dev any more. They are kept and not counted.")
    for note in record.notes:
        _sentence(sentence_start(note))


def print_suggestions(record: Suggestions) -> None:
    """Print the slices that are worse, then the labels that may be wrong."""
    from mlstrat_plugin.report.suggestions import labels_table, slice_sentences, slices_table

    _show(slices_table(record))
    for told in slice_sentences(record):
        _sentence(told, first="  ", rest="     ")
    _show(labels_table(record))
    for note in record.notes:
        _sentence(sentence_start(note))


def print_history(record: History) -> None:
    """Print each run, newest first, with its largest gap below it."""
    from mlstrat_plugin.report.runs_view import history_table

    if not record.runs:
        _sentence("No diagnosed run yet. Run `mlstrat track` to log one.")
        return
    _show(history_table(record).without("largest gap"))
    _show(history_table(record).only("run", "largest gap"))
    console().print()
    _sentence("Errors of dev and test are as logged (0.05 is 5%); gaps of rates are in points.")


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
    console().print()
    _sentence(standing_line(record))


def print_plan(plan: SizePlan, *, verbose: bool = False) -> None:
    """Print the rows that purposes need, then what usual sizes can detect."""
    tau = RATE.amount(plan.material_gap)
    needed = (
        (f"measure a {percent(plan.error)} error to ±{tau}", plan.to_know_error),
        (f"confirm that a gap of {RATE.amount(plan.gap)} is above {tau}", plan.to_prove_gap),
        (f"show that a model is better by {tau}, same rows", plan.to_compare_paired),
        (f"show that a model is better by {tau}, separate rows", plan.to_compare_unpaired),
    )
    _show(Table(("to", "rows per split"), tuple(Row(purpose, (f"{rows:,}",)) for purpose, rows in needed)))
    _show(
        Table(
            ("rows", "error ±", "smallest gap", "gain, same rows", "gain, separate rows"),
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
    )
    _sentence(
        f"\nIn points, for an error of {percent(plan.error)} and two models of which exactly one is wrong on "
        f"{percent(plan.discordant)} of the rows; confidence {percent(plan.confidence)}, power {percent(plan.power)}."
    )
    for line in plan.advice:
        _sentence(line)
    if verbose:
        _sentence(
            "Methods, from top to bottom: wilson; mover, all bounds of one side together; paired, Connor; unpaired."
        )


def print_splits(record: Splits) -> None:
    """Print rows by split and source, what was held out, and what the sizes can detect."""
    rows = tuple(
        Row(name, (source, f"{sum(labels.values()):,}", _labels(labels)))
        for name, sources in record.counts.items()
        for source, labels in sources.items()
    )
    several = record.settings.get("columns", {}).get("labels")  # of several tasks each row has a combination
    _show(Table(("split", "source", "rows", "combinations of labels" if several else "labels"), rows, data=(1,)))
    console().print()
    for held in record.held_out:
        _sentence(f"Held out: {held.rows:,} rows of {cut(flat(held.source), NAME)}: {held.reason}")
    if record.label_changes or record.labels_left:
        changed = ", ".join(
            f"{sum(change.split == name for change in record.label_changes):,} of {name}" for name in record.rows
        )
        left = f" {record.labels_left:,} of train and train-dev are left as they are." if record.labels_left else ""
        _sentence(f"Labels replaced by label_fixes.csv: {changed}.{left}")
    for line in (*record.advice, rows_sentence(record.sizing.open_question)):
        if line:
            _sentence(sentence_start(line))
    _sentence(f"Split {record.split_id}, test {record.test_id}.")


def _labels(counts: dict[str, int]) -> str:
    """Return the number of distinct labels; too many are not listed one by one."""
    from mlstrat_plugin.records.splits import ANY

    return "many" if list(counts) == [ANY] else f"{len(counts):,}"


def print_validation(record: Validation) -> None:
    """Print every rule with its outcome; failed ones with examples."""
    for rule in record.rules:
        examples = f"for example {', '.join(rule.examples)}" if rule.examples else ""
        reason = "; ".join(filter(None, (rule.detail, examples)))
        told = f"{rule.source}: {rule.rule} ({rule.severity}){': ' if reason else ''}{reason}"
        _sentence(told, first=f"{rule.outcome:>15}  ", rest=" " * 17, style=OUTCOMES[rule.outcome], styled=15)
    passed = sum(rule.outcome == "passed" for rule in record.rules)
    valid = "valid" if record.passed else "NOT valid"
    _sentence(f"{passed:,} of {len(record.rules):,} rules passed. The data is {valid}.")


def print_error(error: MlstratError) -> None:
    """Print what was wrong and what to do, on stderr."""
    out = console(stderr=True)
    out.print("error: ", style="bold red", end="")
    out.print(plain(error.message))
    if error.hint:
        out.print(f"hint: {plain(error.hint)}")


def _heading(text: str) -> None:
    console().print(f"\n{text}", style="bold")


def _sentence(text: str, *, first: str = "", rest: str = "", style: str = "", styled: int | None = None) -> None:
    """Print text that wraps between words; ``styled`` columns of the first line have the style, all of it by default.

    ``first`` and ``rest`` start the first line and the others.
    """
    from rich.text import Text

    for number, line in enumerate(wrapped(text, min(WIDTH, width()), first=first, rest=rest)):
        shown = Text(line)
        if styled is None or not number:
            shown.stylize(style, 0, styled)
        console().print(shown)


def _show(table: Table) -> None:
    """Print a table below an empty line; nothing if it has no rows."""
    from rich.text import Text

    if not table.rows:
        return
    console().print()
    for line in table_lines(table, width()):
        console().print(Text.assemble((line.name, STYLES.get(line.status, "")), line.rest))


def _table(head: tuple[str, ...], rows: tuple[Row, ...]) -> None:
    _show(Table(head, rows))
