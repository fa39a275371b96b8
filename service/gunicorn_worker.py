"""gunicorn's threaded worker, hardened: stalled clients go, SIGTERM drains, errors are problems.

Knows of the app only what `Parts` offers.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from typing import TYPE_CHECKING, Any, cast

from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from service.observability import JsonFormatter

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
        client.sendall(_as_problem(page.status_line()))

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

    def status_line(self) -> tuple[int, str]:
        _, code, reason = self._written.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        return int(code), reason


def _as_problem(status: tuple[int, str]) -> bytes:
    code, reason = status
    problem = {
        "type": "bad-request" if code < 500 else "internal-error",
        "title": reason,
        "status": code,
        "detail": "The request is no HTTP that this service understands."
        if code < 500
        else "The service failed on this request; its log says more.",
        "retryable": False,
    }
    body = json.dumps(problem).encode()
    head = (
        f"HTTP/1.1 {code} {reason}\r\nConnection: close\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body


def _limit_silence(sock: socket.socket, seconds: int) -> None:
    """A kernel timeout: gunicorn's blocking reads have none of their own."""
    interval = struct.pack("ll", seconds, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, interval)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, interval)
