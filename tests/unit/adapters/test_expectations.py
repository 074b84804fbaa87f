"""Declared == built == evaluated, or an error; a crash is 'could not check'."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlstrat_plugin.errors import ExpectationsError
from mlstrat_plugin.stages.validate import validate
from tests.conftest import digits

if TYPE_CHECKING:
    from tests.conftest import Project

pytestmark = pytest.mark.integration
COUNT = {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}}


def in_set(column: str, severity: str = "critical") -> dict[str, Any]:
    return {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": column, "value_set": [0, 1]},
        "severity": severity,
        "meta": {"why": "two classes"},
    }


@pytest.mark.parametrize(("severity", "passed"), [("critical", False), ("warning", True), ("info", True)])
def test_severity_decides_whether_the_pipeline_stops(project: Project, severity: str, passed: bool) -> None:
    project.suite("web", [COUNT, in_set("label", severity), COUNT])
    record = validate(project.load())
    assert record.passed is passed
    mine = [rule for rule in record.rules if rule.source == "web"][-3:]
    assert [rule.outcome for rule in mine] == ["passed", "failed", "passed"]
    assert mine[1].why == "two classes"
    assert mine[1].detail == "133 of 400 rows"
    assert mine[1].examples[0] == "2"


def test_a_rule_that_cannot_run_is_neither_passed_nor_failed(project: Project) -> None:
    project.suite("web", [in_set("lable")])
    record = validate(project.load())
    assert [rule.outcome for rule in record.rules if "in_set" in rule.rule] == ["could-not-check"]
    assert not record.passed


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([], "no rule"),
        (None, "no rule"),
        (
            [{"type": "expect_column_values_to_be_inset", "kwargs": {}}],
            "did you mean 'expect_column_values_to_be_in_set'",
        ),
        ([{"type": COUNT["type"], "kwargs": {"min_valu": 1}}], "min_valu"),
        ([{**COUNT, "severty": "critical"}], "did you mean 'severity'"),
        ([{**COUNT, "severity": "fatal"}], "fatal"),
        ([{"kwargs": {}}], "no type"),
        (["expect"], "not a block"),
    ],
    ids=str,
)
def test_suites_that_cannot_be_run_as_written(project: Project, rules: Any, message: str) -> None:
    project.suite("web", rules)
    with pytest.raises(ExpectationsError, match=message) as caught:
        validate(project.load())
    assert caught.value.exit_code == 2
    assert not (project.root / "reports/validation.json").exists()


def test_a_source_without_a_suite(project: Project) -> None:
    (project.root / "expectations/web.yaml").unlink()
    with pytest.raises(ExpectationsError, match=r"web\.yaml does not exist"):
        validate(project.load())


def test_the_report_is_the_same_on_every_run_and_holds_no_clock(project: Project) -> None:
    validate(project.load())
    first = (project.root / "reports/validation.json").read_bytes()
    validate(project.load())
    assert (project.root / "reports/validation.json").read_bytes() == first
    text = json.dumps(json.loads(first)["rules"])
    assert "time" not in text
    assert "uuid" not in text


def test_hostile_values_are_shown_inert(project: Project) -> None:
    web = digits(50, "w").astype({"label": "str"})
    web.loc[0, "label"] = "\x1b[31m<script>"
    project.write("web.parquet", web)
    project.write("mobile.parquet", digits(600, "m").astype({"label": "str"}))
    rule = in_set("label", "warning")
    rule["kwargs"]["value_set"] = ["0", "1", "2"]
    project.suite("web", [rule])
    record = validate(project.load())
    assert record.rules[-2].examples == ("'\\x1b[31m<script>'",)
