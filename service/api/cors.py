"""Which pages of other origins may call: none, unless the settings name them."""

from __future__ import annotations

from flask import Flask, Response, request

_METHODS = "GET, POST"
_SHOWN = "ETag, Retry-After, X-Request-ID, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"


def install(app: Flask, origins: tuple[str, ...]) -> None:
    """Answer browsers that ask first, and mark what they may read."""
    if not origins:
        return

    def _preflight() -> Response | None:
        asks_first = "Access-Control-Request-Method" in request.headers
        if request.method == "OPTIONS" and asks_first and _is_named():
            response = Response(status=204)
            response.headers["Access-Control-Allow-Methods"] = _METHODS
            # All that are asked for: OpenAI's client in a browser sends a dozen of its own.
            wanted = request.headers.get("Access-Control-Request-Headers", "")
            response.headers["Access-Control-Allow-Headers"] = wanted
            response.headers["Access-Control-Max-Age"] = "600"
            return response
        return None

    def _allow(response: Response) -> Response:
        response.vary.add("Origin")
        if _is_named():
            response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response.headers["Access-Control-Expose-Headers"] = _SHOWN
        return response

    def _is_named() -> bool:
        return request.headers.get("Origin") in origins

    app.before_request(_preflight)
    app.after_request(_allow)
