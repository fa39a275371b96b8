"""Rates that several machines count together, in a Redis that comes and goes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.api.parts import Parts
from service.app import make_app
from service.articles.reader import ArticleReader
from service.config import ApiConfig, Config
from tests.fake_service import ChatRunner, fake_parts

HEALTH = ("/livez", "/readyz", "/metrics")


@dataclass
class RedisServer:
    """A server of the tests' own, that forgets everything when it stops."""

    executable: str
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        self.process = subprocess.Popen(
            [self.executable, *options, str(self.folder)], stdout=subprocess.DEVNULL
        )
        until = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < until, "Redis does not start"
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as sock:
                sock.sendall(b"PING\r\n")
                return sock.recv(10) == b"+PONG\r\n"
        except ConnectionError:
            return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    executable = shutil.which("redis-server")
    if executable is None:
        assert "CI" not in os.environ, "CI must have a Redis"
        pytest.skip("Redis is not installed: apt-get install redis-server")
    server = RedisServer(executable, tmp_path, free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def machine(config: Config, reader: ArticleReader) -> Iterator[Callable[[str, str], FlaskClient]]:
    """Makes an app, as on another machine, that counts a rate in a Redis."""
    all_parts: list[Parts] = []

    def make(url: str, rate: str) -> FlaskClient:
        api = ApiConfig(rate=rate, rate_storage=url)
        all_parts.append(fake_parts(replace(config, api=api), ChatRunner(), reader))
        return make_app(all_parts[-1]).test_client()

    yield make
    for parts in all_parts:
        parts.close()


def ask(client: FlaskClient) -> TestResponse:
    return client.get("/v1/models")


def left(client: FlaskClient) -> int:
    return int(ask(client).headers["RateLimit-Remaining"])


def test_two_machines_count_together(
    redis: RedisServer, machine: Callable[[str, str], FlaskClient]
) -> None:
    here, there = (machine(redis.url, "3/hour") for _ in range(2))
    assert [left(client) for client in (here, there, here)] == [2, 1, 0]
    refused = ask(there)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 3601


def test_without_redis_each_machine_counts_for_itself(
    redis: RedisServer, machine: Callable[[str, str], FlaskClient]
) -> None:
    here, there = (machine(redis.url, "3/hour") for _ in range(2))
    assert (left(here), left(there)) == (2, 1)
    redis.stop()
    for client in (here, there):
        assert [ask(client).status_code for _ in range(4)] == [200, 200, 200, 429]
        assert client.post("/generate", json={"prompt": "a"}).status_code == 429
        assert {client.get(path).status_code for path in HEALTH} == {200}


def test_a_start_without_redis_is_a_start(machine: Callable[[str, str], FlaskClient]) -> None:
    client = machine(f"redis://127.0.0.1:{free_port()}", "2/hour")
    assert [ask(client).status_code for _ in range(3)] == [200, 200, 429]


def test_nobody_fails_while_redis_goes_away(
    redis: RedisServer, machine: Callable[[str, str], FlaskClient]
) -> None:
    app = machine(redis.url, "1000/hour").application

    def ask_often(_: int) -> set[int]:
        client = app.test_client()
        return {ask(client).status_code for _ in range(25)}

    with ThreadPoolExecutor(8) as crowd:
        asked = crowd.map(ask_often, range(8))
        redis.stop()
        assert set().union(*asked) == {200}


def test_machines_count_together_again_once_redis_is_back(
    redis: RedisServer, machine: Callable[[str, str], FlaskClient]
) -> None:
    here, there = (machine(redis.url, "100000/hour") for _ in range(2))

    def both_counted() -> int:
        """How far two requests, one to each machine, bring the first one's count down."""
        before, _, after = left(here), left(there), left(here)
        return before - after

    redis.stop()
    assert both_counted() == 1
    redis.start()
    until = time.monotonic() + 60
    while both_counted() != 2:
        assert time.monotonic() < until, "they do not come together again"
        time.sleep(0.1)


@pytest.mark.timeout(30)
def test_a_redis_that_says_nothing_is_not_waited_for(
    machine: Callable[[str, str], FlaskClient],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = machine(f"redis://127.0.0.1:{silent.getsockname()[1]}", "2/hour")
        assert [ask(client).status_code for _ in range(3)] == [200, 200, 429]
