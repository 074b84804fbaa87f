from __future__ import annotations

import json

import pytest

from mlstrat_plugin.report.mlflow_view import columns, saved_view, unpacked, view_link


def test_columns_are_the_verdict_the_errors_and_the_gaps_in_ladder_order() -> None:
    assert [column.split("`")[1] for column in columns()] == [
        "diagnosis",
        "lean",
        "gate",
        "error/human",
        "error/train",
        "error/train-dev",
        "error/dev",
        "error/test",
        "gap/bias",
        "gap/variance",
        "gap/mismatch",
        "gap/dev-overfit",
    ]


def test_the_columns_fit_into_what_mlflow_leaves_them_in_a_window_of_1920_pixels() -> None:
    widths = unpacked(json.loads(saved_view("", now=1) or "")["state"])["columnWidths"]
    assert list(widths) == list(columns())
    assert sum(widths.values()) == 1251 <= 1253


def test_a_view_that_is_there_is_left_alone() -> None:
    first = saved_view("", now=5)
    assert first is not None
    assert saved_view(first, now=9) is None
    assert json.loads(first)["createdAt"] == 5


def test_an_older_state_is_replaced_and_keeps_its_birthday() -> None:
    first = json.loads(saved_view("", now=5) or "")
    again = json.loads(saved_view(json.dumps({**first, "name": "Old"}), now=9) or "")
    assert (again["createdAt"], again["updatedAt"], again["name"]) == (5, 9, "Diagnosis")


@pytest.mark.parametrize(
    "damaged", ["{", "[]", '{"state": "deflate;AAAA"}', '{"state": "deflate;%%%"}', '{"state": 3}']
)
def test_a_damaged_state_is_replaced(damaged: str) -> None:
    assert unpacked(json.loads(saved_view(damaged, now=1) or "")["state"])["selectedColumns"] == list(columns())


def test_charts_show_the_ladder_the_dominant_gap_and_dev_against_test() -> None:
    state = unpacked(json.loads(saved_view("", now=1) or "")["state"])
    assert [chart["type"] for chart in state["compareRunCharts"]] == ["PARALLEL", "BAR", "SCATTER"]
    sections = {section["uuid"] for section in state["compareRunSections"]}
    assert {chart["metricSectionId"] for chart in state["compareRunCharts"]} == sections


def test_the_link_opens_the_mode_for_model_training() -> None:
    assert view_link("7") == "#/experiments/7/runs?viewStateShareKey=mlstrat-diagnosis&workflowType=machine_learning"
