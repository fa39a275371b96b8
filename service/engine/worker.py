"""The one thread that runs every model's engine, and the doors to it.

Other threads submit, abort and read through thread-safe queues; engines are touched by this thread
alone. Knows no text and no HTTP.
"""

from __future__ import annotations

import logging
import math
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Ids

from service.engine.lane import EngineStats, Lane, OpenRequest
from service.engine.llm_engine import LLMEngine, TokenOutput
from service.engine.request_stream import Aborted, RequestStream, StreamEvent
from service.engine.sampling_params import SamplingParams
from service.errors import (
    DeadlineExceeded,
    Doc2TweetError,
    EngineDraining,
    EngineFault,
    EngineOverloaded,
)

_log = logging.getLogger(__name__)


class EngineWorker:
    """Steps the engines in turn, so that no model starves another.

    A model takes at most its rows plus `max_queued` requests at once.
    """

    def __init__(self, engines: Mapping[str, LLMEngine], *, max_queued: int = 32) -> None:
        self._lanes = {name: Lane(engine, max_queued) for name, engine in engines.items()}
        self._errands: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._draining = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    @property
    def draining(self) -> bool:
        return self._draining

    @property
    def alive(self) -> bool:
        """Whether the thread runs. Once started only `close` ends it, or a defect of ours."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; once, and after any fork."""
        self._thread.start()

    def submit(
        self,
        model: str,
        token_ids: Ids[int],
        params: SamplingParams,
        *,
        num_prefix_tokens: int = 0,
        deadline: float | None = None,
    ) -> RequestStream:
        """Queue a request.

        Args:
            model: a key of the engines given.
            num_prefix_tokens: how many of the first tokens are common to many requests.
            deadline: `time.monotonic` after which nobody wants the answer, queue included.
        Raises:
            PromptTooLong, ValidationFailed: it could never run.
            EngineOverloaded: rows and queue are full.
            EngineDraining: no new work is taken.
        """
        lane = self._lanes[model]
        lane.engine.check(token_ids, params)
        stream = RequestStream(uuid.uuid4().hex, len(token_ids), params.n, self._abort)
        entry = OpenRequest(stream, math.inf if deadline is None else deadline)

        def take_up() -> None:
            if stream.request_id in lane.open:
                entry.request = lane.engine.add_request(
                    stream.request_id, token_ids, params, num_prefix_tokens=num_prefix_tokens
                )

        with self._changed:
            self._refuse_if_full(lane)
            lane.open[stream.request_id] = entry
            self._errands.append(take_up)
            self._changed.notify_all()
        return stream

    def stats(self) -> dict[str, EngineStats]:
        """By model. Cheap, and never held up by a step."""
        with self._changed:
            return {name: lane.stats() for name, lane in self._lanes.items()}

    def drain(self, timeout: float) -> bool:
        """Take no new requests, and wait for the open ones. Returns: whether all have ended."""
        with self._changed:
            self._draining = True
            return self._changed.wait_for(self._is_empty, timeout)

    def close(self) -> None:
        """End the thread. Requests that are still open get EngineDraining."""
        with self._changed:
            self._draining = self._closing = True
            self._changed.notify_all()
        if self.alive:
            self._thread.join()
        self._close_all()

    def _is_empty(self) -> bool:
        return not any(lane.open for lane in self._lanes.values())

    def _refuse_if_full(self, lane: Lane) -> None:
        if self._draining:
            raise EngineDraining("The service is shutting down and takes no new requests.")
        if len(lane.open) >= lane.max_open:
            raise EngineOverloaded(
                f"All {lane.max_open} places are taken.", retry_after=lane.retry_after_s
            )

    def _abort(self, request_id: str, index: int | None) -> None:
        with self._changed:
            self._errands.append(lambda: self._abort_now(request_id, index))
            self._changed.notify_all()

    # What follows runs on the engine's thread.

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                for lane in self._lanes.values():
                    self._run_errands()
                    self._expire(lane)
                    if lane.engine.has_work:
                        self._step(lane)
        finally:
            self._close_all()

    def _wait_for_work(self) -> bool:
        """Returns: whether to go on."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._errands or self._has_work())
            return not self._closing

    def _has_work(self) -> bool:
        return any(lane.engine.has_work for lane in self._lanes.values())

    def _run_errands(self) -> None:
        while self._errands:
            self._errands.popleft()()

    def _step(self, lane: Lane) -> None:
        began = time.monotonic()
        try:
            outputs = lane.engine.step()
        except Exception:
            # The runner is foreign code: whatever it raises, the next request must be served.
            _log.exception("a model step failed")
            for request_id in lane.engine.fail():
                self._close(lane, request_id, EngineFault("The model failed on this request."))
            return
        lane.measure(len(outputs), time.monotonic() - began)
        self._hand_out(lane, outputs)

    def _hand_out(self, lane: Lane, outputs: list[TokenOutput]) -> None:
        by_request: dict[str, list[StreamEvent]] = {}
        for output in outputs:
            by_request.setdefault(output.request_id, []).append(output)
        for request_id, events in by_request.items():
            entry = lane.open[request_id]
            assert entry.request is not None
            entry.stream.put(events, entry.request.started_at)
            self._close_if_done(lane, request_id)

    def _expire(self, lane: Lane) -> None:
        now = time.monotonic()
        for request_id, entry in list(lane.open.items()):
            if now > entry.deadline:
                lane.engine.abort(request_id)
                self._close(lane, request_id, DeadlineExceeded("The answer did not come in time."))

    def _abort_now(self, request_id: str, index: int | None) -> None:
        for lane in self._lanes.values():
            entry = lane.open.get(request_id)
            if entry is not None and entry.request is not None:
                ended = [s.index for s in entry.request.live if index in (None, s.index)]
                lane.engine.abort(request_id, index)
                entry.stream.put([Aborted(i) for i in ended], entry.request.started_at)
                self._close_if_done(lane, request_id)

    def _close_if_done(self, lane: Lane, request_id: str) -> None:
        request = lane.open[request_id].request
        if request is not None and not request.live:
            self._close(lane, request_id, None)

    def _close(self, lane: Lane, request_id: str, error: Doc2TweetError | None) -> None:
        with self._changed:
            lane.open.pop(request_id).stream.close(error)
            self._changed.notify_all()

    def _close_all(self) -> None:
        for lane in self._lanes.values():
            for request_id in list(lane.open):
                self._close(lane, request_id, EngineDraining("The service is shutting down."))
