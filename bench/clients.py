"""Clients in a closed loop: each sends its next request when it has the answer. Standard library
only."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from bench.results import Answer, Level, level_of
from bench.workload import CLIENTS, prompts

Ask = Callable[[str], Answer]
_ROUNDS = 4
"""Requests a client sends; one alone sends twice as many."""


def measure(ask: Ask, plain: Ask | None = None) -> tuple[Level, ...]:
    """Run every number of clients, after a warm-up.

    Args:
        ask: tells when the first token came.
        plain: for the throughput, where a server can also answer in one piece.
    """
    run(ask, prompts(max(CLIENTS)), max(CLIENTS))
    levels = []
    for clients in CLIENTS:
        texts = prompts(num_requests(clients))
        level = run(ask, texts, clients)
        if plain is not None:
            level = replace(level, tokens_per_s=run(plain, texts, clients).tokens_per_s)
        levels.append(level)
    return tuple(levels)


def num_requests(clients: int) -> int:
    return _ROUNDS * max(2, clients)


def run(ask: Ask, texts: Sequence[str], clients: int) -> Level:
    """Answer all texts with so many clients.

    Raises: whatever a client met first.
    """
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for text in texts:
        waiting.put(text)
    answers: list[Answer] = []
    failures: list[Exception] = []

    def client() -> None:
        with suppress(queue.Empty):
            while not failures:
                text = waiting.get_nowait()
                try:
                    answers.append(ask(text))
                except Exception as error:
                    failures.append(error)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if failures:
        raise failures[0]
    return level_of(clients, seconds, answers)
