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
from typing import Any
from urllib.parse import urlsplit

import requests
from locust import FastHttpUser, User, between, constant, events, task

_SHED = (429, 503)
_MAX_TOKENS = int(os.environ.get("STRESS_MAX_TOKENS", "32"))
_TOTAL = int(os.environ.get("STRESS_TOTAL", "0"))
"""Stop after so many answers; 0: when the time is up."""
_counts = {"accepted": 0, "shed": 0, "failed": 0}
_accepted_ms: list[float] = []


class Steady(FastHttpUser):
    """Asks again as soon as it has its answer, or as it is told to."""

    weight = 8
    wait_time = constant(0)

    @task
    def generate(self) -> None:
        asked = {"prompt": "My dream is", "max_tokens": _MAX_TOKENS, "seed": random.randrange(99)}
        with self.client.post("/generate", json=asked, catch_response=True) as answer:
            self._count(answer)
        if answer.status_code in _SHED:
            time.sleep(min(1.0, float(answer.headers["Retry-After"])))

    def _count(self, answer: Any) -> None:
        if answer.status_code == 200:
            _counts["accepted"] += 1
            _accepted_ms.append(answer.request_meta["response_time"])
        elif answer.status_code in _SHED:
            _counts["shed"] += 1
        else:
            _counts["failed"] += 1
            print(f"failed: {answer.status_code} {answer.text}")
        answer.success()
        if _TOTAL and _counts["accepted"] >= _TOTAL:
            self.environment.runner.quit()


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
            sock.sendall(b"POST /generate HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
            sock.recv(1000)


@events.quitting.add_listener
def _report(**_: Any) -> None:
    ordered = sorted(_accepted_ms)
    p95 = ordered[int(0.95 * (len(ordered) - 1))] if ordered else 0.0
    print("STRESS " + json.dumps({**_counts, "p95_ms": round(p95)}))
