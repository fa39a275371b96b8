"""What serving must hold, by number: clients that leave, overload, shutdown, hostile sockets.

gunicorn, its settings and its worker are the real ones; the model has no weights, so that these
tests measure the service and not the arithmetic. What is asked and answered (6, 11 to 24, 26, 27)
is in `test_e2e_case_texts.py`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.serving import Service, Site, until

Start = Callable[[Mapping[str, object]], AbstractContextManager[Service]]
RUNNING = 'doc2tweet_engine_num_running{model="tiny"}'
IN_FLIGHT = "doc2tweet_requests_in_flight"
LONG = {"prompt": "a", "max_tokens": 1500, "ignore_eos": True}
SHORT = {"prompt": "a", "max_tokens": 2, "ignore_eos": True}


@contextmanager
def asking(service: Service, path: str, body: Mapping[str, Any]) -> Iterator[socket.socket]:
    """A request that has been sent, its socket open and unread."""
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    with socket.create_connection(service.address(), timeout=30) as sock:
        sock.sendall(head.encode() + data)
        yield sock


@contextmanager
def all_rows_taken(service: Service) -> Iterator[None]:
    with asking(service, "/generate", {**LONG, "n": 4}):
        until(lambda: service.metric(RUNNING) == 4, "the rows are taken")
        yield
    until(lambda: service.idle(), "the rows are free again")


def test_case_1_a_streaming_client_leaves(quick: Service) -> None:
    answer = quick.post("/generate", json={**LONG, "stream": True}, stream=True)
    lines = answer.iter_lines()
    for _ in range(6):
        next(lines)
    answer.close()
    until(lambda: quick.idle(), "the row is free")


@pytest.mark.parametrize(
    ("path", "body", "phase"),
    [
        ("/generate", LONG, "decode"),
        ("/generate", {**LONG, "prompt": "long " * 400, "max_tokens": 40}, "prefill"),
        ("/tweet", {"url": "/hangs"}, "fetch"),
    ],
)
def test_case_2_a_waiting_client_leaves(
    quick: Service, pages: Site, path: str, body: dict[str, Any], phase: str
) -> None:
    asked = {**body, "url": pages.url + body["url"]} if "url" in body else body
    with asking(quick, path, asked):
        until(lambda: quick.metric(IN_FLIGHT) == 1, f"the request is in {phase}")
    assert until(lambda: quick.idle(), "the place is free") < 5


def test_case_2_a_queued_client_leaves(quick: Service) -> None:
    with all_rows_taken(quick):
        with asking(quick, "/generate", SHORT):
            until(lambda: quick.metric(IN_FLIGHT) == 2, "it is queued")
        until(lambda: quick.metric(IN_FLIGHT) == 1, "it has left the queue")


def test_case_3_impatient_clients_do_not_keep_a_patient_one_waiting(quick: Service) -> None:
    def impatient(_: int) -> None:
        with suppress(requests.Timeout, requests.ConnectionError):
            quick.post("/generate", json=LONG, timeout=0.5)

    with ThreadPoolExecutor(50) as crowd:
        list(crowd.map(impatient, range(200)))
    began = time.monotonic()
    until(lambda: quick.post("/generate", json=SHORT).status_code == 200, "it is answered")
    assert time.monotonic() - began < 10


def test_cases_4_and_5_overload_is_refused_at_once_and_health_answers(
    quick: Service, pages: Site
) -> None:
    asked_before = len(pages.asked)
    with ThreadPoolExecutor(32) as crowd:
        asked = [
            crowd.submit(quick.post, "/generate", json={**LONG, "max_tokens": 300})
            for _ in range(32)
        ]
        until(lambda: quick.get("/readyz").status_code == 503, "it is full")
        refused = quick.post("/tweet", json={"url": f"{pages.url}/article.html"})
        assert quick.get("/livez").status_code == 200
        answers = [future.result() for future in asked]
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert len(pages.asked) == asked_before, "nothing is fetched for whoever is refused"
    assert {answer.status_code for answer in answers} == {200, 503}
    assert sum(answer.status_code == 200 for answer in answers) >= 8
    assert quick.get("/readyz").status_code == 200


def test_case_7_sigterm_lets_requests_end_and_leaves_nothing(start_fake: Start) -> None:
    with start_fake({}) as service, ThreadPoolExecutor(1) as caller:
        health = requests.Session()
        health.get(service.url + "/livez", timeout=5)
        asked = caller.submit(service.post, "/generate", json={**LONG, "max_tokens": 200})
        until(lambda: service.metric(IN_FLIGHT) == 1, "it is in flight")
        children = service.children()
        service.process.send_signal(signal.SIGTERM)
        until(lambda: health.get(service.url + "/readyz", timeout=5).status_code == 503, "draining")
        health.close()
        answer = asked.result()
        assert answer.status_code == 200
        assert answer.json()["usage"]["completion_tokens"] == 200
        assert service.process.wait(30) == 0
        until(lambda: not any(map(_is_alive, children)), "no child is left")


def test_case_8_a_stream_longer_than_the_grace_ends_with_an_error(start_fake: Start) -> None:
    with start_fake({"DOC2TWEET_DRAIN_S": 0.5}) as service:
        answer = service.post("/generate", json={**LONG, "stream": True}, stream=True)
        lines = answer.iter_lines()
        next(lines)
        service.process.send_signal(signal.SIGTERM)
        told = [line.decode() for line in lines if line]
        assert told[-2] == "event: error"
        assert json.loads(told[-1].removeprefix("data: "))["type"] == "draining"
        assert service.process.wait(30) == 0


def test_case_9_a_killed_worker_is_replaced(start_fake: Start) -> None:
    with start_fake({}) as service:
        worker, *others = service.children()
        os.kill(worker, signal.SIGKILL)
        until(lambda: worker not in service.children() and service.children() != [], "a new one")

        def answers() -> bool:
            try:
                return service.post("/generate", json=SHORT, timeout=5).status_code == 200
            except requests.RequestException:
                return False

        until(answers, "the new one serves")
        until(lambda: not any(map(_is_alive, others)), "the old one's children are gone")


@pytest.mark.parametrize("chunked", [False, True])
def test_case_10_a_body_over_the_limit_is_413(quick: Service, *, chunked: bool) -> None:
    body = b"x" * 100_001
    data: Any = (body[i : i + 1000] for i in range(0, len(body), 1000)) if chunked else body
    answer = quick.post("/generate", data=data, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_stalled_clients_are_dropped_and_nobody_else_notices(quick: Service) -> None:
    head = b"POST /generate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    starts = [head, head + b"Content-Length: 50\r\n\r\n{"] * 20
    stalled = [socket.create_connection(quick.address(), timeout=30) for _ in starts]
    for sock, start in zip(stalled, starts, strict=True):
        sock.sendall(start)
    assert quick.post("/generate", json=SHORT).status_code == 200
    for sock in stalled:
        while sock.recv(1000):
            pass
        sock.close()


def raw(service: Service, data: bytes) -> bytes:
    """What comes back for these bytes."""
    with socket.create_connection(service.address(), timeout=30) as sock:
        sock.sendall(data)
        answer = b""
        while piece := sock.recv(65_536):
            answer += piece
        return answer


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nA\x00: b\r\n\r\n", 400),
        (
            b"POST /generate HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/json\r\nConnection: close\r\n\r\nzz\r\n",
            400,
        ),
        (
            b"POST /generate HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
    ],
)
def test_case_28_what_never_reaches_the_app_is_a_problem_too(
    quick: Service, data: bytes, status: int
) -> None:
    head, _, body = raw(quick, data).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status}".encode())
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == status


def test_case_28_a_transfer_coding_that_nobody_knows_is_said_to_be_that(quick: Service) -> None:
    head, _, body = raw(quick, b"POST / HTTP/1.1\r\nTransfer-Encoding: foo\r\n\r\n").partition(
        b"\r\n\r\n"
    )
    problem = json.loads(body)
    assert head.startswith(b"HTTP/1.1 501 Not Implemented")
    assert (problem["type"], problem["title"]) == ("unsupported-feature", "This is not supported")
    assert problem["instance"].removeprefix("urn:request:").encode() in head
    assert problem["instance"].removeprefix("urn:request:") in quick.log.read_text()


def test_case_25_many_requests_leave_nothing_behind(quick: Service) -> None:
    worker = quick.children()[0]

    def ask(_: int) -> int:
        return quick.post("/generate", json=SHORT).status_code

    def descriptors() -> int:
        return len(list(Path(f"/proc/{worker}/fd").iterdir()))

    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(ask, range(50)))
        before = descriptors()
        assert set(crowd.map(ask, range(300))) == {200}
    until(lambda: descriptors() <= before + 8, "descriptors are given back")


def _is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False
