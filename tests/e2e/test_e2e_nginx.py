"""The service behind `deploy/nginx.conf`, in a real nginx: what a proxy may not spoil."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.serving import Service, until
from tests.nginx import Nginx, adapted

LONG = {"prompt": "a", "max_tokens": 150, "ignore_eos": True, "seed": 1}
IN_FLIGHT = "doc2tweet_requests_in_flight"
JSON = {"Content-Type": "application/json"}
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def nginx(quick: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    host, port = quick.address()
    proxy = adapted(tmp_path_factory.mktemp("nginx"), f"{host}:{port}")
    with proxy.running():
        yield proxy


@pytest.fixture
def client(nginx: Nginx) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False  # no other machine's certificates
        session.verify = str(nginx.ca_file)
        yield session


def test_a_stream_comes_as_it_is_written(
    nginx: Nginx, client: requests.Session, quick: Service
) -> None:
    plain = quick.post("/generate", json=LONG).json()["choices"][0]["text"]
    answer = client.post(f"{nginx.url}/generate", json={**LONG, "stream": True}, stream=True)
    lines = answer.iter_lines()
    first = [next(lines), next(lines)]
    assert quick.metric(IN_FLIGHT) == 1, "the first event is here before the last is made"
    data = [json.loads(line[6:]) for line in [*first, *lines] if line.startswith(b"data: ")]
    assert "".join(event["text"] for event in data[:-1]) == plain


def test_a_client_that_leaves_nginx_leaves_the_service(
    nginx: Nginx, client: requests.Session, quick: Service
) -> None:
    asked = {**LONG, "max_tokens": 1500, "stream": True}
    answer = client.post(f"{nginx.url}/generate", json=asked, stream=True)
    next(answer.iter_lines())
    assert not quick.idle()
    answer.close()
    until(lambda: quick.idle(), "the row is free")


@pytest.mark.parametrize("given", ["mine-1", None])
def test_request_ids_pass(nginx: Nginx, client: requests.Session, given: str | None) -> None:
    headers = {} if given is None else {"X-Request-ID": given}
    told = client.get(f"{nginx.url}/livez", headers=headers).headers["X-Request-ID"]
    assert told == given or (given is None and len(told) == 24)


@pytest.mark.parametrize(("size", "by"), [(100_001, "the service"), (1_100_000, "nginx")])
def test_a_body_over_either_limit_is_a_problem(
    nginx: Nginx, client: requests.Session, size: int, by: str
) -> None:
    answer = client.post(f"{nginx.url}/generate", data=b"x" * size, headers=JSON)
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, PROBLEM), by
    assert answer.json()["type"] == "body-too-large"


def test_clients_that_drip_cost_the_service_no_thread(nginx: Nginx, quick: Service) -> None:
    context = ssl.create_default_context(cafile=str(nginx.ca_file))
    head = b"POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"
    address = ("127.0.0.1", int(nginx.url.rpartition(":")[2]))
    with socket.create_connection(address, timeout=30) as plain:
        sock = context.wrap_socket(plain, server_hostname="localhost")
        before = connections(quick)
        sock.sendall(head)
        time.sleep(0.3)
        assert connections(quick) <= before
        sock.close()


def connections(service: Service) -> int:
    """Those that are open to the service, its own among them."""
    port = f"{service.address()[1]:04X}"
    rows: list[Any] = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port}") and row[3] == "01" for row in rows)


def test_a_service_that_is_gone_is_a_503_to_come_back_to(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"127.0.0.1:{free.getsockname()[1]}"
    proxy = adapted(tmp_path, nobody)
    with proxy.running():
        answer = requests.get(f"{proxy.url}/livez", verify=str(proxy.ca_file), timeout=30)
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, PROBLEM)
    assert int(answer.headers["Retry-After"]) >= 1


def test_the_numbers_are_not_for_the_world(nginx: Nginx, client: requests.Session) -> None:
    assert client.get(f"{nginx.url}/metrics").status_code == 403
