"""Asks servers over HTTP, streaming, and notes when tokens come. Standard library only."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from bench.clients import Ask
from bench.results import Answer
from bench.workload import MAX_TOKENS

_TIMEOUT_S = 300


def streaming(port: int, path: str, body: Mapping[str, object]) -> Ask:
    """Ask a server that answers in server-sent events; `body` is sent with the prompt added."""

    def ask(prompt: str) -> Answer:
        began = time.perf_counter()
        stamps = [time.perf_counter() - began for _ in _events(port, path, body, prompt)]
        # Whoever sends text in larger pieces than tokens still made all of them: EOS is ignored.
        return Answer(stamps[0], stamps[-1], MAX_TOKENS)

    return ask


def plain(port: int, path: str, body: Mapping[str, object]) -> Ask:
    """Ask for the answer in one piece; there is no first token to see."""

    def ask(prompt: str) -> Answer:
        began = time.perf_counter()
        with _post(port, path, body, prompt) as response:
            usage = json.load(response)["usage"]
        seconds = time.perf_counter() - began
        return Answer(seconds, seconds, usage["completion_tokens"])

    return ask


def _events(
    port: int, path: str, body: Mapping[str, object], prompt: str
) -> Iterator[Mapping[str, object]]:
    with _post(port, path, body, prompt) as response:
        for line in response:
            if line.startswith(b"data: {"):
                yield json.loads(line[6:])


@contextmanager
def _post(
    port: int, path: str, body: Mapping[str, object], prompt: str
) -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)) as connection:
        payload = json.dumps({**body, "prompt": prompt})
        connection.request("POST", path, payload, {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}: {response.read()[:300]!r}")
        yield response


def is_up(port: int, path: str) -> bool:
    """Whether a server answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
