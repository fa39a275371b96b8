"""Who comes to the service under load: steady clients, some that leave, some that stall.

Started by `bench.stress`, which reads the one line of JSON at the end. 503 is what a full service
owes its clients, so it counts as shed and not as failed.
"""

from __future__ import annotations

import json
import os
import random
import socket
import time
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import gevent
import requests
from locust import FastHttpUser, User, between, constant, events, task

_SHED = (429, 503)
_MAX_TOKENS = int(os.environ.get("STRESS_MAX_TOKENS", "32"))
_TOTAL = int(os.environ.get("STRESS_TOTAL", "0"))
"""Stop after so many answers; 0: when the time is up."""
_SITE = os.environ.get("STRESS_SITE", "")
"""Where articles are, one at every path."""
_STORY = (
    "The library of Northport will lend musical instruments from June. Readers may keep a violin "
    "or a flute for eight weeks. The city pays 12,000 crowns a year for repairs."
)
_HALF = b"POST /generate HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
_counts = {"accepted": 0, "shed": 0, "failed": 0}
_accepted_ms: list[float] = []
_pages = count()


class Steady(FastHttpUser):
    """Asks again as soon as it has its answer, or as it is told to."""

    weight = 8
    wait_time = constant(0)

    @task(14)
    def generate(self) -> None:
        self._ask("/generate", prompt="My dream is")

    @task(4)
    def stream(self) -> None:
        self._ask("/generate", prompt="My dream is", stream=True)

    @task(1)
    def tweet_about_a_text(self) -> None:
        self._ask("/tweet", title="Violins on loan", text=_STORY, best_of=1)

    @task(1)
    def tweet_about_a_page(self) -> None:
        self._ask("/tweet", url=f"{_SITE}/{next(_pages)}", best_of=1)

    def _ask(self, path: str, **asked: Any) -> None:
        asked |= {"max_tokens": _MAX_TOKENS, "seed": random.randrange(99)}
        with self.client.post(path, json=asked, catch_response=True) as answer:
            self._count(answer, streamed="stream" in asked)
        if answer.status_code in _SHED:
            time.sleep(min(1.0, float(answer.headers["Retry-After"])))

    def _count(self, answer: Any, *, streamed: bool) -> None:
        if answer.status_code == 200 and (not streamed or "event: done" in answer.text):
            _counts["accepted"] += 1
            _accepted_ms.append(answer.request_meta["response_time"])
            if _counts["accepted"] == _TOTAL:
                # Not from this greenlet, which is among those that end.
                gevent.spawn(self.environment.runner.quit)
        elif answer.status_code in _SHED:
            _counts["shed"] += 1
        else:
            _counts["failed"] += 1
            print(f"failed: {answer.status_code} {answer.text}")
        answer.success()


class Leaving(User):
    """Goes away before its answer can come."""

    weight = 1
    wait_time = between(0.1, 0.5)

    @task
    def leave(self) -> None:
        asked = {"prompt": "My dream is", "max_tokens": 500, "ignore_eos": True}
        try:
            requests.post(f"{self.host}/generate", json=asked, timeout=0.5)
        except requests.RequestException:
            return


class Stalling(User):
    """Sends half a request, and then nothing."""

    weight = 1
    wait_time = constant(1)

    @task
    def stall(self) -> None:
        address = urlsplit(self.host)
        with socket.create_connection((address.hostname, address.port), timeout=30) as sock:
            sock.sendall(_HALF)
            sock.recv(1000)


@events.quitting.add_listener
def _report(**_: Any) -> None:
    ordered = sorted(_accepted_ms)
    p95 = ordered[int(0.95 * (len(ordered) - 1))] if ordered else 0.0
    print("STRESS " + json.dumps({**_counts, "p95_ms": round(p95)}))
