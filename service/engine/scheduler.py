"""Whose turn it is. First come, first served; never touches a tensor, a clock or a thread.

A step computes at most one prefill chunk and decodes every running row, so a long prompt never
holds the running streams up for more than one chunk. Chunk borders are counted from the prompt's
start and from its prefix's end: they depend on the request alone, and so do its bits.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from service.engine.kv_cache import DecodeSlots, PrefillSlots, SlotCopy
from service.engine.sequence import Request, Sequence


@dataclass(frozen=True, slots=True)
class PrefillChunk:
    """Tokens `[start, end)` of a request's prompt, to be computed in row `slot`."""

    request: Request
    slot: int
    start: int
    end: int

    @property
    def is_last(self) -> bool:
        return self.end == len(self.request.token_ids)


@dataclass(frozen=True, slots=True)
class SchedulerOutput:
    """One step's work: first the copies, then the chunk, then one token for every row."""

    copies: list[SlotCopy]
    prefill: PrefillChunk | None
    decode: list[Sequence]
    """Row i of the cache belongs to `decode[i]`."""


class Scheduler:
    def __init__(self, max_num_seqs: int, num_prefill_slots: int, chunk_size: int) -> None:
        self.waiting: deque[Request] = deque()
        self.running: deque[Request] = deque()
        """Requests with at least one candidate that decodes."""
        self._prefilling: tuple[Request, int] | None = None
        self._decode_slots = DecodeSlots(max_num_seqs)
        self.prefill_slots = PrefillSlots(max_num_seqs, num_prefill_slots)
        self._chunk_size = chunk_size

    @property
    def has_work(self) -> bool:
        return bool(self.waiting or self.running or self._prefilling)

    @property
    def in_flight(self) -> list[Request]:
        """The requests that have begun."""
        begun = [self._prefilling[0]] if self._prefilling else []
        return begun + list(self.running)

    @property
    def num_free_slots(self) -> int:
        return self._decode_slots.num_free

    def add(self, request: Request) -> None:
        self.waiting.append(request)

    def schedule(self) -> SchedulerOutput:
        decode, copies = self._decode_slots.compact()
        return SchedulerOutput(copies, self._next_chunk(), decode)

    def chunk_done(self, chunk: PrefillChunk) -> None:
        """Note what a chunk has left in the cache; after the last one the candidates may decode."""
        request = chunk.request
        request.num_prefilled = chunk.end
        if chunk.end == request.num_prefix_tokens:
            self.prefill_slots.commit(chunk.slot, request.prefix)
        if chunk.is_last:
            self._prefilling = None
            self._start(request, chunk.slot)

    def finish(self, request: Request) -> None:
        """Give back the rows of the candidates that have ended, and forget the request with its
        last one."""
        for sequence in request.sequences:
            if sequence.finish_reason is not None:
                self._decode_slots.free(sequence)
        if not request.live:
            self._forget(request)

    def clear_in_flight(self) -> None:
        """Drop all that have begun, with what their rows hold; those that wait go on waiting."""
        for request in self.in_flight:
            for sequence in request.sequences:
                self._decode_slots.free(sequence)
            self._forget(request)
        self.prefill_slots.forget()

    def _start(self, request: Request, slot: int) -> None:
        for sequence in request.live:
            self._decode_slots.join(sequence, slot)
        if request.live:
            self.running.append(request)

    def _next_chunk(self) -> PrefillChunk | None:
        if self._prefilling is None:
            self._begin_next()
        if self._prefilling is None:
            return None
        request, slot = self._prefilling
        return PrefillChunk(request, slot, request.num_prefilled, self._chunk_end(request))

    def _begin_next(self) -> None:
        """Take the eldest request, once there is a row for each of its candidates."""
        if self.waiting and len(self.waiting[0].live) <= self._decode_slots.num_free:
            request = self.waiting.popleft()
            slot, request.num_prefilled = self.prefill_slots.acquire(request.prefix)
            self._prefilling = (request, slot)

    def _chunk_end(self, request: Request) -> int:
        start, prefix = request.num_prefilled, request.num_prefix_tokens
        limit = prefix if start < prefix else len(request.token_ids)
        return min(start + self._chunk_size, limit)

    def _forget(self, request: Request) -> None:
        if self._prefilling and self._prefilling[0] is request:
            self._prefilling = None
        for queue in (self.waiting, self.running):
            if request in queue:
                queue.remove(request)
