"""How hard one host may be asked: the service must not be turned on others.

At most `concurrency` requests at once and `rate` begun a second for each host; whoever comes more
often waits, within his own deadline, and where the queue is long he is sent away. Knows only names.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.articles.deadline import Deadline
from service.errors import RateLimited

MAX_WAITING = 64


@dataclass(slots=True)
class _Host:
    active: int = 0
    waiting: int = 0
    due: float = 0.0
    """Monotonic time at which the next request would begin if all kept the rate evenly."""


class HostGate:
    def __init__(self, concurrency: int, rate: float) -> None:
        self._concurrency = concurrency
        self._interval = 1.0 / rate
        # A redirect and its target may follow each other at once: a second's worth ahead of time.
        self._ahead = max(0.0, 1.0 - self._interval)
        self._hosts: dict[str, _Host] = {}
        self._changed = threading.Condition()

    @contextmanager
    def enter(self, host: str, deadline: Deadline) -> Iterator[None]:
        """Hold a place at this host.

        Raises:
            RateLimited: more wait than could be served.
            ArticleTimeout, RequestAborted: see `Deadline.remaining`.
        """
        with self._changed:
            state = self._hosts.setdefault(host, _Host())
            if state.waiting >= MAX_WAITING:
                raise RateLimited(
                    "Too many pages of this site are asked for at once.",
                    retry_after=max(1.0, state.waiting * self._interval),
                )
            state.waiting += 1
            try:
                self._wait(state, deadline)
            finally:
                state.waiting -= 1
            state.active += 1
        try:
            yield
        finally:
            with self._changed:
                state.active -= 1
                self._forget_idle()
                self._changed.notify_all()

    def _wait(self, state: _Host, deadline: Deadline) -> None:
        while True:
            now = time.monotonic()
            pause = state.due - self._ahead - now
            if state.active < self._concurrency and pause <= 0:
                state.due = max(state.due, now) + self._interval
                return
            limit = deadline.slice()
            self._changed.wait(min(limit, pause) if pause > 0 else limit)

    def _forget_idle(self) -> None:
        """Keep the table as small as what is going on, whatever names were asked for."""
        now = time.monotonic()
        idle = [
            host
            for host, state in self._hosts.items()
            if not state.active and not state.waiting and state.due <= now
        ]
        for host in idle:
            del self._hosts[host]
