"""Is anybody still waiting for this answer?

WSGI does not tell when a client goes away, so the socket is asked, between steps.
"""

from __future__ import annotations

import select
import socket
import time
from typing import Any

from flask import Request

from service.api.parts import Parts
from service.errors import DeadlineExceeded, RequestAborted
from service.lifecycle import Lifecycle

_GONE = select.POLLRDHUP | select.POLLHUP | select.POLLERR | select.POLLNVAL


class ClientWatch:
    """One request's client, deadline and service. `check()` is cheap: one system call."""

    def __init__(self, sock: socket.socket | None, deadline: float, lifecycle: Lifecycle) -> None:
        self.deadline = deadline
        """Monotonic seconds."""
        self._lifecycle = lifecycle
        self._poll = select.poll()
        if sock is not None and sock.fileno() >= 0:
            # Unlike MSG_PEEK, RDHUP is seen even behind bytes that nobody has read.
            self._poll.register(sock, select.POLLRDHUP)

    def check(self) -> None:
        """Return while the answer is wanted.

        Raises:
            RequestAborted: the client closed its connection.
            DeadlineExceeded: time is up.
            EngineDraining: the service must end now.
        """
        if any(event & _GONE for _, event in self._poll.poll(0)):
            raise RequestAborted("The client closed the connection.")
        if time.monotonic() > self.deadline:
            raise DeadlineExceeded("The answer did not come within the service's time limit.")
        self._lifecycle.check()


def watch(request: Request, here: Parts) -> ClientWatch:
    """The watch over a request that has just come in."""
    sock: Any = request.environ.get("gunicorn.socket")
    deadline = time.monotonic() + here.config.server.request_timeout_s
    return ClientWatch(sock, deadline, here.lifecycle)
