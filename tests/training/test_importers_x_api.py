"""The X API through tweepy, against a fake of it on loopback."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from service.config import XConfig
from service.errors import ConfigError, SetupError, SourceUnavailable, TrainingDataError
from training.importers.cleaning import clean
from training.importers.x_api import Timeline


class FakeX:
    """One account's timeline in pages of two; `faults` are answered first, each once."""

    def __init__(self) -> None:
        self.tweets = [tweet(number) for number in range(5, 0, -1)]
        self.faults: list[tuple[int, dict[str, str]]] = []
        self.asked: list[str] = []
        self.tokens: set[str] = set()

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        self.asked.append(query.get("pagination_token", "first") if "tweets" in path else "user")
        if self.faults:
            status, headers = self.faults.pop(0)
            return status, headers, {"title": "No"}
        if path.startswith("/2/users/by/username/"):
            known = path.endswith("/ellery")
            return 200, {}, {"data": {"id": "1"}} if known else {"errors": [{"detail": "none"}]}
        newer = [row for row in self.tweets if int(row["id"]) > int(query.get("since_id", 0))]
        start = int(query.get("pagination_token", 0))
        more = start + 2 < len(newer)
        meta = {"next_token": str(start + 2)} if more else {}
        return 200, {}, {"data": newer[start : start + 2], "meta": meta}


def tweet(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "text": f"Tweet {number}",
        "created_at": "2023-12-31T14:36:59.000Z",
    } | fields


def page_of(tweets: str) -> str:
    return f'{{"username": "ellery", "since_id": "", "next_token": "", "tweets": {tweets}}}'


@pytest.fixture
def fake() -> FakeX:
    return FakeX()


@pytest.fixture
def api_url(fake: FakeX) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.tokens.add(self.headers["Authorization"])
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            status, headers, body = fake.answer(parts.path, query)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def timeline(api_url: str, tmp_path: Path, waits: list[float]) -> Timeline:
    config = XConfig(bearer_token="secret-token", api_url=api_url, timeout_s=5)
    return Timeline(config, tmp_path / "pages.jsonl", say=lambda _: None, sleep=waits.append)


def ids(timeline: Timeline, user: str = "ellery") -> list[str]:
    return [raw.id for raw in timeline.read(user)]


def test_reads_every_page_with_the_token(timeline: Timeline, fake: FakeX) -> None:
    assert ids(timeline) == ["5", "4", "3", "2", "1"]
    assert fake.asked == ["user", "first", "2", "4"]
    assert fake.tokens == {"Bearer secret-token"}


def test_waits_as_long_as_it_is_told(timeline: Timeline, fake: FakeX, waits: list[float]) -> None:
    fake.faults = [(429, {"x-rate-limit-reset": str(int(time.time()) + 100)})]
    assert len(ids(timeline)) == 5
    assert waits == [pytest.approx(100, abs=5)]


def test_a_clock_set_back_does_not_make_it_wait_for_days(
    timeline: Timeline, fake: FakeX, waits: list[float]
) -> None:
    fake.faults = [(429, {"x-rate-limit-reset": str(int(time.time()) + 10**6)})]
    ids(timeline)
    assert waits == [960]


def test_tries_again_longer_each_time(timeline: Timeline, fake: FakeX, waits: list[float]) -> None:
    fake.faults = [(503, {}), (500, {}), (429, {})]
    assert len(ids(timeline)) == 5
    assert waits == [1, 2, 60]


def test_gives_up_in_one_line_and_goes_on_later(timeline: Timeline, fake: FakeX) -> None:
    ids(timeline)
    fake.tweets.insert(0, tweet(6))
    fake.faults = [(503, {})] * 6
    with pytest.raises(SourceUnavailable, match="run the same command later"):
        ids(timeline)
    assert ids(timeline) == ["5", "4", "3", "2", "1", "6"]


