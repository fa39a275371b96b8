"""Requests to models on other servers, with the interface of the engine's own worker.

One thread a candidate, since they only wait. A candidate's text becomes token events, a byte each,
in the same stream that an engine fills; so nothing behind it can tell the two apart.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from service.config import UpstreamConfig
from service.engine.lane import EngineStats
from service.engine.llm_engine import TokenOutput
from service.engine.request_stream import Aborted, RequestStream, StreamEvent
from service.engine.sampling_params import SamplingParams
from service.engine.sequence import FinishReason
from service.errors import (
    DeadlineExceeded,
    Doc2TweetError,
    EngineDraining,
    EngineOverloaded,
    RequestAborted,
)
from service.model_spec import ModelSpec
from service.pipeline import ServedModel
from service.tokenizer import Tokenizer
from service.upstream.client import UpstreamAnswer, UpstreamClient
from service.upstream.tokenizer import BYTES_PER_TOKEN, byte_tokenizer

_LOOK_S = 0.05
"""How often a candidate that waits for its turn sees whether it is still wanted."""


def upstream_model(spec: ModelSpec, config: UpstreamConfig) -> ServedModel:
    """The model as the pipeline knows it; its lengths are in bytes."""
    return ServedModel(
        spec, byte_tokenizer(), spec.context_length * BYTES_PER_TOKEN, config.max_open
    )


@dataclass(slots=True)
class _Open:
    """A request under way."""

    stream: RequestStream
    prompt: str
    params: SamplingParams
    deadline: float | None
    begun: float = field(default_factory=time.monotonic)
    answers: dict[int, UpstreamAnswer] = field(default_factory=dict)
    aborted: set[int] = field(default_factory=set)
    left: int = 0
    """Candidates that have not ended."""
    error: Doc2TweetError | None = None


class _Lane:
    """One model: its server, and what is under way there."""

    def __init__(self, spec: ModelSpec, config: UpstreamConfig) -> None:
        assert spec.upstream is not None
        self.client = UpstreamClient(spec.upstream, config.api_key, config.timeout_s)
        self.tokenizer: Tokenizer = byte_tokenizer()
        self.end_id = self.tokenizer.special_id("<|endoftext|>")
        self.max_open = config.max_open
        at_once = spec.upstream.at_once
        self.turns = threading.Semaphore(at_once) if at_once else None
        self.open: dict[str, _Open] = {}
        self.num_prompt_tokens = self.num_generated_tokens = 0

    def stats(self) -> EngineStats:
        return EngineStats(
            num_running=sum(entry.left for entry in self.open.values()),
            num_waiting=0,
            num_slots=self.max_open,
            num_open=len(self.open),
            max_open=self.max_open,
            num_prompt_tokens=self.num_prompt_tokens,
            num_generated_tokens=self.num_generated_tokens,
            num_prefix_hits=0,
            tokens_per_second=0.0,
            retry_after_s=1.0,
        )


class UpstreamWorker:
    """Every model that runs on another server. Thread-safe."""

    def __init__(self, specs: Sequence[ModelSpec], config: UpstreamConfig) -> None:
        self._lanes = {spec.name: _Lane(spec, config) for spec in specs}
        self._lock = threading.Lock()
        self._draining = False

    @property
    def draining(self) -> bool:
        return self._draining

    def submit(
        self,
        model: str,
        token_ids: Sequence[int],
        params: SamplingParams,
        *,
        num_prefix_tokens: int = 0,  # noqa: ARG002 - the server has its own cache
        deadline: float | None = None,
    ) -> RequestStream:
        """Ask the model's server, once for each candidate.

        Args:
            deadline: `time.monotonic` after which nobody wants the answer.

        Raises:
            EngineOverloaded: as many requests as may be are under way.
            EngineDraining: no new work is taken.
        """
        lane = self._lanes[model]
        stream = RequestStream(uuid.uuid4().hex, len(token_ids), params.n, self._abort)
        prompt = lane.tokenizer.decode(token_ids)
        entry = _Open(stream, prompt, params, deadline, left=params.n)
        with self._lock:
            if self._draining:
                raise EngineDraining("The service is shutting down and takes no new requests.")
            if len(lane.open) >= lane.max_open:
                raise EngineOverloaded(f"All {lane.max_open} places are taken.", retry_after=1.0)
            lane.open[stream.request_id] = entry
            lane.num_prompt_tokens += len(token_ids)
        for index in range(params.n):
            threading.Thread(target=self._draw, args=(lane, entry, index), daemon=True).start()
        return stream

    def stats(self) -> dict[str, EngineStats]:
        with self._lock:
            return {name: lane.stats() for name, lane in self._lanes.items()}

    def close(self) -> None:
        """End what is under way with EngineDraining."""
        with self._lock:
            self._draining = True
            entries = [entry for lane in self._lanes.values() for entry in lane.open.values()]
        for entry in entries:
            self._end(entry, EngineDraining("The service is shutting down."))
        for lane in self._lanes.values():
            lane.client.close()

    def _draw(self, lane: _Lane, entry: _Open, index: int) -> None:
        """One candidate, from its request to its end."""
        try:
            with self._turn(lane, entry, index):
                self._stream(lane, entry, index)
        except RequestAborted:
            entry.stream.put([Aborted(index)], entry.begun)
        except Doc2TweetError as error:
            self._end(entry, error)
        finally:
            self._leave(lane, entry)

    @contextmanager
    def _turn(self, lane: _Lane, entry: _Open, index: int) -> Iterator[None]:
        """Wait until the server may be asked for one more."""
        if lane.turns is None:
            yield
            return
        while not lane.turns.acquire(timeout=_LOOK_S):
            _check_wanted(entry, index)
        try:
            _check_wanted(entry, index)
            yield
        finally:
            lane.turns.release()

    def _stream(self, lane: _Lane, entry: _Open, index: int) -> None:
        answer = lane.client.open(entry.prompt, entry.params, index)
        with self._lock:
            entry.answers[index] = answer
            is_over = index in entry.aborted
        if is_over:
            answer.abort()
        for piece in answer:
            if entry.deadline is not None and time.monotonic() > entry.deadline:
                answer.abort()
                raise DeadlineExceeded("The answer did not come in time.")
            events = self._events(lane, entry, index, piece.text)
            if piece.finish_reason is not None:
                reason: FinishReason = "length" if piece.finish_reason == "length" else "stop"
                end = _token(entry.stream.request_id, index, lane.end_id)
                events.append(replace(end, finish_reason=reason))
            entry.stream.put(events, entry.begun)

    def _events(self, lane: _Lane, entry: _Open, index: int, text: str) -> list[StreamEvent]:
        ids = lane.tokenizer.encode(text)
        with self._lock:
            lane.num_generated_tokens += len(ids)
        return [_token(entry.stream.request_id, index, id_) for id_ in ids]

    def _leave(self, lane: _Lane, entry: _Open) -> None:
        """A candidate has ended; the last one closes the request."""
        with self._lock:
            entry.left -= 1
            if entry.left:
                return
            lane.open.pop(entry.stream.request_id, None)
        entry.stream.close(entry.error)

    def _abort(self, request_id: str, index: int | None) -> None:
        with self._lock:
            entries = [e for la in self._lanes.values() if (e := la.open.get(request_id))]
        for entry in entries:
            self._abort_entry(entry, range(entry.params.n) if index is None else (index,))

    def _end(self, entry: _Open, error: Doc2TweetError) -> None:
        """One candidate's error ends the request."""
        with self._lock:
            entry.error = entry.error or error
        self._abort_entry(entry, range(entry.params.n))

    def _abort_entry(self, entry: _Open, indices: Sequence[int]) -> None:
        with self._lock:
            entry.aborted.update(indices)
            answers = [entry.answers[i] for i in indices if i in entry.answers]
        for answer in answers:
            answer.abort()


def _check_wanted(entry: _Open, index: int) -> None:
    if index in entry.aborted:
        raise RequestAborted("The request was ended.")
    if entry.deadline is not None and time.monotonic() > entry.deadline:
        raise DeadlineExceeded("The answer did not come in time.")


def _token(request_id: str, index: int, token_id: int) -> TokenOutput:
    # The server's own probabilities are not asked for: 0 for all leaves the choice to the rules.
    return TokenOutput(request_id, index, token_id, 0.0, (), None)
