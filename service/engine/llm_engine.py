"""The engine: requests in, one token a candidate and step out. One thread at a time may use it.

Knows token ids only: no text, no clock but for a request's start, no thread, no HTTP.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from collections.abc import Sequence as Ids
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.engine.sampler import Sampler
from service.engine.sampling_params import SamplingParams
from service.engine.scheduler import PrefillChunk, Scheduler
from service.engine.sequence import FinishReason, Request, Sequence
from service.errors import PromptTooLong, ValidationFailed

NUM_PREFILL_SLOTS = 4
"""Rows for prefill, each of which keeps one common prefix."""


class ModelRunner(Protocol):
    """What the engine needs of a model: a cache of rows, and logits.

    Rows `[0, max_num_seqs)` decode, the `NUM_PREFILL_SLOTS` behind them prefill. Anything it raises
    is a fault of the requests in flight.
    """

    def prefill(self, slot: int, token_ids: Ids[int], start: int) -> NDArray[np.float32]:
        """Compute a row's tokens from position `start` on.

        Returns: the last one's logits, [vocab], valid until the next call.
        """

    def decode(self, token_ids: Ids[int], lengths: Ids[int]) -> NDArray[np.float32]:
        """Compute one token for each of the first rows; row i holds `lengths[i]` tokens before it.

        Returns: logits, [rows, vocab], valid until the next call.
        """

    def copy_slot(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` tokens of a row's keys and values to another row."""


@dataclass(frozen=True, slots=True)
class TokenOutput:
    """One drawn token. `finish_reason` is set on a candidate's last one."""

    request_id: str
    index: int
    token_id: int
    logprob: float
    """Natural, of the model's own distribution, before penalties, temperature and filters; NaN
    where none was asked for."""
    top_logprobs: tuple[tuple[int, float], ...]
    """(token id, log-probability) of the `num_logprobs` likeliest, falling."""
    finish_reason: FinishReason | None


class LLMEngine:
    """Continuous batching over a fixed number of rows. Source: Yu et al. 2022 (Orca).

    A request's tokens depend on the request alone: not on its neighbours, nor on when it came.
    """

    def __init__(
        self,
        runner: ModelRunner,
        *,
        eos_ids: Collection[int],
        max_num_seqs: int,
        max_model_len: int,
        prefill_chunk_size: int = 128,
    ) -> None:
        self.max_num_seqs = max_num_seqs
        self.max_model_len = max_model_len
        self.num_prompt_tokens = 0
        self.num_generated_tokens = 0
        self._runner = runner
        self._eos_ids = frozenset(eos_ids)
        self._sampler = Sampler(self._eos_ids)
        self._scheduler = Scheduler(max_num_seqs, NUM_PREFILL_SLOTS, prefill_chunk_size)
        self._requests: dict[str, Request] = {}

    @property
    def has_work(self) -> bool:
        return self._scheduler.has_work

    @property
    def num_waiting(self) -> int:
        return len(self._scheduler.waiting)

    @property
    def num_used_slots(self) -> int:
        return self.max_num_seqs - self._scheduler.num_free_slots

    @property
    def num_prefix_hits(self) -> int:
        return self._scheduler.prefill_slots.num_hits

    @property
    def num_open_tokens(self) -> int:
        """At most so many tokens are still to be drawn for what is here."""
        return sum(
            request.params.max_tokens - len(sequence.token_ids)
            for request in list(self._requests.values())
            for sequence in request.live
        )

    def check(self, token_ids: Ids[int], params: SamplingParams) -> None:
        """Refuse what could never run; any thread may ask.

        Raises:
            PromptTooLong: prompt and answer together are longer than a row.
            ValidationFailed: there is no token, or `n` is more than the rows there are.
        """
        if len(token_ids) + params.max_tokens > self.max_model_len:
            raise PromptTooLong(len(token_ids), params.max_tokens, self.max_model_len)
        if not token_ids:
            raise ValidationFailed({"prompt": ["Must hold at least one token."]})
        if params.n > self.max_num_seqs:
            raise ValidationFailed({"n": [f"Must be at most {self.max_num_seqs} here."]})

    def add_request(
        self,
        request_id: str,
        token_ids: Ids[int],
        params: SamplingParams,
        *,
        num_prefix_tokens: int = 0,
    ) -> Request:
        """Queue a request. The first `num_prefix_tokens` are worth keeping for others like it.

        Raises: as `check`.
        """
        self.check(token_ids, params)
        request = Request(request_id, tuple(token_ids), params, num_prefix_tokens)
        self._requests[request_id] = request
        self._scheduler.add(request)
        return request

    def step(self) -> list[TokenOutput]:
        """Advance everything by one step. What the runner raises passes through; see `fail`."""
        work = self._scheduler.schedule()
        for copy in work.copies:
            self._runner.copy_slot(copy.source, copy.target, copy.length)
        outputs = self._prefill(work.prefill) if work.prefill else []
        return outputs + self._decode(work.decode)

    def abort(self, request_id: str, index: int | None = None) -> None:
        """End a candidate, or all of a request; rows are free at once. Unknown ones are ignored."""
        request = self._requests.get(request_id)
        if request is not None:
            self._end((s for s in request.live if index in (None, s.index)), "abort")
            self._retire(request)

    def fail(self) -> list[str]:
        """After a fault: drop every request that has begun. Returns: their ids."""
        failed = [request.request_id for request in self._scheduler.in_flight]
        self._scheduler.clear_in_flight()
        for request_id in failed:
            del self._requests[request_id]
        return failed

    def _prefill(self, chunk: PrefillChunk) -> list[TokenOutput]:
        request = chunk.request
        if request.started_at is None:
            request.started_at = time.monotonic()
        tokens = request.token_ids[chunk.start : chunk.end]
        logits = self._runner.prefill(chunk.slot, tokens, chunk.start)
        self.num_prompt_tokens += len(tokens)
        outputs = [self._draw(s, logits) for s in request.live] if chunk.is_last else []
        self._scheduler.chunk_done(chunk)
        self._retire(request)
        return outputs

    def _decode(self, sequences: list[Sequence]) -> list[TokenOutput]:
        if not sequences:
            return []
        logits = self._runner.decode(
            [s.token_ids[-1] for s in sequences], [s.num_cached_tokens for s in sequences]
        )
        outputs = [self._draw(s, row) for s, row in zip(sequences, logits, strict=True)]
        for output, sequence in zip(outputs, sequences, strict=True):
            if output.finish_reason is not None:
                self._retire(sequence.request)
        return outputs

    def _draw(self, sequence: Sequence, logits: NDArray[np.float32]) -> TokenOutput:
        drawn = self._sampler.sample(logits, sequence)
        sequence.append(drawn.token_id)
        sequence.finish_reason = self._finish_reason(sequence)
        self.num_generated_tokens += 1
        return TokenOutput(
            sequence.request.request_id,
            sequence.index,
            drawn.token_id,
            drawn.logprob,
            drawn.top_logprobs,
            sequence.finish_reason,
        )

    def _finish_reason(self, sequence: Sequence) -> FinishReason | None:
        params = sequence.request.params
        if sequence.token_ids[-1] in self._eos_ids and not params.ignore_eos:
            return "stop"
        return "length" if len(sequence.token_ids) >= params.max_tokens else None

    def _end(self, sequences: Iterable[Sequence], reason: FinishReason) -> None:
        for sequence in sequences:
            sequence.finish_reason = reason

    def _retire(self, request: Request) -> None:
        """Free what the request no longer needs."""
        self._scheduler.finish(request)
        if not request.live:
            self._requests.pop(request.request_id, None)
