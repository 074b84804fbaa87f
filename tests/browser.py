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

PROGRAM = shutil.which("chromium")
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
FONTS = {  # by family, the files of the two weights that pages use
    "DejaVu Sans": ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    "Liberation Sans": ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"),
    "Noto Sans": ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"),
}
INSTALLED_FONTS = Path("/usr/share/fonts")
PICTURES = (
    os.environ.get("MLSTRAT_PICTURES") and Path(os.environ["MLSTRAT_PICTURES"]).resolve()
)  # `make pictures` sets it, to write the docs' pictures anew


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser; skip where it, or Playwright, is not installed."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if PROGRAM is None:
        pytest.skip("chromium is not installed (Debian: apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def chromium_with_font(browser: Browser, family: str, folder: Path) -> Iterator[Browser]:
    """Start another browser, which finds this family alone; skip where the family is not installed."""
    (folder / "fonts").mkdir()
    for name in FONTS[family]:
        file = next(INSTALLED_FONTS.rglob(name), None)
        if file is None:
            pytest.skip(f"{family} is not installed (no {name} in {INSTALLED_FONTS})")
        (folder / "fonts" / name).symlink_to(file)
    settings = folder / "fonts.conf"
    settings.write_text(f"<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/cache</cachedir></fontconfig>")
    environment = {**os.environ, "FONTCONFIG_FILE": str(settings)}
    other = browser.browser_type.launch(executable_path=PROGRAM, args=FLAGS, env=environment)
    try:
        yield other
    finally:
        other.close()


def picture(page: Page, name: str, folder: Path) -> None:
    """Save what the page shows: for the docs when asked to, else for whoever looks into a failure."""
    target = PICTURES or folder
    page.screenshot(path=target / f"{name}.png")
