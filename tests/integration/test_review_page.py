"""The review page in Debian's chromium against its real server: keys, two tabs, hostile text, pictures and sounds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from mlstrat_plugin.review.sheets import audit, prepare, sample
from mlstrat_plugin.stages.split import split
from tests.browser import chromium, picture
from tests.conftest import Project, digits
from tests.reviewing import HOSTILE, asked, audit_sheet, error_sheet, fix_sheet, prepared, rows, serving

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page as Tab

pytestmark = pytest.mark.integration


def opened(browser: Any, url: str, **options: Any) -> Tab:
    tab: Tab = browser.new_page(viewport={"width": 1200, "height": 850}, **options)
    tab.goto(url)
    tab.wait_for_selector("main:not([hidden])")
    return tab


def shows(tab: Tab, selector: str, start: str) -> None:
    """Wait until an element's text begins so."""
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect(tab.locator(selector)).to_have_text(re.compile(f"^{re.escape(start)}"))


def saved(tab: Tab) -> None:
    """Wait until nothing is on its way."""
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect(tab.locator("#status")).not_to_have_text("saving ...")


def press(tab: Tab, *keys: str) -> None:
    """Press keys, then wait until what they did is in the file."""
    for key in keys:
        tab.keyboard.press(key)
    saved(tab)


def tag(tab: Tab, name: str) -> None:
    tab.keyboard.press("t")
    tab.keyboard.type(name)
    press(tab, "Enter")


def test_ten_rows_by_keyboard(project: Project) -> None:
    params = prepared(project)
    with serving(params) as page, chromium() as browser:
        tab = opened(browser, page.url)
        said: list[str] = []
        tab.on("console", lambda message: said.append(message.text))
        tab.on("dialog", lambda dialog: said.append(dialog.message))
        assert tab.inner_text("#text").startswith(HOSTILE)  # markup stays text
        assert tab.locator("img[src='x']").count() == 0
        tag(tab, "blurry")
        tag(tab, HOSTILE)
        for place in range(10):
            shows(tab, "#place", f"row {place + 1} ")
            if place:
                press(tab, "1")
            if place == 3:
                press(tab, "w")
            press(tab, "Enter")
        shows(tab, "#looked-at", "10 of 40")
        assert tab.inner_text("#lines tr:first-child").split("\t")[:2] == ["blurry", "10 of 10"]
        tab.reload()
        tab.wait_for_selector("main:not([hidden])")
        shows(tab, "#place", "row 11 of 40")
        assert tab.get_attribute("#progress", "value") == "10"
        assert not said
        kept = rows(project)
        assert [row["tags"] for row in kept[:3]] == [f"blurry; {HOSTILE}", "blurry", "blurry"]
        assert [row["reviewer"] for row in kept[:11]] == ["Ann Example"] * 10 + [""]
        assert [row["label_is_wrong"] for row in kept].count("yes") == 1


def test_arrays_are_drawn(project: Project, tmp_path: Path) -> None:
    from sklearn.datasets import load_digits

    real = load_digits()
    scans, labels = real.images.reshape(-1, 64).tolist(), real.target
    project.write("mobile.parquet", digits(600, "photo-").assign(pixels=scans[:600], label=labels[:600]))
    project.write("web.parquet", digits(400, "scan-").assign(pixels=scans[600:1000], label=labels[600:1000]))
    params = project.load(review={"rows": 40, "eyeball": 1.0, "image": "pixels", "features": ["user"]})
    prepare(params.places)
    split(params)
    project.predict(lambda rows: rows["id"].str[-1].isin(["1", "4", "7"]))
    sample(params)
    names = ("blurry", "cut off", "thin stroke")
    with serving(params) as page, chromium() as browser:
        tab = opened(browser, page.url)
        for name in names:
            tag(tab, name)
        for place in range(25):
            shows(tab, "#place", f"row {place + 1} ")
            press(tab, *(("1", "2") if place % 3 == 0 else (str(place % 3 + 1),)), "Enter")
        shows(tab, "#place", "row 26 ")
        press(tab, "1", "3")
        tab.wait_for_selector("#image:not([hidden])")
        assert tab.evaluate("document.querySelector('#image').naturalWidth") == 8
        picture(tab, "review", tmp_path)


def test_every_control_is_reached_by_tab_and_named(project: Project) -> None:
    with serving(prepared(project)) as page, chromium() as browser:
        tab = opened(browser, page.url)
        nameless = tab.evaluate(
            "[...document.querySelectorAll('button, input, select, textarea, progress, img')].filter(e => "
            "!(e.textContent.trim() || e.ariaLabel || e.alt || (e.labels || []).length)).map(e => e.id)"
        )
        assert nameless == []
        reached = set()
        for _ in range(30):
            tab.keyboard.press("Tab")
            reached.add(tab.evaluate("document.activeElement.id"))
        assert {"new-tag", "wrong", "comment", "previous", "next", "done", "unseen", "forget", "jump"} <= reached
        tab.focus("#done")
        tab.keyboard.press("Enter")
        shows(tab, "#place", "row 2 ")


