"""Who may come in. A place is taken before anything costs, above all before an article is fetched.

Knows how many places there are and how fast they are freed; not what is done in them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import EngineDraining, EngineOverloaded
from service.workers import Worker


class Admission:
    """As many places a model as its engine has rows and queue."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._taken = dict.fromkeys(worker.stats(), 0)
        self._lock = threading.Lock()

    @contextmanager
    def place(self, model: str) -> Iterator[None]:
        """Hold a place for the length of the block; give it back however the block ends.

        Raises:
            EngineOverloaded: there is none; `retry_after` says when what is here will be done.
            EngineDraining: the service is shutting down.
        """
        self._take(model)
        try:
            yield
        finally:
            with self._lock:
                self._taken[model] -= 1

    def num_taken(self, model: str) -> int:
        return self._taken[model]

    def is_full(self, model: str) -> bool:
        return self._taken[model] >= self._worker.stats()[model].max_open

    def _take(self, model: str) -> None:
        if self._worker.draining:
            raise EngineDraining("The service is shutting down and takes no new requests.")
        stats = self._worker.stats()[model]
        with self._lock:
            if self._taken[model] >= stats.max_open:
                raise EngineOverloaded(
                    f"All {stats.max_open} places are taken.",
                    retry_after=max(1.0, stats.retry_after_s),
                )
            self._taken[model] += 1
