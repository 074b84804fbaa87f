"""MLflow's pages in a real browser: the answer is seen at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mlstrat_plugin as mlstrat
from mlstrat_plugin.records.words import GAPS, LADDER
from mlstrat_plugin.report.mlflow_view import columns
from mlstrat_plugin.runs.tracked import where
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.report import report
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.stages.track import track
from tests.browser import FONTS, chromium, chromium_with_font, picture
from tests.conftest import Project
from tests.servers import mlflow_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]  # MLflow's own deprecations
PATIENCE = 60_000  # milliseconds: the first page of a new server is slow
FOLD, WIDE = 900, 1920
MEASURED = """cells => cells.map(cell => ({
    column: cell.getAttribute('col-id'), header: cell.matches('.ag-header-cell'), text: cell.innerText.trim(),
    left: cell.getBoundingClientRect().left, right: cell.getBoundingClientRect().right,
    cut: [...cell.querySelectorAll('*')].some(part =>
        part.innerText && part.scrollWidth > part.clientWidth && getComputedStyle(part).overflow !== 'visible')
}))"""
COLUMNS = ["diagnosis", "lean", "gate", *(f"error/{rung}" for rung in LADDER), *(f"gap/{gap}" for gap in GAPS)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("server")) as uri:
        yield uri


LINKS: dict[str, tuple[str, str]] = {}  # by server: its runs are tracked once for all tests


@pytest.fixture
def tracked(project: Project, server: str) -> tuple[str, str]:
    """Track three runs and register the last; return the link to it and to all runs."""
    if server not in LINKS:
        LINKS[server] = track_three(project, server)
    return LINKS[server]


def track_three(project: Project, server: str) -> tuple[str, str]:
    from mlflow import MlflowClient

    client = MlflowClient(server)
    experiment = client.create_experiment("digits")
    for name, counts in {"pooled": (190, 200, 230, 231), "larger": (60, 120, 210, 215)}.items():
        run_id = client.create_run(experiment, run_name=name, tags={"gate": "unclear"}).info.run_id
        train, train_dev, dev, test = ((count, 1000) for count in counts)
        result = mlstrat.diagnose(human=0.01, train=train, train_dev=train_dev, dev=dev, test=test)
        mlstrat.log_diagnosis(result, run_id, server)
        client.set_terminated(run_id)
    run_id = client.create_run(experiment, run_name="web_only", tags={"gate": "unclear"}).info.run_id
    client.set_terminated(run_id)
    client.create_registered_model("digits")
    client.create_model_version("digits", f"runs:/{run_id}/model", run_id=run_id)
    (project.root / "models").mkdir()
    (project.root / "models/run.json").write_text(json.dumps({"run_id": run_id}))
    params = project.load(track={"tracking_uri": server})
    split(params)
    project.predict(lambda rows: rows["split"].isin(["dev", "test"]) & rows["id"].str.endswith(("3", "7")))
    diagnose(params)
    report(params)
    track(params)
    run, view = where(params).splitlines()
    return run, view.removeprefix("all runs: ")


def opened(browser: Browser, url: str, width: int = 1300) -> Page:
    """Open a page in a fresh profile and put away the panel that MLflow opens for newcomers."""
    page = browser.new_context(viewport={"width": width, "height": FOLD}).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    return page


def put_panel_away(page: Page) -> None:
    question = page.get_by_placeholder("Ask a question").first
    question.wait_for()
    page.get_by_role("button", name="Close").last.click()
    question.wait_for(state="hidden")


def inside_fold(element: Any) -> bool:
    box = element.bounding_box()
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= FOLD


@pytest.mark.parametrize("family", FONTS)
def test_the_view_shows_the_ladder_in_order(
    browser: Browser, tracked: tuple[str, str], tmp_path: Path, family: str
) -> None:
    with chromium_with_font(browser, family, tmp_path) as other:
        page = opened(other, tracked[1], width=WIDE)
        page.get_by_text("web_only").first.wait_for()
        put_panel_away(page)
        page.locator("[role=columnheader]", has_text="gap/dev-overfit").first.wait_for()
        cells = page.locator(".ag-header-cell, .ag-cell").evaluate_all(MEASURED)
        ours = [cell for cell in cells if cell["column"] in columns()]
        headers = sorted((cell for cell in ours if cell["header"]), key=lambda header: header["left"])
        assert [header["text"] for header in headers] == COLUMNS
        assert not [cell["text"] for cell in ours if cell["cut"]]
        table = page.locator(".ag-center-cols-viewport").bounding_box()
        assert table is not None
        assert headers[-1]["right"] <= table["x"] + table["width"] <= WIDE
        assert "mismatch" in [cell["text"] for cell in ours]
        if family == "Liberation Sans":  # the docs show one font, whatever the machine has
            picture(page, "mlflow-view", tmp_path)


def test_the_charts_of_the_view(browser: Browser, tracked: tuple[str, str], tmp_path: Path) -> None:
    page = opened(browser, f"{tracked[1]}&compareRunsMode=CHART", width=WIDE)
    put_panel_away(page)
    page.get_by_text("gap/dominant").first.wait_for()
    page.locator(".js-plotly-plot svg").first.wait_for()
    page.get_by_text("error/train-dev").first.wait_for()
    for title in ("Parallel Coordinates", "gap/dominant", "error/dev vs. error/test"):
        assert page.get_by_text(title).first.is_visible(), title
    picture(page, "mlflow-charts", tmp_path)


def test_the_run_page_shows_the_verdict_above_the_fold(
    browser: Browser, tracked: tuple[str, str], tmp_path: Path
) -> None:
    page = opened(browser, tracked[0])
    verdict = page.get_by_text("data mismatch dominates").first
    verdict.wait_for()
    put_panel_away(page)
    assert inside_fold(verdict)
    page.get_by_text("Show more").first.click()
    image = page.locator("img[src*='ladder.png']").first
    image.wait_for()
    page.wait_for_function("image => image.complete && image.naturalWidth > 300", arg=image.element_handle())
    assert inside_fold(image)
    picture(page, "mlflow-run", tmp_path)


def test_the_registered_version_starts_with_the_verdict(
    browser: Browser, tracked: tuple[str, str], tmp_path: Path
) -> None:
    base = tracked[1].partition("/#/")[0]
    page = opened(browser, f"{base}/#/models/digits/versions/1")
    verdict = page.get_by_text("data mismatch dominates").first
    verdict.wait_for()
    put_panel_away(page)
    assert inside_fold(verdict)
    picture(page, "mlflow-version", tmp_path)
    page = opened(browser, f"{base}/#/models/digits")
    page.get_by_text("data mismatch dominates").first.wait_for()
