from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.api import sse
from service.api.parts import Parts
from service.errors import DeadlineExceeded
from service.generation import Pause
from service.shapes import Delta
from tests.fakes import FakeRunner

ASKED: dict[str, Any] = {"prompt": "a", "n": 2, "seed": 3, "max_tokens": 12, "stream": True}
TEXT = (
    "The old harbour bridge in Northport opened to traffic again on Monday morning, two years "
    "after engineers found cracks in its eastern tower. Some 4,000 people walked across."
)


def events(answer: Any) -> list[tuple[str, Any]]:
    """(event, data) of every event; comments are left out."""
    found = []
    for block in answer.get_data(as_text=True).strip().split("\n\n"):
        if not block.startswith(":"):
            head, data = block.split("\n")
            found.append((head.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_case_17_the_streamed_text_joined_is_the_plain_one(client: FlaskClient) -> None:
    plain = client.post("/generate", json={**ASKED, "stream": False}).get_json()
    told = events(client.post("/generate", json=ASKED))
    for choice in plain["choices"]:
        pieces = [data["text"] for _, data in told[:-1] if data["index"] == choice["index"]]
        assert "".join(pieces) == choice["text"]
    assert told[-1][0] == "done"
    assert told[-1][1]["choices"] == plain["choices"]


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("text/event-stream", "text/event-stream"),
        ("text/event-stream, application/problem+json", "text/event-stream"),
        ("text/event-stream, application/json;q=0.9", "text/event-stream"),
        ("*/*, text/event-stream;q=0.1", "application/json"),
        ("application/*, text/event-stream;q=0.1", "application/json"),
        ("text/event-stream;q=0", "application/json"),
        ("text/event-stream;q=0, */*;q=0.1", "application/json"),
        ("text/plain, text/event-stream;q=0.5", "text/plain"),
        ("text/plain; charset=utf-8", "text/plain"),
        ("text/plain;charset=utf-8;q=0.5, application/json;q=0.4", "text/plain"),
        ("image/png", "application/json"),
    ],
)
def test_accept_chooses_by_its_weights(client: FlaskClient, accept: str, mimetype: str) -> None:
    asked = {name: value for name, value in ASKED.items() if name != "stream"}
    answer = client.post("/generate", json=asked, headers={"Accept": accept})
    assert answer.mimetype == mimetype


@pytest.mark.parametrize(
    ("accept", "stream", "mimetype"),
    [
        ("text/event-stream", False, "application/json"),
        ("text/event-stream, text/plain;q=0.1", False, "text/plain"),
        ("application/json", True, "text/event-stream"),
        ("text/event-stream;q=0", True, "text/event-stream"),
    ],
)
@pytest.mark.parametrize("form", [False, True])
def test_what_the_request_says_of_a_stream_goes_before_accept(
    client: FlaskClient, accept: str, *, stream: bool, mimetype: str, form: bool
) -> None:
    asked = {"prompt": "a", "max_tokens": 2, "stream": stream}
    body: dict[str, Any] = {"data": asked} if form else {"json": asked}
    answer = client.post("/generate", headers={"Accept": accept}, **body)
    assert answer.mimetype == mimetype


def test_accept_chooses_for_openais_routes_too(client: FlaskClient) -> None:
    asked = {"prompt": "a", "max_tokens": 2, "stream": None}
    answers = [
        client.post("/v1/completions", json=asked, headers={"Accept": accept}).mimetype
        for accept in ("text/event-stream", "application/json, text/event-stream;q=0.5")
    ]
    assert answers == ["text/event-stream", "application/json"]


def test_a_tweet_streams_article_candidates_and_tweets(client: FlaskClient) -> None:
    asked = {"text": TEXT, "title": "Bridge reopens", "stream": True, "seed": 1, "max_tokens": 20}
    told = events(client.post("/tweet", json=asked))
    names = [name for name, _ in told]
    assert names[0] == "article"
    assert names[-2:] == ["tweet", "done"]
    assert set(names[1:-2]) == {"candidate"}
    assert told[-1][1]["tweets"] == [told[-2][1]]


def test_case_20_line_breaks_cannot_end_an_event(client: FlaskClient, runner: FakeRunner) -> None:
    text = "\n\ndata: x\r\n"
    prompt = "q"
    runner.script = lambda tokens: text.encode()[len(tokens) - len(prompt)]
    asked = {"prompt": prompt, "max_tokens": len(text), "stream": True, "temperature": 0}
    told = events(client.post("/generate", json=asked))
    assert "".join(data["text"] for name, data in told if name == "delta") == text


def test_an_error_before_the_first_piece_has_its_own_status(client: FlaskClient) -> None:
    answer = client.post("/generate", json={**ASKED, "model": "nobody"})
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_an_error_in_mid_stream_is_the_last_event(client: FlaskClient, runner: FakeRunner) -> None:
    asked = {**ASKED, "max_tokens": 400, "ignore_eos": True}
    answer = client.post("/generate", json=asked, buffered=False)
    pieces = answer.iter_encoded()
    next(pieces)
    runner.fault = RuntimeError("onnxruntime failed")
    last = list(pieces)[-1].decode()
    assert last.startswith("event: error\n")
    assert json.loads(last.split("data: ")[1])["type"] == "engine-fault"


def test_closing_a_stream_frees_its_rows(client: FlaskClient, parts: Parts) -> None:
    answer = client.post("/generate", json={**ASKED, "max_tokens": 500}, buffered=False)
    next(answer.iter_encoded())
    answer.close()
    assert parts.lifecycle.in_flight == 0
    until = time.monotonic() + 5
    while parts.pipeline.stats()["tiny"].num_open and time.monotonic() < until:
        time.sleep(0.01)
    assert parts.pipeline.stats()["tiny"].num_running == 0


def test_a_silent_stream_shows_signs_of_life() -> None:
    events = iter([Delta(0, "a"), Pause(), Pause(), Delta(0, "b")])
    answer = sse.respond(events, lambda delta: iter([sse.frame(delta.text)]), lambda _: b"", 0)
    assert list(answer.iter_encoded())[1:3] == [b":\n\n", b":\n\n"]


def test_only_the_last_piece_of_an_index_tells_why_it_ended(client: FlaskClient) -> None:
    told = [data for name, data in events(client.post("/generate", json=ASKED)) if name == "delta"]
    for index in (0, 1):
        ends = ["finish_reason" in data for data in told if data["index"] == index]
        assert ends == [False] * (len(ends) - 1) + [True]


def test_an_error_after_a_wait_is_an_event_of_a_stream_that_has_begun() -> None:
    def waiting() -> Iterator[Pause]:
        yield Pause()
        raise DeadlineExceeded("Too late.")

    answer = sse.respond(waiting(), lambda _: iter([]), lambda error: error.type.encode(), 0)
    assert (answer.status_code, list(answer.iter_encoded())[-1]) == (200, b"deadline-exceeded")
