"""A model on another server: our own /v1, and a server that speaks the shape and misbehaves."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wsgi import get_input_stream

from service.api.parts import Parts
from service.api.schemas import GenerateSchema, TweetSchema, check
from service.app import make_app
from service.errors import (
    ConfigError,
    DeadlineExceeded,
    EngineFault,
    EngineOverloaded,
    RequestAborted,
)
from service.model_spec import read_spec
from service.pipeline import Patient
from service.upstream.client import seed_of
from tests.service.upstream.conftest import MakePipeline

ARTICLE = "The bridge over the river was opened again on Monday after two years of works. " * 4
TWEET = "The bridge over the river was opened again on Monday."


class Server:
    """Answers with `pieces`, and as `mood` says."""

    def __init__(self) -> None:
        self.pieces: list[str] = [TWEET[:20], TWEET[20:]]
        self.mood = "ok"
        self.asked: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.most_at_once = self._num_open = 0
        self._counting = threading.Lock()
        self.hold = threading.Event()
        self.left = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.http.daemon_threads = True
        self.http.ours = self  # type: ignore[attr-defined]
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/v1"

    def count(self, change: int) -> None:
        with self._counting:
            self._num_open += change
            self.most_at_once = max(self.most_at_once, self._num_open)

    def close(self) -> None:
        self.hold.set()
        self.http.shutdown()
        self.http.server_close()


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        ours: Server = self.server.ours  # type: ignore[attr-defined]
        ours.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        ours.keys.add(self.headers["Authorization"])
        if ours.mood.isdigit():
            self.send_response(int(ours.mood))
            self.send_header("Retry-After", "7")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        ours.count(1)
        try:
            self._stream(ours)
        except OSError:
            ours.left.set()

    def _stream(self, ours: Server) -> None:
        for piece in ours.pieces:
            self._send({"delta": {"content": piece}, "text": piece, "finish_reason": None})
        if ours.mood == "endless":
            while not ours.hold.wait(0.01):
                self._send({"delta": {"content": "on "}, "finish_reason": None})
        elif ours.mood == "silent":
            ours.hold.wait(20)
        elif ours.mood == "garbage":
            self.wfile.write(b"data: {not json\n\n")
        elif ours.mood == "ok":
            time.sleep(0.05)
            ours.count(-1)
            self._send({"delta": {}, "text": "", "finish_reason": "stop"})
            self.wfile.write(b"data: [DONE]\n\n")

    def _send(self, choice: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n")


@pytest.fixture
def server() -> Iterator[Server]:
    here = Server()
    yield here
    here.close()


def generate(pipeline: Any, watch: Any = None, **members: Any) -> Any:
    asked = check(GenerateSchema(), {"prompt": "My dream is", "seed": 7} | members)
    return pipeline.generate(asked, "test", watch or Patient())


@pytest.fixture
def our_own(parts: Parts) -> Iterator[str]:
    """This project's own service, over a model without weights."""
    app = make_app(parts)

    def with_an_end(environ: Any, start: Any) -> Any:
        environ["wsgi.input"] = get_input_stream(environ)  # as gunicorn's is
        return app(environ, start)

    served = make_server("127.0.0.1", 0, with_an_end, threaded=True)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}/v1"
    served.shutdown()
    served.server_close()


def test_our_own_service_as_the_engine(our_own: str, pipeline_on: MakePipeline) -> None:
    pipeline = pipeline_on(our_own, api="completions")
    first, again = (generate(pipeline, n=3, max_tokens=12) for _ in range(2))
    assert [c.text for c in first.choices] == [c.text for c in again.choices]
    assert len({c.text for c in first.choices}) == 3
    assert {c.finish_reason for c in first.choices} <= {"stop", "length"}


def test_a_tweet_gets_all_the_rules(server: Server, pipeline_on: MakePipeline) -> None:
    server.pieces = ["#Bridge @nobody ", TWEET, " http://evil.example"]
    asked = check(TweetSchema(), {"text": ARTICLE, "title": "Bridge", "seed": 1, "n": 1})
    result = pipeline_on(server.url).tweet(asked, "test", Patient())
    text = result.tweets[0].tweet.text
    assert TWEET.rstrip(".") in text
    assert "evil.example" not in text
    assert "@nobody" not in text


def test_what_is_sent(server: Server, pipeline_on: MakePipeline) -> None:
    generate(pipeline_on(server.url, also_takes=("top_k",)), top_k=5, temperature=0.5)
    [asked] = server.asked
    assert asked["messages"] == [{"role": "user", "content": "My dream is"}]
    assert (asked["model"], asked["stream"]) == ("tiny", True)
    assert (asked["top_k"], asked["temperature"]) == (5, 0.5)
    assert "min_p" not in asked
    assert server.keys == {"Bearer very-secret"}


def test_each_candidate_has_a_seed_of_its_own(server: Server, pipeline_on: MakePipeline) -> None:
    generate(pipeline_on(server.url), n=4)
    seeds = {asked["seed"] for asked in server.asked}
    params = check(GenerateSchema(), {"prompt": "-", "seed": 7}).drawing.params
    assert seeds == {seed_of(params, index) for index in range(4)}


