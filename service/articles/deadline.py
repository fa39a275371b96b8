"""One deadline for everything that a fetch does, and the sockets that keep it.

A timeout per read is no limit: a site that sends a byte every 250 ms never meets one. So every wait
here asks the deadline how much of the whole is left, in slices short enough to notice that the
client has gone. Knows nothing of HTTP.
"""

from __future__ import annotations

import io
import select
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, TypeVar

from service.articles.address_guard import CANNOT_FETCH
from service.errors import ArticleTimeout, RequestAborted

SLICE_S = 0.25
T = TypeVar("T")


def never() -> bool:
    """Nobody cancels."""
    return False


class Deadline:
    """A point in monotonic time, or the moment at which `cancelled()` becomes true."""

    def __init__(self, seconds: float, cancelled: Callable[[], bool] = never) -> None:
        self._end = time.monotonic() + seconds
        self._cancelled = cancelled

    def remaining(self) -> float:
        """Seconds left, above zero.

        Raises:
            ArticleTimeout: none is left.
            RequestAborted: the client has gone.
        """
        if self._cancelled():
            raise RequestAborted("The client went away while the article was fetched.")
        left = self._end - time.monotonic()
        if left <= 0:
            raise ArticleTimeout(CANNOT_FETCH)
        return left

    def slice(self) -> float:
        """How long to wait before asking again."""
        return min(self.remaining(), SLICE_S)

    def patiently(self, sock: socket.socket, operation: Callable[[], T]) -> T:
        """Repeat a blocking operation of `sock` that may be resumed, until it ends."""
        while True:
            sock.settimeout(self.slice())
            try:
                return operation()
            except TimeoutError:
                continue


def connect(
    sockaddr: tuple[Any, ...], family: int, deadline: Deadline, share: float
) -> socket.socket:
    """Connect to this very address, within `share` seconds and the deadline.

    Raises:
        OSError: refused, unreachable, or silent for its share.
        ArticleTimeout, RequestAborted: see `Deadline.remaining`.
    """
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.connect_ex(sockaddr)
        _await_connection(sock, deadline, time.monotonic() + share)
    except BaseException:
        sock.close()
        raise
    return sock


def _await_connection(sock: socket.socket, deadline: Deadline, give_up: float) -> None:
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    while not poll.poll(1000 * deadline.slice()):
        if time.monotonic() > give_up:
            raise TimeoutError("silent")
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, "not connected")


def start_tls(
    sock: socket.socket, context: ssl.SSLContext, host: str, deadline: Deadline
) -> ssl.SSLSocket:
    """Handshake with SNI and a full check of the certificate for `host`.

    Raises:
        OSError: `ssl.SSLError` for a bad certificate among others.
    """
    sock.setblocking(False)
    secure = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        deadline.patiently(secure, secure.do_handshake)
    except BaseException:
        secure.close()  # the plain socket has been emptied into this one
        raise
    return secure


class DeadlineSocket:
    """What `http.client` needs of a socket, with every wait under the one deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        # Not resumable, and a request is a few hundred bytes: one wait for all that is left.
        self._sock.settimeout(self._deadline.remaining())
        try:
            self._sock.sendall(data)
        except TimeoutError:
            raise ArticleTimeout(CANNOT_FETCH) from None

    def makefile(self, _mode: str) -> io.BufferedReader:
        """`http.client` asks for `rb` alone."""
        return io.BufferedReader(_DeadlineReader(self._sock, self._deadline), 16_384)

    def close(self) -> None:
        """Nothing: `http.client` closes as soon as the headers are read, the body comes after."""


class _DeadlineReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._deadline.patiently(self._sock, lambda: self._sock.recv_into(buffer))
