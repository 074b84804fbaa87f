"""What is said of numbers: every digit, bound and unit is in the sentence, whatever the sentence is."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlstrat_plugin.core.diagnosis.diagnose import diagnose
from mlstrat_plugin.core.wording import (
    LOSS,
    PROBLEM_NAMES,
    RATE,
    Unit,
    and_between,
    checks_line,
    counted,
    gap_name,
    gap_sentence,
    percent,
    problem_name,
    rows_sentence,
    sentence_start,
    unit_of,
)
from mlstrat_plugin.records.diagnosis import CheckOutcome, ErrorRecord, Finding, GapRecord
from mlstrat_plugin.records.metrics import METRICS, Scale
from mlstrat_plugin.records.sizing import OpenQuestion
from mlstrat_plugin.records.words import GAPS

YEARS = unit_of("mean_absolute_error", "years")


def numbers(text: str) -> list[float]:
    """Return the numbers of a text, without the commas of thousands."""
    return [float(found.replace(",", "")) for found in re.findall(r"(?<![\w.])-?\d[\d,]*\.?\d*(?:e[+-]?\d+)?", text)]


def gap(value: float, low: float, high: float, between: tuple[str, str] = ("train-dev", "dev")) -> GapRecord:
    return GapRecord(value=value, low=low, high=high, status="material", method="mover", between=between)


def error(n: int | None, wrong: int | None, groups: float | None = None) -> ErrorRecord:
    return ErrorRecord(value=0.1, low=0.0, high=0.2, n=n, wrong=wrong, method="wilson", groups=groups)


@given(st.floats(0, 1))
def test_rates_are_percentages_of_three_digits(rate: float) -> None:
    text = percent(rate)
    assert text.endswith("%")
    assert numbers(text) == [pytest.approx(100 * rate, rel=5.1e-3)]
    assert RATE.error(rate) == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.123, "12.3"), (-0.01, "-1.0"), (0.0042, "0.42"), (-0.00996, "-1.0"), (-0.00001, "0.00"), (20.0, "2,000.0")],
)
def test_gaps_are_points_with_one_digit_and_two_below_one_point(value: float, shown: str) -> None:
    assert RATE.gap(value) == shown
    assert RATE.amount(value) == f"{shown} points"


@pytest.mark.parametrize("unit", [RATE, LOSS, YEARS])
@given(value=st.floats(-1, 1), low=st.floats(-1, 1), high=st.floats(-1, 1))
def test_tables_and_sentences_show_the_same_bounds(unit: Unit, value: float, low: float, high: float) -> None:
    assert numbers(unit.gap_bounds(low, high)) == numbers(unit.interval(low, high))
    assert numbers(unit.change(value, low, high)) == numbers(f"{unit.amount(value)} {unit.interval(low, high)}")
    assert unit.word == (unit.gap_sign.strip() or "amount")
    assert unit.is_rate == (unit is RATE)


@given(st.floats(0.002, 1))
def test_percentages_of_a_table_are_in_line(rate: float) -> None:
    cell = RATE.error_cell(rate)
    assert re.fullmatch(r"\d\.\d\d%|\d\d\.\d%|10\.00%|100\.0%", cell)
    assert numbers(cell) == [pytest.approx(100 * rate, abs=0.051)]
    assert numbers(RATE.error_bounds(rate, rate)) == numbers(cell) * 2


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_intervals_hold_both_bounds(low: float, high: float) -> None:
    text = RATE.interval(low, high)
    assert (text[0], text[-1]) == ("[", "]")
    assert numbers(text) == [pytest.approx(100 * low, abs=0.051), pytest.approx(100 * high, abs=0.051)]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_each_metric_is_shown_on_its_scale(metric: Any) -> None:
    unit = unit_of(metric.name, "years")
    shown = {
        Scale.RATE: (7.12, "%", "points"),
        Scale.LOSS: (0.0712, "", ""),
        Scale.LABEL: (0.0712, "years", "years"),
    }[metric.scale]
    value, of_error, of_gap = shown
    assert numbers(unit.error(0.0712)) == [value]
    assert unit.error(0.0712).endswith(of_error)
    assert unit.amount(0.0712).endswith(of_gap)
    for text in (unit.error(0.5), unit.amount(0.5), unit.interval(0.1, 0.5)):
        assert metric.is_rate or ("%" not in text and "point" not in text)


def test_a_label_without_a_named_unit_is_a_plain_number() -> None:
    assert unit_of("mean_absolute_error") == LOSS
    assert unit_of("mean_loss", "years") == LOSS  # a loss is not in the unit of the labels
    assert unit_of("my.own.metric") == RATE


@pytest.mark.parametrize("unit", [RATE, LOSS, YEARS])
def test_a_gap_is_said_with_its_rungs_and_its_interval(unit: Unit) -> None:
    text = gap_sentence("mismatch", gap(0.25, -0.125, 0.5), unit)
    assert text.startswith("mismatch")
    assert text.index("dev") < text.index("train-dev")  # what is taken from what
    assert numbers(text) == [unit.factor * value for value in (0.25, -0.125, 0.5)]
    assert unit.gap_sign.strip() in text


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (error(2500, 175), [175, 2500]),
        (error(2500, None), [2500]),
        (error(12_345, 1_234, 405.4), [1234, 12_345, 405]),
        (error(None, None), []),
    ],
)
def test_what_stands_behind_an_error(record: ErrorRecord, expected: list[float]) -> None:
    assert sorted(numbers(counted(record))) == sorted(expected)
    assert ("declared" in counted(record)) == (record.n is None)
    assert ("group" in counted(record)) == (record.groups is not None)
    assert "1,234" in counted(error(12_345, 1_234))


def asked(**rows: int) -> OpenQuestion:
    by_rung = {rung.replace("_", "-"): n for rung, n in rows.items()}
    return OpenQuestion(question="is variance larger than bias?", bottleneck="human", rows=by_rung, power=0.8)


def test_rows_that_would_settle_it() -> None:
    text = rows_sentence(asked(train_dev=15_833, dev=7_000))
    assert numbers(text) == [15_833, 7_000]
    assert re.search(r"15,833 train-dev\b.*7,000 dev\b.*human", text)
    assert rows_sentence(None) == ""
    hopeless = rows_sentence(asked())
    assert numbers(hopeless) == []
    assert "human" in hopeless


def test_names_of_gaps() -> None:
    assert set(PROBLEM_NAMES) == set(GAPS)
    assert len({gap_name(name) for name in GAPS}) == 4
    assert all(gap_name(name) in gap_name("+".join(GAPS)) for name in GAPS)  # a merged gap names its parts
    for name in GAPS:
        assert problem_name(name) == PROBLEM_NAMES[name]
    merged = problem_name("bias+variance")
    assert PROBLEM_NAMES["bias"] in merged
    assert PROBLEM_NAMES["variance"] in merged
    assert problem_name("seed-overfit") == "seed-overfit"  # one that has no other name


@pytest.mark.parametrize(
    ("counts", "line"), [((3, 1, 2), "3 problems, 1 warning, 2 tips"), ((1, 0, 1), "1 problem, 0")]
)
def test_findings_are_counted_by_severity(counts: tuple[int, int, int], line: str) -> None:
    names = ("problem", "warning", "tip")
    made = [
        Finding(code="MLS1", severity=name, title="", message="", evidence="", next_steps=(), docs="")
        for name, count in zip(names, counts, strict=True)
        for _ in range(count)
    ]
    record = replace(diagnose(train=(1, 100), dev=(2, 100)), findings=tuple(made), checks=())
    assert checks_line(record).startswith(line)
    assert "passed" not in checks_line(record)  # an older record does not say what it looked for
    outcomes = ["passed"] * 9 + ["not-applicable"] * 2 + ["ignored"] * 4
    checked = replace(record, checks=tuple(CheckOutcome(code="MLS1", outcome=one) for one in outcomes))
    assert numbers(checks_line(checked)) == [*counts, 9, 2, 4]
    assert numbers(checks_line(replace(checked, checks=checked.checks[:11]))) == [*counts, 9, 2]


@given(st.lists(st.sampled_from(["train", "dev", "test"]), max_size=5))
def test_lists_for_people(words: list[str]) -> None:
    text = and_between(words)
    assert re.findall(r"train|dev|test", text) == words
    assert text.count(" and ") == (len(words) > 1)
    assert text.count(",") == max(0, len(words) - 2)


@pytest.mark.parametrize(
    ("text", "start"), [("", ""), ("dev is small", "Dev is small"), ("MLflow", "MLflow"), ("ä", "Ä")]
)
def test_sentences_start_with_a_capital_and_change_nothing_else(text: str, start: str) -> None:
    assert sentence_start(text) == start
