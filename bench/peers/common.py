"""What the peers' scripts share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version

from bench.clients import num_requests
from bench.memory import peak_mb
from bench.results import Answer, Level, SystemResult, level_of
from bench.workload import CLIENTS, prompts

RunBatch = Callable[[Sequence[str]], Iterator[list[int]]]
"""Texts -> after each step, the indices of those that got a token."""


def startup_s() -> float:
    """Seconds since the parent started this process."""
    return time.time() - float(os.environ["BENCH_BEGAN"])


def measure_batches(run: RunBatch) -> tuple[Level, ...]:
    """For those that answer a fixed batch at a time: as many texts as clients, one batch after the
    other."""
    list(run(prompts(2)))
    return tuple(_level(run, clients) for clients in CLIENTS)


def _level(run: RunBatch, clients: int) -> Level:
    texts = prompts(num_requests(clients))
    answers: list[Answer] = []
    began = time.perf_counter()
    for start in range(0, len(texts), clients):
        answers += _answers(run, texts[start : start + clients])
    return level_of(clients, time.perf_counter() - began, answers)


def _answers(run: RunBatch, texts: Sequence[str]) -> list[Answer]:
    stamps: list[list[float]] = [[] for _ in texts]
    began = time.perf_counter()
    for indices in run(texts):
        now = time.perf_counter() - began
        for index in indices:
            stamps[index].append(now)
    return [Answer(times[0], times[-1], len(times)) for times in stamps]


def report(
    name: str, package: str, startup: float, num_prompt_tokens: int, levels: tuple[Level, ...]
) -> None:
    result = SystemResult(
        name=name,
        over_http=False,
        version=version(package),
        startup_s=startup,
        peak_mb=peak_mb(os.getpid()),
        num_prompt_tokens=num_prompt_tokens,
        levels=levels,
    )
    print(result.to_json())
