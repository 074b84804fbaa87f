"""The server of the review page: whom it answers, what it sends, how it ends, and that a killed save is whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from mlstrat_plugin.review.sheets import edited, sample
from tests.reviewing import PNG, asked, error_sheet, prepared, rows, serving

if TYPE_CHECKING:
    from tests.conftest import Project

pytestmark = pytest.mark.integration


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
    sheet_of_errors = error_sheet(params)
    names = list(sheet_of_errors.read().rows)
    for round_ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", script], cwd=project.root, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(0.02 + 0.013 * round_)
            os.kill(child.pid, signal.SIGKILL)
        sheet = sheet_of_errors.read()
        assert list(sheet.rows) == names
        for cells in sheet.rows.values():
            assert cells["comment"] == "" or cells["comment"].endswith("x" * 2000)
    edited(sheet_of_errors, lambda sheet: sheet.with_rows([{"id": names[0], "comment": "still here"}]))
    assert sheet_of_errors.read().rows[names[0]]["comment"] == "still here"
    assert sample(params).added == 0