@pytest.mark.parametrize(("at_once", "most"), [(None, 4), (2, 2), (1, 1)])
def test_a_server_is_asked_for_as_many_at_once_as_it_writes(
    server: Server, pipeline_on: MakePipeline, at_once: int | None, most: int
) -> None:
    result = generate(pipeline_on(server.url, at_once=at_once), n=4)
    assert [choice.text for choice in result.choices] == [TWEET] * 4
    assert server.most_at_once == most


def test_a_candidate_that_waits_for_its_turn_can_be_ended(
    server: Server, pipeline_on: MakePipeline
) -> None:
    server.mood = "endless"
    pipeline = pipeline_on(server.url, at_once=1)
    watch = Patient()
    watch.deadline = time.monotonic() + 0.5
    with pytest.raises(DeadlineExceeded):
        generate(pipeline, watch, n=3)
    while pipeline.stats()["away"].num_open:
        time.sleep(0.01)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "pieces", [["Grüße ", "aus 東京 🌉", "!"], ["", "x", ""], ["<|endoftext|>"]]
)
def test_text_comes_through_as_it_is(
    server: Server, pipeline_on: MakePipeline, pieces: list[str]
) -> None:
    server.pieces = pieces
    result = generate(pipeline_on(server.url))
    assert result.choices[0].text == "".join(pieces)


def test_a_stop_string_ends_the_request(server: Server, pipeline_on: MakePipeline) -> None:
    server.mood = "endless"
    result = generate(pipeline_on(server.url), stop=["on on"])
    assert (result.choices[0].text, result.choices[0].finish_reason) == (TWEET, "stop")
    assert server.left.wait(10)


@pytest.mark.parametrize(
    ("mood", "error"),
    [
        ("429", EngineOverloaded),
        ("503", EngineOverloaded),
        ("500", EngineFault),
        ("401", EngineFault),
        ("302", EngineFault),
        ("cut", EngineFault),
        ("garbage", EngineFault),
    ],
)
def test_a_server_that_fails(
    server: Server, pipeline_on: MakePipeline, mood: str, error: type[Exception]
) -> None:
    server.mood = mood
    pipeline = pipeline_on(server.url)
    with pytest.raises(error):
        generate(pipeline, n=2)
    server.mood = "ok"
    assert generate(pipeline).choices[0].text == TWEET


def test_a_silent_server_is_given_up(server: Server, pipeline_on: MakePipeline) -> None:
    server.mood = "silent"
    with pytest.raises(EngineFault):
        generate(pipeline_on(server.url, timeout_s=0.2))


def test_a_server_that_is_not_there(pipeline_on: MakePipeline) -> None:
    with pytest.raises(EngineFault, match="does not answer"):
        generate(pipeline_on("http://127.0.0.1:9/v1"))


class Impatient:
    """Leaves once the first text has come."""

    deadline = float("inf")

    def __init__(self) -> None:
        self.num_checks = 0

    def check(self) -> None:
        self.num_checks += 1
        if self.num_checks > 3:
            raise RequestAborted("gone")


def test_a_client_that_leaves_ends_the_request_there_too(
    server: Server, pipeline_on: MakePipeline
) -> None:
    server.mood = "endless"
    pipeline = pipeline_on(server.url)
    with pytest.raises(RequestAborted):
        generate(pipeline, Impatient())
    assert server.left.wait(10)
    while pipeline.stats()["away"].num_open:
        time.sleep(0.01)


def test_a_deadline_is_kept(server: Server, pipeline_on: MakePipeline) -> None:
    server.mood = "endless"
    watch = Patient()
    watch.deadline = time.monotonic() + 0.1
    with pytest.raises(DeadlineExceeded):
        generate(pipeline_on(server.url), watch)


TOML = """
name = "away"
title = "Away"
description = "On another server."
family = "llama"
licence = "Apache-2.0"
context_length = 8192
tasks = ["generate", "tweet"]
[prompt]
format = "plain"
[upstream]
url = "http://gpu-host:8000/v1"
model = "big"
"""


def spec_of(tmp_path: Path, text: str) -> Any:
    (tmp_path / "away").mkdir()
    path = tmp_path / "away" / "model.toml"
    path.write_text(text)
    return read_spec(path)


def test_a_model_toml_names_a_server(tmp_path: Path) -> None:
    upstream = spec_of(tmp_path, TOML).upstream
    assert (upstream.model, upstream.api) == ("big", "chat")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("http://gpu", "gpu", "http://"),
        ('"tweet"]', '"chat"]', "no task chat"),
        ('format = "plain"', 'format = "chatml"', "plain"),
        ('model = "big"', 'model = "big"\nalso_takes = ["top_z"]', "top_z"),
        ('model = "big"', 'model = "big"\nat_once = 0', "at_once"),
        ("[prompt]", 'base = "other"\n[prompt]', "either"),
    ],
)
def test_what_is_wrong_with_it_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        spec_of(tmp_path, TOML.replace(old, new))
