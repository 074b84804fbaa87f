"""What every command prints fits into 80 columns, with each of our words whole, whatever data calls things."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from rich.cells import cell_len

from mlstrat_plugin.cli import output
from mlstrat_plugin.cli.layout import flat
from mlstrat_plugin.core.estimates.paired import PairedTally
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.gate.challenge import Difference, challenge_of
from mlstrat_plugin.core.gate.decision import rule
from mlstrat_plugin.core.gate.judging import Measured, judge
from mlstrat_plugin.core.wording import RATE
from mlstrat_plugin.params.gate import Gate, Optimize
from mlstrat_plugin.records.gate import Candidate, Decision, Looks
from mlstrat_plugin.records.runs import History
from mlstrat_plugin.report.review_page import review_view
from mlstrat_plugin.report.runs_view import comparison_view, history_table
from mlstrat_plugin.report.tables import Table
from mlstrat_plugin.report.view import view_of
from tests.unit.cli import samples
from tests.unit.cli.samples import GOOD, HOSTILE, Names


def decision(names: Names) -> Decision:
    asked = Gate.model_validate({"model": "digits", "conditions": {f"error/test[{names.label}]": {"max": 0.5}}}).asked
    measured = Measured(amount=ErrorTally(wrong=58, n=2_128).estimate(), n=2_128, method="wilson")
    tally = PairedTally(broken=25, fixed=40, n=2_128)
    compared = challenge_of(Difference(amount=tally.estimate(), n=2_128, paired=tally), Optimize(), 2.8)
    ruling = rule([judge(asked[0], measured, 2.8)], compared, [], RATE)
    return Decision(
        decision=ruling.decision,
        code=ruling.code,
        reason=ruling.reason,
        metric="error_rate",
        unit="",
        model=names.run,
        alias="champion",
        champion="1",
        candidate=Candidate(run_id="r", model_hash="m", split_id="s", test_id="t"),
        conditions=ruling.conditions,
        challenge=compared,
        looks=Looks(mode="open", budget=20, used=2, won=1, promotions=1, seen_before=False, alpha=0.05, z=2.8),
        problems=(),
        policy_hash="p",
        inputs={},
    )


PRINTED: dict[str, tuple[Callable[[Names], Any], Callable[..., None]]] = {
    "diagnosis": (samples.diagnosis, output.print_diagnosis),
    "diagnosis, methods": (samples.diagnosis, partial(output.print_diagnosis, verbose=True)),
    "in the label's unit": (samples.in_minutes, output.print_diagnosis),
    "comparison": (samples.comparison, output.print_comparison),
    "comparison, methods": (samples.comparison, partial(output.print_comparison, verbose=True)),
    "history": (samples.history, output.print_history),
    "decision": (decision, output.print_decision),
    "decision, methods": (decision, partial(output.print_decision, verbose=True)),
    "splits": (samples.splits, output.print_splits),
    "validation": (samples.validation, output.print_validation),
    "suggestions": (samples.suggestions, output.print_suggestions),
    "sampling": (samples.sampling, output.print_sampling),
    "plan": (samples.plan, output.print_plan),
    "plan, methods": (samples.plan, partial(output.print_plan, verbose=True)),
}


@pytest.mark.parametrize("names", [GOOD, HOSTILE], ids=["good", "hostile"])
@pytest.mark.parametrize("what", PRINTED)
def test_no_line_is_wider_than_80_columns(what: str, names: Names, capsys: pytest.CaptureFixture[str]) -> None:
    make, show = PRINTED[what]
    show(make(names))
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if cell_len(line) > 80] == []
    assert "\x1b" not in out
    data = flat(" + ".join([*names.tags, names.run, names.task, names.web, names.mobile, names.id, names.label]))
    assert [cut for cut in re.findall(r"(\S{1,3})…", out) if cut not in data] == []


@pytest.mark.parametrize("columns", [40, 60, 132])
@pytest.mark.parametrize("what", PRINTED)
def test_other_terminals(
    what: str, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "width", lambda: columns)
    make, show = PRINTED[what]
    for names in (GOOD, HOSTILE):
        show(make(names))
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if cell_len(line) > columns] == []


def heads(*tables: Table) -> set[str]:
    return {head for table in tables for place, head in enumerate(table.head) if place not in table.data[1:]}


def test_every_head_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    record, compared, past = samples.diagnosis(GOOD), samples.comparison(GOOD), samples.history(GOOD)
    view, two, review = view_of(record), comparison_view(compared), review_view(record)
    assert review is not None
    output.print_diagnosis(record, verbose=True)
    output.print_comparison(compared, verbose=True)
    output.print_history(past)
    out = capsys.readouterr().out
    shown = heads(
        view.ladder, view.gaps, two.gaps, two.errors, two.params, review.causes, review.audits, history_table(past)
    )
    assert {head for head in shown if head not in out} == set()


def test_one_screen_says_the_verdict_first_and_its_numbers_in_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_diagnosis(samples.diagnosis(GOOD))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Unranked. Variance and bias both matter, but another gap may be larger. Variance"
    assert lines[4:8] == [
        "  error       value  95% interval   errors / rows (effective groups)",
        "  human       1.00%  declared",
        "  train       9.07%   6.39 to 12.7  230 / 2,536 (317)",
        "  train-dev  18.0%   12.5  to 25.3  199 / 1,104 (138)",
    ]
    assert lines[11:14] == [
        "  gap          points  95% interval   status",
        "  bias            8.1    5.1 to 12.3  matters",
        "  variance        9.0    1.4 to 17.9  matters",
    ]
    assert "method" not in "".join(lines)


def test_methods_are_told_if_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_diagnosis(samples.diagnosis(GOOD), verbose=True)
    out = capsys.readouterr().out
    assert "  train      grouped wilson\n" in out
    assert "  dark                  61 / 100" not in out  # the column of methods leaves no room: a block for each cause
    assert "    method: wilson fpc; mover product\n" in out
    output.print_plan(samples.plan(GOOD), verbose=True)
    assert "paired, Connor" in capsys.readouterr().out


def test_the_label_s_unit_is_never_points_or_percent(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_diagnosis(samples.in_minutes(GOOD))
    out = capsys.readouterr().out
    assert "points" not in out
    assert out.replace("95% interval", "").replace("(100%)", "").count("%") == 0
    assert "Data mismatch dominates: 15,000 minutes [14,279, 15,721]" in out


def test_findings_have_their_steps_unless_they_are_tips(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_diagnosis(samples.diagnosis(GOOD))
    out = capsys.readouterr().out
    assert "  MLS102  Variance matters\n          Variance is 9.0 points [1.4, 17.9], above your" in out
    assert "\n          - Get more training data, or augment the data you have.\n" in out
    assert "  MLS164  Mistakes were skipped (warning)\n" in out
    assert "(tip)" in out
    assert "To narrow an interval" not in out  # a step of the tip MLS142


def test_nothing_to_list_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_history(History(runs=()))
    assert capsys.readouterr().out == "No diagnosed run yet. Run `mlstrat track` to log one.\n"


def test_a_pipe_has_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert output.width() == 80
