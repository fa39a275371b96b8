"""The one page at `/` and the files it is made of, under a policy that lets nothing else in."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from flask import Blueprint, Response, request

from service.errors import RouteNotFound

page_routes = Blueprint("page", __name__)
_FOLDER = Path(__file__).parent.parent / "web"
_FILES = {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.is_file()}
"""Read once: the page is small, and a request can name nothing that is not here."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)


@page_routes.get("/")
def page() -> Response:
    return _serve("index.html")


@page_routes.get("/web/<name>")
def asset(name: str) -> Response:
    return _serve(name)


def _serve(name: str) -> Response:
    if name not in _FILES:
        raise RouteNotFound("There is nothing at this path.")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response = Response(_FILES[name], mimetype=kind)
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-cache"  # kept, but asked about: the page is never stale
    response.add_etag()
    response.make_conditional(request)
    return response
