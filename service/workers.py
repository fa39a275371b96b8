"""Where tokens come from: this process's engines, and servers elsewhere, as one."""

from __future__ import annotations

from collections.abc import Sequence as Ids
from typing import Protocol

from service.engine.lane import EngineStats
from service.engine.request_stream import RequestStream
from service.engine.sampling_params import SamplingParams


class Worker(Protocol):
    """What the pipeline and the admission know of an engine."""

    @property
    def draining(self) -> bool: ...

    def submit(
        self,
        model: str,
        token_ids: Ids[int],
        params: SamplingParams,
        *,
        num_prefix_tokens: int = 0,
        deadline: float | None = None,
    ) -> RequestStream:
        """See `EngineWorker.submit`."""
        ...

    def stats(self) -> dict[str, EngineStats]: ...

    def close(self) -> None: ...


class Workers:
    """Each model's requests go to the worker that has it."""

    def __init__(self, *workers: Worker) -> None:
        self._workers = workers
        self._of = {name: worker for worker in workers for name in worker.stats()}

    @property
    def draining(self) -> bool:
        return any(worker.draining for worker in self._workers)

    def submit(
        self,
        model: str,
        token_ids: Ids[int],
        params: SamplingParams,
        *,
        num_prefix_tokens: int = 0,
        deadline: float | None = None,
    ) -> RequestStream:
        return self._of[model].submit(
            model, token_ids, params, num_prefix_tokens=num_prefix_tokens, deadline=deadline
        )

    def stats(self) -> dict[str, EngineStats]:
        return {name: s for worker in self._workers for name, s in worker.stats().items()}

    def close(self) -> None:
        for worker in self._workers:
            worker.close()
