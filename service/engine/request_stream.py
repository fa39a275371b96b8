"""What a client holds of a request: its tokens as they come, and the handle to end it.

The engine's thread puts events in, one client's thread takes them out. Knows no text.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from service.engine.llm_engine import TokenOutput
from service.errors import Doc2TweetError


@dataclass(frozen=True, slots=True)
class Aborted:
    """A candidate was ended from outside; no token of it follows."""

    index: int


StreamEvent = TokenOutput | Aborted


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds: waiting for a row, from there to the first token, from there to the end."""

    queue_ms: float
    prefill_ms: float
    decode_ms: float


class RequestStream:
    """Iterate to get events until every candidate has ended.

    `next_events` waits for a bounded time instead, for those who have a socket to look at.
    """

    def __init__(
        self,
        request_id: str,
        num_prompt_tokens: int,
        num_candidates: int,
        abort: Callable[[str, int | None], None],
    ) -> None:
        self.request_id = request_id
        self.num_prompt_tokens = num_prompt_tokens
        self.num_candidates = num_candidates
        self._abort = abort
        self._open = set(range(num_candidates))
        self._events: queue.SimpleQueue[list[StreamEvent] | Doc2TweetError] = queue.SimpleQueue()
        self._error: Doc2TweetError | None = None
        self._submitted = time.monotonic()
        self._started: float | None = None
        self._first_token: float | None = None
        self._ended: float | None = None

    @property
    def finished(self) -> bool:
        """Whether the end of every candidate has been handed out."""
        return not self._open

    @property
    def timings(self) -> Timings:
        """What has been measured so far; a phase that has not ended counts up to now."""
        now = self._ended or time.monotonic()
        started = self._started or now
        first = self._first_token or now
        return Timings(
            (started - self._submitted) * 1e3, (first - started) * 1e3, (now - first) * 1e3
        )

    def __iter__(self) -> Iterator[StreamEvent]:
        while not self.finished:
            yield from self.next_events(None)

    def next_events(self, timeout: float | None) -> list[StreamEvent]:
        """Whatever has come, in order; empty after `timeout` seconds of nothing.

        Raises:
            DeadlineExceeded, EngineFault, EngineDraining: the request ended without an answer.
        """
        events: list[StreamEvent] = []
        with suppress(queue.Empty):
            while not self.finished and self._error is None:
                events += self._take(0 if events else timeout)
        if self._error is not None and not events:
            raise self._error
        return events

    def abort(self, index: int | None = None) -> None:
        """End a candidate, or all; the row is free before the engine's next step. May be repeated.

        The ended ones get an `Aborted` after the tokens that were drawn before.
        """
        self._abort(self.request_id, index)

    def put(self, events: list[StreamEvent], started_at: float | None) -> None:
        """Called by the engine's thread. `started_at`: when the prompt's first chunk was begun."""
        if self._first_token is None and any(isinstance(e, TokenOutput) for e in events):
            self._started, self._first_token = started_at, time.monotonic()
        self._events.put(events)

    def close(self, error: Doc2TweetError | None = None) -> None:
        """Called by the engine's thread, once, after the last event."""
        self._ended = time.monotonic()
        if error is not None:
            self._events.put(error)

    def _take(self, timeout: float | None) -> list[StreamEvent]:
        item = self._events.get(timeout=timeout)
        if isinstance(item, Doc2TweetError):
            self._error = item
            return []
        for event in item:
            if isinstance(event, Aborted) or event.finish_reason is not None:
                self._open.discard(event.index)
        return item
