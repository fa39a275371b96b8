"""Doing the same to many items, as results come in; the one seam behind which a cluster may stand.

Items of one key (for pages: one host) are never under way together, and start at least `spacing_s`
apart. That is kept where items are handed out, by whoever hands them out, so it holds on however
many machines they are worked on.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Executor(Protocol):
    def map_unordered(
        self,
        fn: Callable[[Item], Result],
        items: Iterable[Item],
        *,
        key: Callable[[Item], Hashable] | None = None,
        spacing_s: float = 0.0,
    ) -> Iterator[Result]:
        """Yields each result as it is done.

        `fn` and the items must pickle, and `fn` must not raise: what can go wrong with an item
        is a result like any other. Without `key`, items have nothing to do with each other.
        """
        ...


class InlineExecutor:
    """One item after the other, in the caller's thread: for work that only computes, and little."""

    def map_unordered(
        self,
        fn: Callable[[Item], Result],
        items: Iterable[Item],
        *,
        key: Callable[[Item], Hashable] | None = None,
        spacing_s: float = 0.0,
    ) -> Iterator[Result]:
        queue = KeyedQueue(items, key, spacing_s)
        while queue:
            start = queue.next_start() or 0.0
            time.sleep(max(0.0, start - time.monotonic()))
            taken = queue.take(now := time.monotonic())
            if taken is not None:
                yield fn(taken[1])
                queue.done(taken[0], now)


class KeyedQueue(Generic[Item]):
    """Hands out items so that no key is busy twice nor before its time. Does no waiting itself."""

    def __init__(
        self, items: Iterable[Item], key: Callable[[Item], Hashable] | None, spacing_s: float
    ) -> None:
        self._spacing_s = spacing_s
        self._waiting: dict[Hashable, deque[Item]] = {}
        for number, item in enumerate(items):
            self._waiting.setdefault(key(item) if key else number, deque()).append(item)
        self._ready: list[tuple[float, int, Hashable]] = []
        """A heap of (not before, order, key) of the keys that are not busy."""
        self._num_pushed = 0
        for name in self._waiting:
            self._push(name, 0.0)

    def __bool__(self) -> bool:
        """Whether any item has yet to be handed out."""
        return bool(self._waiting)

    def take(self, now: float) -> tuple[Hashable, Item] | None:
        """The next item that may start, and its key, to be given to `done`; None: not now."""
        if not self._ready or self._ready[0][0] > now:
            return None
        _, _, name = heapq.heappop(self._ready)
        return name, self._waiting[name].popleft()

    def done(self, name: Hashable, started: float) -> None:
        if self._waiting[name]:
            self._push(name, started + self._spacing_s)
        else:
            del self._waiting[name]

    def again(self, name: Hashable, item: Item, not_before: float) -> None:
        """In place of `done`: whoever was at the item is gone, and it is to be done anew."""
        self._waiting[name].appendleft(item)
        self._push(name, not_before)

    def next_start(self) -> float | None:
        """When the next item may start; None: only after some `done`."""
        return self._ready[0][0] if self._ready else None

    def _push(self, name: Hashable, not_before: float) -> None:
        heapq.heappush(self._ready, (not_before, self._num_pushed, name))
        self._num_pushed += 1


@contextmanager
def executor_on(on: str | None, max_workers: int) -> Iterator[Executor]:
    """Threads of this process, or the cluster that `on` names: `ray` or `ray://HOST:10001`.

    Args:
        max_workers: threads; on a cluster, of each node.

    Raises:
        ExtraMissing: the cluster's libraries are not installed.
        SetupError: the cluster cannot be reached.
    """
    if on is None:
        yield ThreadExecutor(max_workers)
        return
    from service.cluster import cluster_executor  # a library of 240 MB, only where it is asked for

    with cluster_executor(on, max_workers) as executor:
        yield executor


class ThreadExecutor:
    """On this machine, in threads: for work that mostly waits."""

    def __init__(self, max_workers: int, stopping: threading.Event | None = None) -> None:
        """
        Args:
            stopping: once it is set nothing more is started, and what is under way is still
                yielded; that it ends soon is for whoever does it to see to.
        """
        self._max_workers = max_workers
        self._stopping = stopping or threading.Event()

    def map_unordered(
        self,
        fn: Callable[[Item], Result],
        items: Iterable[Item],
        *,
        key: Callable[[Item], Hashable] | None = None,
        spacing_s: float = 0.0,
    ) -> Iterator[Result]:
        queue = KeyedQueue(items, key, spacing_s)
        running: dict[Future[Result], tuple[Hashable, float]] = {}
        pool = ThreadPoolExecutor(self._max_workers)
        try:
            while running or (queue and not self._stopping.is_set()):
                self._start(pool, fn, queue, running)
                for future in self._finished(queue, running):
                    queue.done(*running.pop(future))
                    yield future.result()
        finally:
            # Whoever stops early waits for what is under way, and starts nothing more.
            pool.shutdown(wait=True, cancel_futures=True)

    def _start(
        self,
        pool: ThreadPoolExecutor,
        fn: Callable[[Item], Result],
        queue: KeyedQueue[Item],
        running: dict[Future[Result], tuple[Hashable, float]],
    ) -> None:
        while len(running) < self._max_workers and not self._stopping.is_set():
            now = time.monotonic()
            taken = queue.take(now)
            if taken is None:
                return
            name, item = taken
            running[pool.submit(fn, item)] = name, now

    def _finished(
        self, queue: KeyedQueue[Item], running: dict[Future[Result], tuple[Hashable, float]]
    ) -> set[Future[Result]]:
        """Waits until something is done or something may start."""
        start = queue.next_start() if len(running) < self._max_workers else None
        pause = None if start is None else max(0.0, start - time.monotonic())
        if not running:
            time.sleep(pause or 0.0)
            return set()
        return wait(running, timeout=pause, return_when=FIRST_COMPLETED).done
