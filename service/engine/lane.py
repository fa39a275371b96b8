"""One model's engine with the requests it has in hand and its measured speed.

The worker owns the lanes and their thread; a lane starts none and takes no lock.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.engine.llm_engine import LLMEngine
from service.engine.request_stream import RequestStream
from service.engine.sequence import Request

_SPEED_HALF_LIFE_S = 10.0
_LEAST_RETRY_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class EngineStats:
    """A model's engine at this moment; `num_*_tokens` and `num_prefix_hits` only grow."""

    num_running: int
    """Candidates that hold a row."""
    num_waiting: int
    """Requests in the queue."""
    num_slots: int
    num_open: int
    """Requests submitted and not ended."""
    max_open: int
    num_prompt_tokens: int
    num_generated_tokens: int
    num_prefix_hits: int
    tokens_per_second: float
    """Drawn tokens a second of the engine's work, lately; 0 before the first."""
    retry_after_s: float
    """When what is here now will be done, at that speed; at least 1."""


@dataclass(slots=True)
class OpenRequest:
    stream: RequestStream
    deadline: float
    """`time.monotonic`; infinite where there is none."""
    request: Request | None = None
    """None until the engine's thread has taken it up."""


class Lane:
    def __init__(self, engine: LLMEngine, max_queued: int) -> None:
        self.engine = engine
        self.max_open = engine.max_num_seqs + max_queued
        self.open: dict[str, OpenRequest] = {}
        self._tokens, self._seconds = 0.0, 0.0

    @property
    def tokens_per_second(self) -> float:
        return self._tokens / self._seconds if self._seconds else 0.0

    @property
    def retry_after_s(self) -> float:
        speed = self.tokens_per_second
        return max(_LEAST_RETRY_AFTER_S, self.engine.num_open_tokens / speed if speed else 0.0)

    def measure(self, num_tokens: int, seconds: float) -> None:
        """Keep a running mean in which old seconds of work fade."""
        fade = 0.5 ** (seconds / _SPEED_HALF_LIFE_S)
        self._tokens = self._tokens * fade + num_tokens
        self._seconds = self._seconds * fade + seconds

    def stats(self) -> EngineStats:
        engine = self.engine
        return EngineStats(
            num_running=engine.num_used_slots,
            num_waiting=engine.num_waiting,
            num_slots=engine.max_num_seqs,
            num_open=len(self.open),
            max_open=self.max_open,
            num_prompt_tokens=engine.num_prompt_tokens,
            num_generated_tokens=engine.num_generated_tokens,
            num_prefix_hits=engine.num_prefix_hits,
            tokens_per_second=self.tokens_per_second,
            retry_after_s=self.retry_after_s,
        )
