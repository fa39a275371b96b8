"""The one place where an error becomes an answer: RFC 9457, or OpenAI's shape below `/v1`.

Nothing that a stranger may not see passes here: an unforeseen exception gives its kind to the log
and a bare 500 to the caller.
"""

from __future__ import annotations

import json
import logging
import math
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from service.errors import (
    Doc2TweetError,
    MethodNotAllowed,
    RequestError,
    RouteNotFound,
    SetupError,
    ValidationFailed,
)

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger("doc2tweet.errors")
_OPENAI_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_HTTP_ERRORS: dict[int, type[Doc2TweetError]] = {404: RouteNotFound, 405: MethodNotAllowed}


def install(app: Flask) -> None:
    """Render every error of the app here, those of Flask and Werkzeug included."""
    app.register_error_handler(Doc2TweetError, render)
    app.register_error_handler(HTTPException, _render_http)
    app.register_error_handler(Exception, _render_unforeseen)


def document(error: Doc2TweetError, request_id: str) -> dict[str, Any]:
    """The members of the problem document."""
    members: dict[str, Any] = {
        "type": error.type,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "retryable": error.retryable,
        "instance": f"urn:request:{request_id}",
    }
    if error.hint is not None:
        members["hint"] = error.hint
    return members | dict(error.extra)


def openai_document(error: Doc2TweetError) -> dict[str, Any]:
    """The same error as OpenAI's clients read it."""
    kind = "server_error" if error.status >= 500 else "invalid_request_error"
    fields = list(error.errors) if isinstance(error, ValidationFailed) else [None]
    return {
        "error": {
            "message": error.detail if error.hint is None else f"{error.detail} {error.hint}",
            "type": _OPENAI_TYPES.get(error.status, kind),
            "param": error.extra.get("param", fields[0]),
            "code": error.type.replace("-", "_"),
        }
    }


def shown(error: Exception) -> Doc2TweetError:
    """The error itself, or a bare internal error in the place of one that may name paths."""
    if isinstance(error, Doc2TweetError) and not isinstance(error, SetupError):
        return error
    _log.error("unforeseen error", exc_info=error)
    return Doc2TweetError("The service failed on this request; its log says more.")


def render(error: Doc2TweetError) -> Response:
    """The answer to the request that raised `error`."""
    error = shown(error)
    g.record.note_error(error)
    response = Response(status=error.status, mimetype=MEDIA_TYPE)
    if request.path.startswith("/v1/"):
        response.mimetype = "application/json"
        if isinstance(error, ValidationFailed):
            response.status_code = 400  # as OpenAI does
        response.set_data(json.dumps(openai_document(error)))
    else:
        response.set_data(json.dumps(document(error, g.request_id)))
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _render_http(error: HTTPException) -> Response:
    detail = f"{request.method} {request.path[:200]}: {error.name}."
    kind = _HTTP_ERRORS.get(error.code or 500, RequestError)
    response = render(kind(detail, status=error.code))
    for name, value in error.get_headers():
        if name.lower() == "allow":
            response.headers[name] = value
    return response


def _render_unforeseen(error: Exception) -> Response:
    return render(shown(error))
