"""What happens around every request: an id, security headers, one log line, the counters."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import Flask, Response, g, request

from service.api.parts import Parts, parts
from service.errors import Doc2TweetError
from service.observability import Metrics, request_id
from service.shapes import GenerateResult, TweetResult

_log = logging.getLogger("doc2tweet.access")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


@dataclass(slots=True)
class RequestRecord:
    """What the log line will say; filled while the request goes its way."""

    request_id: str
    method: str
    path: str
    route: str
    client: str
    headers: Mapping[str, str]
    """Those that name the trace a request belongs to."""
    started: float = field(default_factory=time.monotonic)
    details: dict[str, Any] = field(default_factory=dict)
    """Model, counts and times; never text."""

    def note_error(self, error: Doc2TweetError) -> None:
        self.details["error"] = error.type

    def note_result(self, result: GenerateResult | TweetResult, metrics: Metrics) -> None:
        """Keep what the result cost, and count it."""
        times = {name: ms for name, ms in asdict(result.timings).items() if ms is not None}
        self.details |= {"model": result.model, "seed": result.seed, **asdict(result.usage)}
        self.details |= {name: round(ms, 1) for name, ms in times.items()}
        metrics.observe(result.model, result.usage, times)

    def finish(self, status: int, here: Parts) -> None:
        """Write the line and count the answer, streamed or not, once it is over."""
        seconds, metrics = time.monotonic() - self.started, here.metrics
        if "error" in self.details:
            metrics.refusals.labels(self.details["error"]).inc()
        metrics.requests.labels(self.route, str(status)).inc()
        metrics.request_time.labels(self.route).observe(seconds)
        fields = {
            "request_id": self.request_id,
            "method": self.method,
            "path": self.path,
            "client": self.client,
            "status": status,
            "ms": round(seconds * 1e3, 1),
            **self.details,
        }
        _log.info("request", extra={"fields": fields})
        if here.trace is not None:
            here.trace(f"{self.method} {self.route}", seconds, status, self.details, self.headers)


def install(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.request_id = request_id(request.headers.get("X-Request-ID"))
    route = request.url_rule.rule if request.url_rule else "unknown"
    g.record = RequestRecord(
        g.request_id,
        request.method,
        request.path[:200],
        route,
        request.remote_addr or "",
        {n: request.headers[n] for n in ("traceparent", "tracestate") if n in request.headers},
    )


def _end(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    record, here = g.record, parts()
    response.headers["X-Request-ID"] = record.request_id
    response.call_on_close(lambda: record.finish(response.status_code, here))
    return response
