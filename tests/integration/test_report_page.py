"""The report in Debian's chromium: narrow and wide, light and dark, without a request to anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import chromium, picture

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration
REPORT = Path(__file__).parents[2] / "reports/report.html"  # of the reference run


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def test_the_picture_of_the_docs(browser: Any, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 1100})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: asked.append(message.text))
    page.goto(REPORT.as_uri())
    assert page.locator("h1").count() == 1
    assert [url for url in asked if not url.startswith(("data:", REPORT.as_uri()))] == []
    picture(page, "report", tmp_path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(browser: Any, width: int, scheme: str, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(REPORT.as_uri())
    page.screenshot(path=tmp_path / "page.png", full_page=True)  # for whoever looks into a failure
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shown = page.locator("picture img, figure svg").evaluate_all("all => all.filter(e => e.clientWidth > 0).length")
    assert shown >= 1
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(background.removeprefix("rgb(").split(",")[0])
    assert (red < 128) == (scheme == "dark")