def test_goes_on_at_the_page_it_was_stopped_at(timeline: Timeline, fake: FakeX) -> None:
    original = fake.answer

    def stop_at_second(path: str, query: dict[str, str]) -> Any:
        fake.faults = [(403, {})] if query.get("pagination_token") == "2" else []
        return original(path, query)

    fake.answer = stop_at_second  # type: ignore[method-assign]
    with pytest.raises(SourceUnavailable, match="refuses: 403"):
        ids(timeline)
    fake.answer, fake.asked = original, []  # type: ignore[method-assign]
    assert ids(timeline) == ["5", "4", "3", "2", "1"]
    assert fake.asked == ["user", "2", "4"]


def test_a_finished_import_asks_only_for_what_is_newer(timeline: Timeline, fake: FakeX) -> None:
    ids(timeline)
    fake.asked.clear()
    assert len(ids(timeline)) == len(ids(timeline)) == 5
    assert fake.asked == ["user", "first"] * 2
    fake.tweets.insert(0, tweet(6))
    assert ids(timeline)[-1] == "6"


def test_a_page_torn_by_a_crash_is_asked_for_again(
    timeline: Timeline, fake: FakeX, tmp_path: Path
) -> None:
    ids(timeline)
    pages = tmp_path / "pages.jsonl"
    pages.write_text(pages.read_text()[:-30])
    fake.asked.clear()
    assert ids(timeline) == ["5", "4", "3", "2", "1"]
    assert fake.asked == ["user", "4"]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "{}",
        page_of("5"),
        page_of('["x"]'),
        page_of('[{"id": "1"}]'),
        page_of('[{"id": "x", "text": ""}]'),
    ],
)
def test_a_damaged_page_is_named_by_its_line(timeline: Timeline, tmp_path: Path, line: str) -> None:
    ids(timeline)
    with (tmp_path / "pages.jsonl").open("a") as pages:
        pages.write(f"{line}\n")
    with pytest.raises(TrainingDataError, match="line 4: no"):
        ids(timeline)


def test_pages_that_cannot_be_read_are_one_line(timeline: Timeline, tmp_path: Path) -> None:
    (tmp_path / "pages.jsonl").mkdir()
    with pytest.raises(SetupError, match="cannot be read: Is a directory"):
        ids(timeline)


def test_a_folder_belongs_to_one_account(timeline: Timeline) -> None:
    ids(timeline)
    with pytest.raises(TrainingDataError, match="another account"):
        ids(timeline, "orrin")


def test_a_page_that_cannot_be_kept_ends_the_import(api_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    pages = tmp_path / "file" / "pages.jsonl"
    config = XConfig(bearer_token="secret-token", api_url=api_url)
    with pytest.raises(SetupError, match="cannot be written"):
        Timeline(config, pages, say=lambda _: None).read("ellery")


def test_an_unknown_account_is_named(timeline: Timeline) -> None:
    with pytest.raises(TrainingDataError, match="'nobody'"):
        ids(timeline, "nobody")


def test_without_a_token_nothing_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="DOC2TWEET_X_BEARER_TOKEN"):
        Timeline(XConfig(), tmp_path / "pages.jsonl", say=print)


def test_the_token_is_never_shown() -> None:
    assert "secret" not in repr(XConfig(bearer_token="secret-token"))


def test_kinds_links_and_long_texts_are_understood(timeline: Timeline, fake: FakeX) -> None:
    url = {"url": "https://t.co/a", "expanded_url": "https://ellery.example/a"}
    fake.tweets = [
        tweet(3, referenced_tweets=[{"type": "retweeted", "id": "9"}]),
        tweet(2, referenced_tweets=[{"type": "replied_to", "id": "9"}]),
        tweet(1, note_tweet={"text": "Long https://t.co/a", "entities": {"urls": [url]}}),
    ]
    retweet, reply, note = timeline.read("ellery")
    assert retweet.is_retweet
    assert reply.is_reply
    assert clean(note).text == "Long [LINK]"
    assert clean(note).links == ("https://ellery.example/a",)
