"""gunicorn's threaded worker, hardened: stalled clients go, SIGTERM drains, errors are problems.

Knows of the app only what `Parts` offers.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from service.errors import Doc2TweetError, RequestError, UnsupportedFeature
from service.observability import JsonFormatter, request_id

if TYPE_CHECKING:
    from service.api.parts import Parts

_LINGER_S = 0.5


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """One process, many threads, one engine."""

    def handle(self, conn: Any) -> Any:
        if self._parts is not None:
            _limit_silence(conn.sock, self._parts.config.server.socket_timeout_s)
        result = super().handle(conn)
        if result is False:
            # The base class would linger on the thread that accepts connections: 2 s for each
            # client that does not close, in which nobody else is heard.
            util.close_graceful(conn.sock, timeout=_LINGER_S)
        return result

    def finish_request(self, conn: Any, fs: Any) -> None:
        if not fs.cancelled() and fs.exception() is None and fs.result() is False:
            self.nr_conns -= 1
        else:
            super().finish_request(conn, fs)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Any) -> None:
        """Answer what never reached the app, such as a broken request line."""
        page = _Recorder()
        super().handle_error(req, page, addr, exc)
        error, id_ = _error_of(page.status()), request_id(None)
        told = {"request_id": id_, "status": error.status, "error": error.type}
        self.log.info("refused before it was read", extra={"fields": told})
        client.sendall(_as_problem(error, id_))

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: go on answering (`/readyz` with 503) until the requests in flight have ended."""
        if self.alive and self._parts is not None:
            threading.Thread(target=self._drain, name="drain", daemon=True).start()
        else:
            super().handle_exit(sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if not self.alive:  # refuse at once rather than leave newcomers hanging
            for listener in self.sockets:
                listener.close()

    def run(self) -> None:
        try:
            super().run()
        finally:
            if self._parts is not None:
                self._parts.close()

    def _drain(self) -> None:
        cast("Parts", self._parts).drain()
        super().handle_exit(0, None)

    @property
    def _parts(self) -> Parts | None:
        """None while the app is still being built."""
        app = getattr(self, "wsgi", None)
        return None if app is None else cast("Parts", app.extensions["doc2tweet"])


class JsonLogger(Logger):  # type: ignore[misc]
    """gunicorn's own lines in the shape of the service's."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        if isinstance(sys.exc_info()[1], BlockingIOError):  # `_limit_silence` at work
            self.debug("A stalled client was dropped.")
        else:
            super().exception(msg, *args, **kwargs)


class _Recorder:
    """Stands in for the socket, to read the status that gunicorn chose."""

    def __init__(self) -> None:
        self._written = b""

    def gettimeout(self) -> float:
        return 0.0

    def sendall(self, data: bytes) -> None:
        self._written += data

    def status(self) -> int:
        return int(self._written.split(b" ", 2)[1])


def _error_of(status: int) -> Doc2TweetError:
    if status == HTTPStatus.NOT_IMPLEMENTED:
        detail = "The request is sent in a transfer coding that this service does not know."
        return UnsupportedFeature(detail, status=status)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return RequestError("The request is no HTTP that this service understands.", status=status)
    return Doc2TweetError("The service failed on this request; its log says more.", status=status)


def _as_problem(error: Doc2TweetError, id_: str) -> bytes:
    problem = {
        "type": error.type,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "retryable": error.retryable,
        "instance": f"urn:request:{id_}",
    }
    body = json.dumps(problem).encode()
    head = (
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\nConnection: close\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n"
        f"X-Request-ID: {id_}\r\n\r\n"
    )
    return head.encode("latin-1") + body


def _limit_silence(sock: socket.socket, seconds: int) -> None:
    """A kernel timeout: gunicorn's blocking reads have none of their own."""
    interval = struct.pack("ll", seconds, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, interval)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, interval)
