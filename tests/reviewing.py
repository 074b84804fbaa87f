"""Scratch projects whose mistakes and labels people look at."""

from __future__ import annotations

import csv
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.adapters.reviews import AUDIT, FIXES, MISTAKES
from mlstrat_plugin.review.server import Page
from mlstrat_plugin.review.sheets import edited, open_sheet, prepare, sample
from mlstrat_plugin.stages.split import split
from tests.conftest import digits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from mlstrat_plugin.adapters.reviews import Layout
    from mlstrat_plugin.params.project import Project as MlstratProject
    from mlstrat_plugin.records.diagnosis import Diagnosis
    from tests.conftest import Project

REVIEW = {"rows": 20, "eyeball": 0.5}
HOSTILE = "<img src=x onerror=alert(1)>=1+1"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)


def ends(*figures: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Return which rows a model gets wrong: those whose id ends in one of these figures."""
    return lambda rows: rows["id"].str[-1].isin(figures)


def begun(project: Project, wrong: Callable[[pd.DataFrame], pd.Series] | None = None, **blocks: Any) -> MlstratProject:
    """Return a project with empty sheets, splits and predictions, of which three in ten are wrong."""
    loaded = project.load(**{"review": REVIEW, **blocks})
    prepare(loaded.places)
    split(loaded)
    project.predict(wrong or ends("1", "4", "7"))
    return loaded


def error_sheet(project: MlstratProject) -> Layout:
    """Return the sheet of mistakes."""
    return MISTAKES.at(project.places.mistakes)


def audit_sheet(project: MlstratProject) -> Layout:
    """Return the sheet of the label audit."""
    return AUDIT.at(project.places.audit)


def fix_sheet(project: MlstratProject) -> Layout:
    """Return the sheet of corrected labels."""
    return FIXES.at(project.places.fixes)


def say(sheet: Layout, answers: Mapping[str, Mapping[str, str]]) -> None:
    """Type into a sheet, by id."""
    edited(sheet, lambda text: text.with_rows([{"id": i, **cells} for i, cells in answers.items()]))


def codes(record: Diagnosis) -> set[str]:
    """Return the codes of what was found."""
    return {finding.code for finding in record.findings}


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
