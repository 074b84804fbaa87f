"""Debian's chromium, driven by Playwright, with a fresh profile and no connection of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = (
    os.environ.get("MLSTRAT_PICTURES") and Path(os.environ["MLSTRAT_PICTURES"]).resolve()
)  # `make pictures` sets it, to write the docs' pictures anew


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser; skip where it, or Playwright, is not installed."""
    program = shutil.which("chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if program is None:
        pytest.skip("chromium is not installed (Debian: apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def picture(page: Page, name: str, folder: Path) -> None:
    """Save what the page shows: for the docs when asked to, else for whoever looks into a failure."""
    target = PICTURES or folder
    page.screenshot(path=target / f"{name}.png")
