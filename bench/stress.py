"""`python -m bench.stress`: four times overload, clients that leave and stall, 10,000 requests.

Starts the real service with the real model, a site of articles on loopback, and locust beside
them, and asks for `/livez` all the while. Exit code 1 when a request failed, or when memory or
descriptors did not come back to where they were.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

HERE = Path(__file__).parent
SLOTS, QUEUED = 16, 32
OVERLOAD_S = 30
SETTLE_S = 5
"""Longer than a stalled client is kept."""
TOTAL = int(os.environ.get("STRESS_TOTAL", "10000"))
MAX_GROWTH = 0.05
SPARE_DESCRIPTORS = 8
"""Connections that happen to be open while descriptors are counted."""
PAGE = """<!doctype html><html lang="en"><title>Violins on loan in Northport</title><article>
<h1>Violins on loan in Northport</h1><p>The library of Northport will lend musical instruments from
June. Readers may keep a violin or a flute for eight weeks, and a piano for none.</p><p>The city
pays 12,000 crowns a year for repairs. Ines Brandt, who leads the library, hopes for an orchestra by
the autumn.</p></article></html>"""


@dataclass(frozen=True, slots=True)
class Load:
    """What locust saw."""

    accepted: int
    shed: int
    failed: int
    p95_ms: float

    def as_row(self, name: str, livez: Livez) -> str:
        counts = f"{self.accepted:,} | {self.shed:,} | {self.failed}"
        return f"| {name} | {counts} | {self.p95_ms:,} ms | {livez.percentile(0.95):.0f} ms |"


@dataclass(slots=True)
class Livez:
    """How long `/livez` took, asked on a new connection each time, as probes do."""

    url: str
    times_ms: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        return sorted(self.times_ms)[int(share * (len(self.times_ms) - 1))]

    @contextmanager
    def asked(self) -> Iterator[Livez]:
        """Ask every 200 ms for the length of the block."""
        over = Event()
        thread = Thread(target=self._ask, args=[over])
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()

    def _ask(self, over: Event) -> None:
        while not over.wait(0.2):
            began = time.perf_counter()
            urllib.request.urlopen(f"{self.url}/livez", timeout=30).close()
            self.times_ms.append(1e3 * (time.perf_counter() - began))


@dataclass(frozen=True, slots=True)
class Resources:
    """Of the worker and its children."""

    resident_mb: float
    descriptors: int

    def as_row(self, when: str) -> str:
        return f"| {when} | {self.resident_mb:.0f} MB | {self.descriptors} |"


def main() -> None:
    with _site() as site, _service() as (url, worker):
        fresh = _resources(worker)
        with Livez(url).asked() as in_overload:
            overload = _locust(url, site, users=4 * (SLOTS + QUEUED), seconds=OVERLOAD_S)
        before = _resources(worker)
        with Livez(url).asked() as in_steady:
            steady = _locust(url, site, users=SLOTS, seconds=900, total=TOTAL, max_tokens=2)
        after = _resources(worker)
    many = f"{TOTAL:,} requests"
    print("| load | accepted | shed | failed | p95 of accepted | p95 of /livez |")
    print("|---|---|---|---|---|---|")
    print(overload.as_row("4 × overload, leaving, stalling", in_overload))
    print(steady.as_row(many, in_steady))
    print("\n| after | memory | descriptors |\n|---|---|---|")
    for when, used in (("the start", fresh), ("the overload", before), (many, after)):
        print(used.as_row(when))
    sys.exit(bool(overload.failed or steady.failed or _leaks(before, after)))


def _leaks(before: Resources, after: Resources) -> bool:
    grown = after.resident_mb > (1 + MAX_GROWTH) * before.resident_mb
    return grown or after.descriptors > before.descriptors + SPARE_DESCRIPTORS


@contextmanager
def _site() -> Iterator[str]:
    """A site whose every path is an article. Yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(PAGE.encode())))
            self.end_headers()
            self.wfile.write(PAGE.encode())

        def log_message(self, *_: Any) -> None:
            """Silence: the table is the output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@contextmanager
def _service() -> Iterator[tuple[str, int]]:
    """The service on a free port. Yields: its address, and its worker's process id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "DOC2TWEET_PORT": port,
        "DOC2TWEET_ENGINE_MAX_NUM_SEQS": SLOTS,
        "DOC2TWEET_ENGINE_MAX_QUEUED": QUEUED,
        "DOC2TWEET_SOCKET_TIMEOUT_S": SETTLE_S - 1,
        "DOC2TWEET_MODELS": "smollm2-135m-instruct",
        "DOC2TWEET_FETCH_ALLOWED_NETWORKS": "127.0.0.0/8",
        "DOC2TWEET_FETCH_ALLOWED_PORTS": "*",
        "DOC2TWEET_FETCH_PER_HOST_RATE": 1000,
        "DOC2TWEET_LOG_LEVEL": "warning",
    }
    env = {**os.environ, **{name: str(value) for name, value in settings.items()}}
    process = subprocess.Popen([sys.executable, "-m", "service.cli", "serve"], env=env)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/readyz")
        yield url, _children(process.pid)[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait_for(url: str) -> None:
    until = time.monotonic() + 60
    while True:
        with suppress(OSError):
            return urllib.request.urlopen(url, timeout=5).close()
        if time.monotonic() > until:
            raise RuntimeError("the service is not ready")
        time.sleep(0.2)


def _locust(
    url: str, site: str, *, users: int, seconds: int, total: int = 0, max_tokens: int = 32
) -> Load:
    """Run locust without its page; with a total only its steady clients come."""
    command = [
        *(sys.executable, "-m", "locust", "--locustfile", str(HERE / "locustfile.py")),
        *("--headless", "--only-summary", "--host", url, "--loglevel", "WARNING"),
        *("--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds}s"),
        *(["Steady"] if total else []),
    ]
    asked = {"STRESS_SITE": site, "STRESS_TOTAL": total, "STRESS_MAX_TOKENS": max_tokens}
    env = {**os.environ, **{name: str(value) for name, value in asked.items()}}
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=False)
    told = [line for line in done.stdout.splitlines() if line.startswith("STRESS ")]
    print(*(line for line in done.stdout.splitlines() if line not in told), sep="\n")
    if not told:
        raise RuntimeError(f"locust ended with {done.returncode}")
    return Load(**json.loads(told[-1].removeprefix("STRESS ")))


def _resources(worker: int) -> Resources:
    """What they hold once the last client is gone."""
    time.sleep(SETTLE_S)
    found = [worker, *_children(worker)]
    descriptors = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in found)
    return Resources(sum(map(_resident_mb, found)), descriptors)


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    (resident,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(resident.split()[1]) / 1024


def _children(pid: int) -> list[int]:
    """Those that any thread of it started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


if __name__ == "__main__":
    main()
