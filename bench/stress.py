"""`python -m bench.stress`: four times overload, clients that leave and stall, 10,000 requests.

Starts the real service with the real model, and locust beside it. Exit code 1 when a request
failed.
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
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SLOTS, QUEUED = 16, 32
OVERLOAD_S = 30
TOTAL = int(os.environ.get("STRESS_TOTAL", "10000"))


@dataclass(frozen=True, slots=True)
class Load:
    """What locust saw."""

    accepted: int
    shed: int
    failed: int
    p95_ms: float


def main() -> None:
    with _service() as (url, worker):
        overload = _locust(url, users=4 * (SLOTS + QUEUED), seconds=OVERLOAD_S)
        before = _resources(worker)
        steady = _locust(url, users=SLOTS, seconds=900, total=TOTAL, max_tokens=2)
        after = _resources(worker)
    print("| load | accepted | shed | failed | p95 of accepted |\n|---|---|---|---|---|")
    for name, load in (
        ("4 × overload, leaving, stalling", overload),
        (f"{TOTAL:,} requests", steady),
    ):
        print(f"| {name} | {load.accepted} | {load.shed} | {load.failed} | {load.p95_ms} ms |")
    print(f"\nmemory {before[0]:.0f} → {after[0]:.0f} MB, descriptors {before[1]} → {after[1]}")
    sys.exit(bool(overload.failed or steady.failed))


@contextmanager
def _service() -> Iterator[tuple[str, int]]:
    """The service on a free port. Yields: its address, and its worker's process id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "DOC2TWEET_PORT": port,
        "DOC2TWEET_ENGINE_MAX_NUM_SEQS": SLOTS,
        "DOC2TWEET_ENGINE_MAX_QUEUED": QUEUED,
        "DOC2TWEET_SOCKET_TIMEOUT_S": 4,
        "DOC2TWEET_MODELS": "smollm2-135m-instruct",
        "DOC2TWEET_LOG_LEVEL": "warning",
    }
    env = {**os.environ, **{name: str(value) for name, value in settings.items()}}
    process = subprocess.Popen([sys.executable, "-m", "service.cli", "serve"], env=env)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/readyz")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield url, int(children[0])
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


def _locust(url: str, *, users: int, seconds: int, total: int = 0, max_tokens: int = 32) -> Load:
    """Run locust without its page; with a total only its steady clients come."""
    command = [
        *(sys.executable, "-m", "locust", "--locustfile", str(HERE / "locustfile.py")),
        *("--headless", "--only-summary", "--host", url, "--loglevel", "WARNING"),
        *("--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds}s"),
        *(["Steady"] if total else []),
    ]
    env = {**os.environ, "STRESS_TOTAL": str(total), "STRESS_MAX_TOKENS": str(max_tokens)}
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=False)
    told = [line for line in done.stdout.splitlines() if line.startswith("STRESS ")]
    if not told:
        raise RuntimeError(f"locust ended with {done.returncode}")
    return Load(**json.loads(told[-1].removeprefix("STRESS ")))


def _resources(pid: int) -> tuple[float, int]:
    """Resident MB and open descriptors."""
    status = Path(f"/proc/{pid}/status").read_text()
    (resident,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(resident.split()[1]) / 1024, len(list(Path(f"/proc/{pid}/fd").iterdir()))


if __name__ == "__main__":
    main()