def test_two_tabs_lose_nothing(project: Project) -> None:
    with serving(prepared(project)) as page, chromium() as browser:
        first, second = opened(browser, page.url), opened(browser, page.url)
        tag(first, "blurry")
        tag(second, "dark")  # the second tab does not know of the first one's tag
        assert rows(project)[0]["tags"] == "blurry; dark"
        for tab, words in ((first, "mine"), (second, "yours")):
            tab.fill("#comment", words)
            tab.keyboard.press("Escape")
            tab.locator("#comment").blur()
            saved(tab)
        second.wait_for_selector("#conflict:not([hidden])")
        assert "mine" in second.inner_text("#theirs")
        assert second.input_value("#comment") == "yours"
        assert rows(project)[0]["comment"] == "mine"
        second.click("#mine")
        second.wait_for_selector("#conflict", state="hidden")
        assert rows(project)[0]["comment"] == "yours"
        assert rows(project)[0]["tags"] == "blurry; dark"


def test_a_full_disk_is_said_and_nothing_is_lost(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlstrat_plugin.adapters.files as files

    real = files._write_through

    def full(file: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device", str(file))

    params = prepared(project)
    with serving(params) as page, chromium() as browser:
        tab = opened(browser, page.url)
        before = error_sheet(params).file.read_bytes()
        monkeypatch.setattr(files, "_write_through", full)
        tag(tab, "blurry")
        tab.wait_for_selector("#problem:not([hidden])")
        assert "No space left on device" in tab.inner_text("#why")
        assert error_sheet(params).file.read_bytes() == before
        monkeypatch.setattr(files, "_write_through", real)
        tag(tab, "dark")
        tab.wait_for_selector("#problem", state="hidden")
        assert rows(project)[0]["tags"] == "blurry; dark"


def test_a_dead_server_is_said(project: Project) -> None:
    with chromium() as browser:
        with serving(prepared(project)) as page:
            tab = opened(browser, page.url)
        tag(tab, "blurry")
        tab.wait_for_selector("#problem:not([hidden])")
        assert "does not answer" in tab.inner_text("#why")


def test_label_audit_and_fixes(project: Project) -> None:
    params = prepared(project)
    audit(params, 5)
    with serving(params, audited=True) as page, chromium() as browser:
        tab = opened(browser, page.url)
        assert tab.locator("#prediction").count() == 0  # whoever judges a label does not see the model's answer
        assert tab.locator("#tags").count() == 0
        label, row_id = tab.inner_text("#label"), tab.inner_text("#id")
        press(tab, "w")
        other = next(name for name in ("0", "1", "2") if name != label)
        tab.select_option("#fix", other)
        shows(tab, "#status", "saved")
        press(tab, "n", "Enter")
    answers = [cells["label_is_wrong"] for cells in audit_sheet(params).read().rows.values()]
    assert answers[:3] == ["yes", "no", ""]
    assert {fix["id"]: (fix["label_before"], fix["label"]) for fix in fix_sheet(params).read().rows.values()} == {
        row_id: (label, other)
    }


def test_sounds_are_played_and_sent_in_parts(project: Project) -> None:
    params = prepared(project, audio="scan")
    wav = b"RIFF" + (36).to_bytes(4, "little") + b"WAVEfmt " + bytes(40)
    (project.root / "pictures/one.png").write_bytes(wav)  # what a file is, its bytes say, not its name
    dev = project.rows("dev").set_index("id")
    place, row_id = next(
        (place, row["id"])
        for place, row in enumerate(rows(project))
        if dev.loc[row["id"], "scan"] == "pictures/one.png"
    )
    with serving(params) as page, chromium() as browser:
        own = f"Host: 127.0.0.1:{page.port}\nConnection: close\nRange: bytes=4-11"
        status, answer = asked(page, f"GET /{page.token}/api/audio?id={row_id} HTTP/1.1\n{own}")
        assert status == 206
        assert b"audio/wav" in answer
        assert answer.endswith(wav[4:12])
        tab = opened(browser, f"{page.url}#{place + 1}")
        tab.wait_for_selector("#audio:not([hidden])")
        assert tab.get_attribute("#audio", "src") == f"api/audio?id={row_id}"
        assert tab.locator("#image:not([hidden])").count() == 0


def test_ten_thousand_rows(project: Project) -> None:
    project.write("mobile.parquet", digits(40_000, "m"))
    params = project.load(review={"rows": 10_000, "eyeball": 1.0})
    prepare(params.places)
    split(params)
    project.predict(lambda rows: rows["split"].eq("dev"))
    sample(params)
    with serving(params) as page, chromium() as browser:
        tab = opened(browser, page.url)
        assert tab.inner_text("#looked-at").startswith("0 of ")
        tag(tab, "blurry")
        tab.fill("#jump", "9000")
        tab.keyboard.press("Enter")
        shows(tab, "#place", "row 9000 ")
        press(tab, "1")
        shows(tab, "#looked-at", "2 of ")
    assert sum(row["tags"] == "blurry" for row in rows(project)) == 2
