"""The real service as a child process, and a site on loopback, for the end-to-end tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parent.parent.parent
MODEL = "smollm2-135m-instruct"
LOOPBACK = {"DOC2TWEET_FETCH_ALLOWED_NETWORKS": "127.0.0.0/8", "DOC2TWEET_FETCH_ALLOWED_PORTS": "*"}
PATIENCE_S = 15
_START_S = 90


@dataclass(slots=True)
class Service:
    """A running `doc2tweet serve`; its own process is gunicorn's master."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def post(self, path: str, **kwargs: Any) -> requests.Response:
        return requests.post(self.url + path, timeout=kwargs.pop("timeout", 120), **kwargs)

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=kwargs.pop("timeout", 30), **kwargs)

    def metric(self, name: str) -> float:
        """The value of a metric, labels and all, as `/metrics` prints it."""
        for line in self.get("/metrics").text.splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[-1])
        raise AssertionError(f"no metric {name}")

    def address(self) -> tuple[str, int]:
        host, port = self.url.removeprefix("http://").split(":")
        return host, int(port)

    def children(self) -> list[int]:
        """Process ids of all descendants."""
        return _descendants(self.process.pid)

    def idle(self) -> bool:
        """Whether no request and no row is left."""
        running = 'doc2tweet_engine_num_running{model="tiny"}'
        return self.metric("doc2tweet_requests_in_flight") == 0 and self.metric(running) == 0

    def terminate(self, timeout: float = 60) -> int:
        """SIGTERM, then the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)


def until(condition: Callable[[], bool], what: str) -> float:
    """Wait for it. Returns: how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < PATIENCE_S, what
        time.sleep(0.02)
    return time.monotonic() - began


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *_descendants(child)]
    return found


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """This process's environment, with no setting of the project's but those given."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DOC2TWEET_")}
    return {**clean, "PYTHONPATH": str(ROOT), **{k: str(v) for k, v in settings.items()}}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "service.cli", *arguments]


@contextmanager
def running(
    log: Path, settings: Mapping[str, object], *, fake_step_s: float | None = None
) -> Iterator[Service]:
    """Start the service on a free port and wait until it is ready.

    With `fake_step_s` gunicorn, its settings and its worker are the real ones, but the model has no
    weights, and a step of it takes so long.
    """
    port = free_port()
    env = environment({"DOC2TWEET_PORT": port, "DOC2TWEET_MODELS": MODEL, **settings})
    start = command("serve") if fake_step_s is None else _fake(fake_step_s)
    with log.open("wb") as out:
        process = subprocess.Popen(start, env=env, stdout=out, stderr=out, cwd=ROOT)
    service = Service(process, f"http://127.0.0.1:{port}", log)
    try:
        _wait_until_ready(service)
        yield service
    finally:
        if process.poll() is None:
            service.terminate()


def _fake(step_s: float) -> list[str]:
    settings = str(ROOT / "service" / "gunicorn.conf.py")
    app = f"tests.fake_service:create_fake_app({step_s})"
    return [sys.executable, "-m", "gunicorn", "--config", settings, app]


def _wait_until_ready(service: Service) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and service.process.poll() is None:
        try:
            if service.get("/readyz", timeout=5).status_code == 200:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.1)
    raise AssertionError(f"not ready: {service.log.read_text()[-2000:]}")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@dataclass(slots=True)
class Site:
    """A web site on loopback. A path that is not in `pages` hangs until the site closes."""

    url: str
    pages: dict[str, str]
    asked: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


@contextmanager
def site(pages: Mapping[str, str]) -> Iterator[Site]:
    here = Site("", dict(pages))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append(self.path)
            if self.path not in here.pages:
                here.closing.wait(60)
                return
            body = here.pages[self.path].encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Silence: pytest shows what matters."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield here
    finally:
        here.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
