"""A bounded cache with expiry, in which concurrent requests for one key share one flight.

Knows nothing of articles. Failures are kept for a short time too, so that a broken site is not
asked by everybody at once; a client that left is nobody's failure but his own.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from service.errors import ArticleError, RequestAborted

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class CacheStats:
    hits: int = 0
    misses: int = 0
    joined: int = 0
    """Requests that waited for another one's flight."""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Found(Generic[V]):
    value: V
    cached: bool
    """Whether another request made it."""


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    outcome: Future[V]
    expires: float
    """Monotonic time."""


class FlightCache(Generic[V]):
    """`size` 0 keeps nothing, and still lets concurrent requests share a flight."""

    def __init__(self, size: int, ttl_s: float, failure_ttl_s: float) -> None:
        self._size = size
        self._ttl = ttl_s
        self._failure_ttl = failure_ttl_s
        self._kept: OrderedDict[str, _Entry[V]] = OrderedDict()
        self._flights: dict[str, Future[V]] = {}
        self._lock = threading.Lock()
        self._hits = self._misses = self._joined = 0

    def get(self, key: str, make: Callable[[], V], wait: Callable[[], float]) -> Found[V]:
        """What is kept for `key`, what another thread is just making, or what `make()` makes.

        `wait()` gives the seconds to wait before it is asked again, and raises to give up.

        Raises:
            ArticleError: what `make` raised, now or lately.
            Doc2TweetError: any other that `make` or `wait` raised, which is not kept.
        """
        while True:
            flight, leads = self._board(key)
            if leads:
                return Found(self._fly(key, flight, make), cached=False)
            try:
                return Found(_landed(flight, wait), cached=True)
            except RequestAborted:
                wait()  # raises if it was this client that left; if the leader, fly oneself

    def stats(self) -> CacheStats:
        with self._lock:
            return CacheStats(self._hits, self._misses, self._joined, len(self._kept))

    def _board(self, key: str) -> tuple[Future[V], bool]:
        """The flight to wait for, and whether it is the caller who must fly it."""
        with self._lock:
            entry = self._kept.get(key)
            if entry and entry.expires > time.monotonic():
                self._kept.move_to_end(key)
                self._hits += 1
                return entry.outcome, False
            if key in self._flights:
                self._joined += 1
                return self._flights[key], False
            self._misses += 1
            self._flights[key] = Future()
            return self._flights[key], True

    def _fly(self, key: str, flight: Future[V], make: Callable[[], V]) -> V:
        try:
            value = make()
        except BaseException as error:
            ttl = self._failure_ttl if isinstance(error, ArticleError) else 0
            self._land(key, flight, ttl)
            flight.set_exception(error)
            raise
        self._land(key, flight, self._ttl)
        flight.set_result(value)
        return value

    def _land(self, key: str, flight: Future[V], ttl: float) -> None:
        with self._lock:
            del self._flights[key]
            self._kept.pop(key, None)
            if ttl > 0 and self._size:
                self._kept[key] = _Entry(flight, time.monotonic() + ttl)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)


def _landed(flight: Future[V], wait: Callable[[], float]) -> V:
    while not flight.done():
        futures.wait([flight], timeout=wait())
    error = flight.exception()
    if error is not None:
        # One error, many threads: none of them wants the others' tracebacks.
        raise error.with_traceback(None)
    return flight.result()
