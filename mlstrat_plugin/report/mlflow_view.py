"""MLflow's saved view 'Diagnosis': the columns and charts that show what holds each run back, as MLflow stores them."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from typing import Any

from mlstrat_plugin.records.words import GAPS, LADDER

VIEW_ID = "mlstrat-diagnosis"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW_ID}"
NAME = "Diagnosis"
PACKED = "deflate;"
# Pixels of each column's text: of its header in bold or of its widest usual value, whichever is wider. Measured in
# DejaVu Sans: the widest of the common fonts, and on many Linux machines the only one. It decides for each column, as
# letters differ too much to count them. With the padding the columns take 1,251 pixels of the 1,253 that MLflow leaves
# them in a window of 1,920.
TEXT = {
    "diagnosis": 74,  # inconclusive
    "lean": 104,  # dev-overfit 100%
    "gate": 45,  # unclear
    "error/human": 86,
    "error/train": 71,
    "error/train-dev": 101,
    "error/dev": 63,
    "error/test": 65,
    "gap/bias": 64,  # -0.123456
    "gap/variance": 88,
    "gap/mismatch": 97,
    "gap/dev-overfit": 105,
}
PADDING = 24  # MLflow's, both sides


def columns() -> tuple[str, ...]:
    """Return the columns in order: the verdict, the five errors, the four gaps."""
    tags = ("diagnosis", "lean", "gate")
    metrics = (*(f"error/{rung}" for rung in LADDER), *(f"gap/{gap}" for gap in GAPS))
    return (*(f"tags.`{tag}`" for tag in tags), *(f"metrics.`{metric}`" for metric in metrics))


def view_link(experiment_id: str) -> str:
    """Return the part of the link that opens the view, in the mode for model training."""
    return f"#/experiments/{experiment_id}/runs?viewStateShareKey={VIEW_ID}&workflowType=machine_learning"


def saved_view(existing: str, *, now: int) -> str | None:
    """Return the text to store, or None if the stored text already says the same.

    Parameters
    ----------
    existing : str
        What is stored under ``VIEW_TAG``; empty where nothing is.
    now : int
        Milliseconds since 1970.
    """
    state = _state()
    try:
        old = json.loads(existing) if existing else {}
        same = unpacked(old.get("state", "")) == state and old.get("name") == NAME
    except (ValueError, AttributeError, TypeError, zlib.error):
        old, same = {}, False  # damaged: ours to write again
    if same:
        return None
    packed = PACKED + b64encode(zlib.compress(json.dumps(state).encode("utf-8"))).decode("ascii")
    return json.dumps({"name": NAME, "createdAt": old.get("createdAt", now), "updatedAt": now, "state": packed})


def unpacked(state: str) -> Any:
    """Return the state that was packed, or nothing."""
    if not state.startswith(PACKED):
        return None
    return json.loads(zlib.decompress(b64decode(state.removeprefix(PACKED))))


def _state() -> dict[str, Any]:
    return {
        "searchFilter": "",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(columns()),
        "columnOrder": list(columns()),
        "columnWidths": {column: _width(column) for column in columns()},
        "runsHiddenMode": "FIRST_10_RUNS",
        "compareRunSections": [_section("diagnosis", "Diagnosis")],
        "compareRunCharts": _charts(),
        "viewMaximized": False,
        "runListHidden": False,
        "isAccordionReordered": False,
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "groupBy": None,
        "groupsExpanded": {},
        "globalLineChartConfig": {"xAxisKey": "step", "lineSmoothness": 0, "selectedXAxisMetricKey": ""},
    }


def _width(column: str) -> int:
    return TEXT[column.split("`")[1]] + PADDING


def _section(uuid: str, name: str) -> dict[str, Any]:
    return {
        "uuid": f"{VIEW_ID}-{uuid}",
        "name": name,
        "display": True,
        "isReordered": False,
        "deleted": False,
        "isGenerated": False,
    }


def _charts() -> list[dict[str, Any]]:
    """Return the ladder, the dominant gap by run, and dev against test."""
    common = {"metricSectionId": f"{VIEW_ID}-diagnosis", "deleted": False, "isGenerated": False}
    return [
        {
            **common,
            "uuid": f"{VIEW_ID}-ladder",
            "type": "PARALLEL",
            "runsCountToCompare": 10,
            "displayName": "ladder",
            "selectedMetrics": [f"error/{rung}" for rung in LADDER],
            "selectedParams": [],
            "showAllRuns": False,
        },
        {
            **common,
            "uuid": f"{VIEW_ID}-dominant",
            "type": "BAR",
            "runsCountToCompare": 20,
            "displayName": "dominant gap, newest run first",
            "metricKey": "gap/dominant",
        },
        {
            **common,
            "uuid": f"{VIEW_ID}-dev-test",
            "type": "SCATTER",
            "runsCountToCompare": 100,
            "displayName": "dev against test",
            "xaxis": {"key": "error/dev", "type": "METRIC"},
            "yaxis": {"key": "error/test", "type": "METRIC"},
        },
    ]
