"""Serving, draining, cut off: what SIGTERM means to the requests in flight.

Knows nothing of gunicorn, which calls `drain`, nor of what a request does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from service.errors import EngineDraining

_LAST_WORDS_S = 2.0
"""How long requests that were cut off may take to say so to their clients."""


class Lifecycle:
    """Counts the requests in flight. Safe to share between threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._in_flight = 0
        self._draining = False
        self._cut = False

    @property
    def draining(self) -> bool:
        return self._draining

    @property
    def in_flight(self) -> int:
        return self._in_flight

    def enter(self) -> Callable[[], None]:
        """Begin a request; call what comes back, once or more, when it has ended.

        Raises:
            EngineDraining: the service takes no more.
        """
        with self._changed:
            if self._draining:
                raise _draining()
            self._in_flight += 1
        left = threading.Event()

        def leave() -> None:
            with self._changed:
                if not left.is_set():
                    left.set()
                    self._in_flight -= 1
                    self._changed.notify_all()

        return leave

    def check(self) -> None:
        """Raises EngineDraining once the requests in flight must end."""
        if self._cut:
            raise _draining()

    def drain(self, grace_s: float) -> None:
        """Refuse new requests, wait for those in flight, cut off what is left after `grace_s`."""
        with self._changed:
            self._draining = True
            if self._wait_for_none(grace_s):
                return
            self._cut = True
            self._wait_for_none(_LAST_WORDS_S)

    def _wait_for_none(self, timeout_s: float) -> bool:
        return self._changed.wait_for(lambda: self._in_flight == 0, timeout_s)


def _draining() -> EngineDraining:
    return EngineDraining("The service is shutting down; another will answer.", retry_after=2.0)
