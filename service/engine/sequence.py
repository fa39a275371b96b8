"""What the engine knows of a request while it is in flight: its prompt, and its candidates.

Knows neither rows of the cache (`kv_cache`) nor turns (`scheduler`); holds state, decides nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from service.engine.sampling_params import SamplingParams

FinishReason = Literal["stop", "length", "abort"]


@dataclass(slots=True, eq=False)
class Sequence:
    """One candidate of a request: the tokens drawn so far, and the generator it draws from."""

    request: Request
    index: int
    generator: np.random.Generator
    token_ids: list[int] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)
    """How often each token was drawn; kept only where a penalty asks for it."""
    finish_reason: FinishReason | None = None

    @property
    def num_cached_tokens(self) -> int:
        """Tokens whose keys and values are in the cache: all but the last drawn one."""
        return len(self.request.token_ids) + max(0, len(self.token_ids) - 1)

    def append(self, token_id: int) -> None:
        self.token_ids.append(token_id)
        if self.request.counts_tokens:
            self.counts[token_id] += 1


@dataclass(slots=True, eq=False)
class Request:
    """A prompt and the `params.n` candidates that share it.

    The first `num_prefix_tokens` are common to many requests. They always end a prefill chunk, so
    that reading them from the cache and computing them give the same bits.
    """

    request_id: str
    token_ids: tuple[int, ...]
    params: SamplingParams
    num_prefix_tokens: int = 0
    num_prefilled: int = 0
    started_at: float | None = None
    """When its first chunk was computed, `time.monotonic`; None while it waits."""
    sequences: tuple[Sequence, ...] = ()
    prompt_ids: np.ndarray[tuple[int], np.dtype[np.int64]] | None = None
    """The prompt's distinct tokens, where the repetition penalty asks for them."""

    def __post_init__(self) -> None:
        self.num_prefix_tokens = min(self.num_prefix_tokens, len(self.token_ids) - 1)
        self.sequences = tuple(
            Sequence(self, i, _generator(self.params.seed, self.params.first_index + i))
            for i in range(self.params.n)
        )
        if self.params.repetition_penalty != 1.0:
            self.prompt_ids = np.unique(np.array(self.token_ids, dtype=np.int64))

    @property
    def counts_tokens(self) -> bool:
        p = self.params
        return (
            p.repetition_penalty != 1.0 or p.presence_penalty != 0.0 or p.frequency_penalty != 0.0
        )

    @property
    def live(self) -> tuple[Sequence, ...]:
        """The candidates that have not ended."""
        return tuple(s for s in self.sequences if s.finish_reason is None)

    @property
    def prefix(self) -> tuple[int, ...]:
        return self.token_ids[: self.num_prefix_tokens]


def _generator(seed: int, candidate: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, candidate]))
