"""Two runs and many as text: the answer first, changes in the unit of the metric, logged numbers as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlstrat_plugin.core.diagnosis.comparison import compare
from mlstrat_plugin.core.diagnosis.diagnose import diagnose
from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.records.runs import Comparison, History
from mlstrat_plugin.report.render import comparison_markdown, history_html
from mlstrat_plugin.report.runs_view import comparison_view, history_table
from tests.unit.cli.samples import GOOD, history


@pytest.fixture
def two() -> Comparison:
    before = diagnose(human=0.01, train=(100, 10_000), dev=(900, 10_000))
    after = diagnose(human=0.01, train=(100, 10_000), dev=(700, 10_000))
    return compare(
        before,
        after,
        paired={"dev": PairedTally(fixed=220, broken=20, n=10_000).change()},
        names=("HEAD", "pooled"),
        params={"epochs": ("5", "9")},
        notes=("train: compared unpaired, because labels differ",),
    )


def test_the_answer_comes_first_then_verdicts_and_changes(two: Comparison) -> None:
    view = comparison_view(two)
    assert view.answer == two.summary
    assert view.answer.startswith("Dev error fell by 2.0 points [1.7, 2.3].")
    assert view.verdicts == "Verdict of HEAD: variance+mismatch. Verdict of pooled: variance+mismatch."
    assert view.errors.head == ("error", "change", "95% interval", "status", "fixed", "broken", "rows", "method")
    dev = next(row for row in view.errors.rows if row.name == "dev")
    assert dev.cells == ("-2.0", "-2.3 to -1.7", "moved", "220", "20", "10,000", "paired, bonett-price")
    train = next(row for row in view.errors.rows if row.name == "train")
    assert train.cells[2:6] == ("unchanged", "", "", "")
    assert view.gaps.head[2] == "joint 95% interval"
    assert view.params.head == ("setting", "HEAD", "pooled")
    assert view.notes[0] == (
        "Changes are in points; below zero is better. A change within 0.50 points of zero counts as unchanged."
    )
    assert view.notes[1].startswith("train: compared unpaired")


def test_a_comparison_speaks_in_the_unit_of_its_metric(two: Comparison) -> None:
    minutes = comparison_view(replace(two, metric="mean_absolute_error", unit="minutes"))
    assert minutes.notes[0].startswith("Changes are in minutes; ")
    assert "0.005 minutes of zero" in minutes.notes[0]
    assert (
        comparison_view(replace(two, metric="mean_loss")).notes[0].startswith("Changes are in the unit of mean_loss;")
    )


def test_the_comment_for_a_pull_request_starts_with_the_answer(two: Comparison) -> None:
    lines = comparison_markdown(two).splitlines()
    assert lines[0].startswith("**Dev error fell by 2.0 points")
    assert "| setting | HEAD | pooled |" in lines
    assert "| setting" not in comparison_markdown(replace(two, params={}))


def test_history_has_a_line_for_each_run() -> None:
    table = history_table(history(GOOD))
    assert table.rows[0].cells == (
        "righteous-stag-342",
        "mismatch",
        "",
        "0.5163",
        "0.5108",
        "mismatch 47.1 [41.5, 51.8]",
    )
    assert table.rows[1].cells[2:5] == ("yes", "0.5163", "")
    assert '<th scope="col">largest gap</th>' in history_html(history(GOOD))


def test_large_errors_of_history_are_not_in_powers_of_ten() -> None:
    run = replace(history(GOOD).runs[0], dev=123_456.7, interval="")
    assert history_table(History(runs=(run,))).rows[0].cells[3:] == ("123,457", "0.5108", "mismatch")
