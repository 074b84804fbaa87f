"""The page's server: on loopback alone, for whoever has the token, from its own page only."""

from __future__ import annotations

import hmac
import secrets
from contextlib import suppress
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.errors import ChangedMeanwhile, MlstratError, ReviewError, WriteError
from mlstrat_plugin.review.desk import Desk
from mlstrat_plugin.review.media import medium

if TYPE_CHECKING:
    from flask import Blueprint, Flask, Response
    from werkzeug.serving import BaseWSGIServer

    from mlstrat_plugin.review.sheets import OpenSheet

HOST = "127.0.0.1"
LARGEST_BODY = 256 * 1024  # bytes; two versions of a row with cells of ten thousand characters each
IDLE_SECONDS = 60
LONGEST_FEATURE = 2_000  # characters of one value that the page shows
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
ASSETS = {"review.js": "text/javascript", "review.css": "text/css", "icon.svg": "image/svg+xml"}


class Page:
    """A running page: its address, with the token that opens it.

    Parameters
    ----------
    sheet : OpenSheet
        What is looked at.
    reviewer : str
        Who looks.
    port : int
        Where to listen; 0 takes any free port.

    Raises
    ------
    ReviewError
        The port is taken.
    """

    def __init__(self, sheet: OpenSheet, reviewer: str, port: int = 0) -> None:
        from werkzeug.serving import make_server

        self.token = secrets.token_urlsafe(24)
        desk = Desk(sheet, reviewer)
        try:
            self._server: BaseWSGIServer = make_server(
                HOST, port, _app(desk, self), threaded=True, request_handler=_quiet_handler()
            )
        except (OSError, SystemExit) as error:  # werkzeug leaves the process where a port is taken
            raise ReviewError(f"port {port} is taken", hint="leave out --port to take any free one") from error
        self.port = self._server.server_port

    @property
    def url(self) -> str:
        """Return the address of the page."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    def serve(self) -> None:
        """Answer until interrupted, which is how looking ends: every change is in the file by then."""
        with suppress(KeyboardInterrupt):
            self._server.serve_forever()
        self._server.server_close()

    def close(self) -> None:
        """Let ``serve``, which runs in another thread, return."""
        self._server.shutdown()


def _app(desk: Desk, page: Page) -> Flask:
    from flask import Flask

    app = Flask("mlstrat_plugin.review", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    _add_guards(app, page)
    app.register_blueprint(_routes(desk), url_prefix=f"/{page.token}")
    return app


def _add_guards(app: Flask, page: Page) -> None:
    """Let the app refuse strangers, seal what it sends, and say errors as JSON."""
    from flask import request
    from werkzeug.exceptions import HTTPException

    @app.before_request
    def _guard() -> Response | None:
        refusal = _refused(page)
        if refusal is not None:
            return _answer({"message": refusal}, 403)
        if request.method == "POST" and request.content_length is None:
            return _answer({"message": "a request says how long it is"}, 411)
        if (request.content_length or 0) > LARGEST_BODY:
            return _answer({"message": f"a request has {LARGEST_BODY:,} bytes at most"}, 413)
        return None

    @app.after_request
    def _sealed(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.errorhandler(MlstratError)
    def _said(error: MlstratError) -> Response:
        said = {"message": error.message, "hint": error.hint}
        if isinstance(error, ChangedMeanwhile):
            return _answer({**said, "cells": error.cells}, 409)
        return _answer(said, 507 if isinstance(error, WriteError) else 400)

    @app.errorhandler(HTTPException)
    def _failed(error: HTTPException) -> Response:
        return _answer({"message": error.description or error.name}, error.code or 500)


def _routes(desk: Desk) -> Blueprint:
    """Return the page, its assets, and what its script asks for."""
    from flask import Blueprint, Response, jsonify, render_template, request, send_file

    mine = Blueprint("page", __name__)

    @mine.get("/")
    def _page() -> str:
        return render_template("review.html", audit=desk.audit)

    @mine.get("/<name>")
    def _asset(name: str) -> Response:
        if name not in ASSETS:
            return _answer({"message": "there is no such page"}, 404)
        text = files("mlstrat_plugin.review").joinpath("static", name).read_bytes()
        return Response(text, mimetype=ASSETS[name])

    @mine.get("/api/state")
    def _state() -> Response:
        return jsonify(desk.state())

    @mine.get("/api/example")
    def _example() -> Response:
        return jsonify(_shown(desk, request.args.get("id", "")))

    @mine.get("/api/<any(image, audio):kind>")
    def _medium(kind: str) -> Response:
        review = desk.sheet.review
        column = review.image if kind == "image" else review.audio
        value = desk.sheet.examples.get(request.args.get("id", ""), {}).get(column or "")
        found = medium(value, kind, review.roots, desk.sheet.root)
        return send_file(found.content, mimetype=found.mimetype, conditional=True)

    @mine.post("/api/save")
    def _save() -> Response:
        body = _body()
        return jsonify(desk.save(str(body.get("id")), body.get("before", {}), body.get("after", {})))

    @mine.post("/api/fix")
    def _fix() -> Response:
        body = _body()
        return jsonify({"fixes": desk.fix(str(body.get("id")), str(body.get("label", "")))})

    return mine


def _refused(page: Page) -> str | None:
    """Return why the request is not answered: another site, another name for this machine, or no token."""
    from flask import request

    names = {f"{name}:{page.port}" for name in (HOST, "localhost")}
    if request.host not in names:
        return "this page answers to its own address only"
    origin = request.headers.get("Origin")
    if (origin is not None or request.method == "POST") and origin != f"http://{request.host}":
        return "this page answers to itself only"
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return "this page answers to itself only"
    token = request.path.split("/")[1]
    if not hmac.compare_digest(token.encode(), page.token.encode()):
        return "the address lacks the token; take the one that `mlstrat review serve` printed"
    return None


def _body() -> dict[str, Any]:
    from flask import request

    body = request.get_json(silent=True) if request.is_json else None
    if not isinstance(body, dict):
        raise ReviewError("the request is not a JSON object", hint="reload the page")
    return body


def _shown(desk: Desk, row_id: str) -> dict[str, Any]:
    """Return what the page shows of a row: which media it has, its text, its features as texts."""
    review, example = desk.sheet.review, desk.sheet.examples.get(row_id)
    if example is None:
        return {"here": False}
    return {
        "here": True,
        "image": review.image is not None,
        "audio": review.audio is not None,
        "text": None if review.text is None else _text(example[review.text], None),
        "features": [[name, _text(example[name], LONGEST_FEATURE)] for name in review.features],
    }


def _text(value: Any, longest: int | None) -> str:
    text = "" if value is None else str(value)
    return text if longest is None or len(text) <= longest else f"{text[:longest]} ..."


def _answer(content: dict[str, Any], status: int) -> Response:
    from flask import jsonify

    response = jsonify(content)
    response.status_code = status
    return response


def _quiet_handler() -> Any:
    """Return a handler that logs nothing and does not wait for ever for a slow sender."""
    from werkzeug.serving import WSGIRequestHandler

    class Quiet(WSGIRequestHandler):
        timeout = IDLE_SECONDS

        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's own name
            """Say nothing: the address holds the token."""

    return Quiet
