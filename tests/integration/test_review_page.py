"""The review page in Debian's chromium against its real server: keys, two tabs, hostile text, foreign requests."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from mlstrat_plugin.adapters.reviews import AUDIT, FIXES, MISTAKES
from mlstrat_plugin.params.project import Project as MlstratProject
from mlstrat_plugin.review.server import Page
from mlstrat_plugin.review.sheets import audit, edited, open_sheet, prepare, sample
from mlstrat_plugin.stages.split import split
from tests.browser import chromium, picture
from tests.conftest import Project, digits

if TYPE_CHECKING:
    from playwright.sync_api import Page as Tab

pytestmark = pytest.mark.integration
HOSTILE = "<img src=x onerror=alert(1)>=1+1"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)


def prepared(project: Project, **review: Any) -> MlstratProject:
    """Return a project whose every third row is a mistake, with a sheet of forty of them."""
    table = digits(600, "m")
    table["note"] = [f"{HOSTILE} {i}" for i in range(len(table))]
    table["scan"] = ["pictures/one.png" if i % 2 else "../outside.png" for i in range(len(table))]
    project.write("mobile.parquet", table)
    project.write("web.parquet", digits(400, "w").assign(note="", scan=""))
    folder = project.root / "pictures"
    folder.mkdir()
    (folder / "one.png").write_bytes(PNG)
    params = project.load(
        review={"rows": 40, "eyeball": 1.0, "text": "note", "features": ["user"], "roots": ["pictures"], **review}
    )
    prepare(params.places)
    split(params)
    project.predict(lambda rows: rows["id"].str[-1].isin(["1", "4", "7"]))
    sample(params)
    return params


@contextmanager
def serving(params: MlstratProject, *, audited: bool = False) -> Iterator[Page]:
    page = Page(open_sheet(params, audited=audited), "Ann Example")
    thread = threading.Thread(target=page.serve, daemon=True)
    thread.start()
    try:
        yield page
    finally:
        page.close()
        thread.join(10)


def rows(project: Project) -> list[dict[str, str]]:
    with (project.root / MISTAKES.file).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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

    with serving(prepared(project)) as page, chromium() as browser:
        tab = opened(browser, page.url)
        before = (project.root / MISTAKES.file).read_bytes()
        monkeypatch.setattr(files, "_write_through", full)
        tag(tab, "blurry")
        tab.wait_for_selector("#problem:not([hidden])")
        assert "No space left on device" in tab.inner_text("#why")
        assert (project.root / MISTAKES.file).read_bytes() == before
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
    answers = [cells["label_is_wrong"] for cells in AUDIT.at(params.places.audit).read().rows.values()]
    assert answers[:3] == ["yes", "no", ""]
    assert {
        fix["id"]: (fix["label_before"], fix["label"]) for fix in FIXES.at(params.places.fixes).read().rows.values()
    } == {row_id: (label, other)}


def asked(page: Page, request: str, body: bytes = b"") -> tuple[int, bytes]:
    """Send a request as it stands, and return the status and everything that came back."""
    with socket.create_connection(("127.0.0.1", page.port), timeout=10) as line:
        line.sendall(request.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        try:
            for start in range(0, len(body), 1 << 16):
                line.sendall(body[start : start + (1 << 16)])
        except OSError:
            pass  # the server has closed: it does not read what it refuses
        answer = b""
        try:
            while block := line.recv(65536):
                answer += block
        except OSError:
            pass
    return int(answer.split(b" ", 2)[1]) if answer else 0, answer


def test_only_its_own_page_is_answered(project: Project) -> None:
    params = prepared(project, image="scan")
    with serving(params) as page:
        token, host = page.token, f"127.0.0.1:{page.port}"
        own = f"Host: {host}\nConnection: close"
        assert asked(page, f"GET /{token}/api/state HTTP/1.1\n{own}")[0] == 200
        assert asked(page, f"GET /{token}/api/state HTTP/1.1\nHost: localhost:{page.port}\nConnection: close")[0] == 200
        refused = [
            f"GET /{token}/api/state HTTP/1.1\nHost: evil.example:{page.port}\nConnection: close",
            f"GET /{token}/api/state HTTP/1.1\nHost: 127.0.0.1.evil.example\nConnection: close",
            f"GET /{token}/api/state HTTP/1.1\n{own}\nOrigin: http://evil.example",
            f"GET /{token}/api/state HTTP/1.1\n{own}\nOrigin: null",
            f"GET /{token}/api/state HTTP/1.1\n{own}\nSec-Fetch-Site: cross-site",
            f"GET /{token[:-1]}x/api/state HTTP/1.1\n{own}",
            f"GET / HTTP/1.1\n{own}",
            f"GET /api/state HTTP/1.1\n{own}",
            f"GET /review.js HTTP/1.1\n{own}",
        ]
        for request in refused:
            status, answer = asked(page, request)
            assert status == 403, request
            assert b'"rows"' not in answer
        ids = [row["id"] for row in rows(project)]
        body = json.dumps({"id": ids[0], "before": {}, "after": {"comment": "evil"}}).encode()
        post = f"POST /{token}/api/save HTTP/1.1\nContent-Type: application/json\nContent-Length: {len(body)}"
        assert asked(page, f"{post}\n{own}", body)[0] == 403  # no Origin
        assert asked(page, f"{post}\n{own}\nOrigin: http://evil.example", body)[0] == 403
        plain = post.replace("application/json", "text/plain")
        assert asked(page, f"{plain}\n{own}\nOrigin: http://{host}", body)[0] == 400
        huge = post.replace(str(len(body)), str(100 * 2**20))
        assert asked(page, f"{huge}\n{own}\nOrigin: http://{host}", b"x" * 2**20)[0] in (413, 0)
        chunked = f"POST /{token}/api/save HTTP/1.1\nContent-Type: application/json\nTransfer-Encoding: chunked"
        chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
        assert asked(page, f"{chunked}\n{own}\nOrigin: http://{host}", chunk * 4 + b"0\r\n\r\n")[0] in (411, 0)
        assert all(row["comment"] == "" for row in rows(project))
        fine = f"{post}\n{own}\nOrigin: http://{host}"
        assert asked(page, fine, body)[0] == 200
        assert rows(project)[0]["comment"] == "evil"
        for bad in ({"id": "nobody", "before": {}, "after": {}}, {"id": ids[0], "before": {}, "after": {"id": "x"}}):
            text = json.dumps(bad).encode()
            request = fine.replace(f"Content-Length: {len(body)}", f"Content-Length: {len(text)}")
            assert asked(page, request, text)[0] == 400


def test_pictures_come_from_the_named_folders_only(project: Project) -> None:
    params = prepared(project, image="scan")
    (project.root.parent / "outside.png").write_bytes(PNG)
    dev = project.rows("dev").set_index("id")
    with serving(params) as page:
        own = f"Host: 127.0.0.1:{page.port}\nConnection: close"
        for row in rows(project):
            status, answer = asked(page, f"GET /{page.token}/api/image?id={row['id']} HTTP/1.1\n{own}")
            inside = dev.loc[row["id"], "scan"] == "pictures/one.png"
            assert status == (200 if inside else 400)
            assert (PNG in answer) is inside
        head = asked(page, f"GET /{page.token}/ HTTP/1.1\n{own}")[1]
        assert b"default-src 'none'" in head
        assert urlsplit(page.url).hostname == "127.0.0.1"


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


def test_the_command_prints_its_address_and_ends_when_interrupted(project: Project) -> None:
    prepared(project)
    script = (  # a shell that runs the tests in the background hands down that interrupts are ignored
        "import signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.argv[1:] = ['review', 'serve', '--reviewer', 'Ann']\n"
        "from mlstrat_plugin.cli.main import run\nrun()"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=project.root, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            url = child.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:")
            assert urlopen(url, timeout=10).status == 200  # it serves: an interrupt now ends that, not the start
            child.send_signal(signal.SIGINT)
            assert child.wait(20) == 0
        finally:
            child.kill()


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


@pytest.mark.slow
def test_sigkill_while_saving(project: Project) -> None:
    """A process that saves one row after another is killed: the sheet is whole, old or new, and can be changed."""
    params = prepared(project)
    script = (
        "import sys\nfrom mlstrat_plugin.adapters.reviews import MISTAKES\n"
        "from mlstrat_plugin.review.sheets import edited\n"
        "ids = list(MISTAKES.read().rows)\nprint('ready', flush=True)\n"
        "for turn in range(10**6):\n"
        "    row = {'id': ids[turn % len(ids)], 'comment': f'turn {turn} ' + 'x' * 2000}\n"
        "    edited(MISTAKES, lambda sheet: sheet.with_rows([row]))\n"
    )
    mistakes = MISTAKES.at(params.places.mistakes)
    names = list(mistakes.read().rows)
    for round_ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", script], cwd=project.root, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(0.02 + 0.013 * round_)
            os.kill(child.pid, signal.SIGKILL)
        sheet = mistakes.read()
        assert list(sheet.rows) == names
        for cells in sheet.rows.values():
            assert cells["comment"] == "" or cells["comment"].endswith("x" * 2000)
    edited(mistakes, lambda sheet: sheet.with_rows([{"id": names[0], "comment": "still here"}]))
    assert mistakes.read().rows[names[0]]["comment"] == "still here"
    assert sample(params).added == 0
