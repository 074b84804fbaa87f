"""Real servers for tests, on loopback: MLflow, PostgreSQL, and a proxy between client and MLflow that makes faults."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.conftest import migrated_database

START_SECONDS = 120
Fault = Callable[[int, str], str]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def mlflow_server(folder: Path, store: str | None = None, *options: str) -> Iterator[str]:
    """Run ``mlflow server`` on a copy of an empty database, or on the named store."""
    if store is None:
        shutil.copy(migrated_database(), folder / "server.db")
        store = f"sqlite:///{folder}/server.db"
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store, "--port", str(port)]
    command += ["--workers", "1", "--artifacts-destination", str(folder / "artifacts"), *options]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    uri = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            with suppress(OSError), urlopen(f"{uri}/health", timeout=2):
                break
            assert server.poll() is None, (folder / "server.log").read_text()[-3000:]
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.2)
        yield uri
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, 15)
        server.wait(20)


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL of our own, as the user ``postgres`` where we are root; skip where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    if not found:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    bin_folder = found[-1].parent
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(0o777)  # the server refuses to run as root, so another user must reach it
    data, port = folder / "data", free_port()
    run = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}
    subprocess.run([*as_user, bin_folder / "initdb", "-D", data, "-A", "trust", "-U", "mlflow"], **run)  # type: ignore[call-overload]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
    control = [*as_user, bin_folder / "pg_ctl", "-D", data]
    subprocess.run([*control, "-w", "-o", options, "-l", folder / "log", "start"], **run)  # type: ignore[call-overload]
    try:
        yield f"postgresql://mlflow@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **run)  # type: ignore[call-overload]
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Proxy:
    """Forwards requests and counts them; ``fault`` is asked for each and says what to do with it.

    It gets the number of the request since the last reset, from 0, and its path; it answers ``pass``, ``drop`` (never
    reaches the server), ``lose`` (reaches the server, the answer is lost), ``hang`` (no answer for long), or a status
    such as ``503``.
    """

    upstream: str
    uri: str = ""
    fault: Fault = lambda number, path: "pass"
    seen: list[str] = field(default_factory=list)

    def reset(self, fault: Fault = lambda number, path: "pass") -> None:
        self.seen.clear()
        self.fault = fault


@contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    """Run a proxy in front of a server."""
    state = Proxy(upstream)
    target = urlsplit(upstream)
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            number = len(state.seen)
            state.seen.append(f"{self.command} {urlsplit(self.path).path}")
            action = state.fault(number, self.path)
            if action == "hang":
                stop.wait(30)
            if action in ("drop", "hang"):
                self.close_connection = True
                return
            if action.isdigit():
                self.reply(int(action), b"{}")
                return
            upstream_connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
            headers = {key: value for key, value in self.headers.items() if key.lower() != "connection"}
            upstream_connection.request(self.command, self.path, body, headers)
            answer = upstream_connection.getresponse()
            content = answer.read()
            upstream_connection.close()
            if action == "lose":
                self.close_connection = True
                return
            self.reply(answer.status, content, answer.headers.get("Content-Type", "application/json"))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the library looks for these names

        def reply(self, status: int, content: bytes, kind: str = "application/json") -> None:
            with suppress(OSError):  # the client may be dead: some tests kill it
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            return

    server = Server(("127.0.0.1", 0), Handler)
    state.uri = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
