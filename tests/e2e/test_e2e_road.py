"""The whole road, as a person takes it: a URL or a prompt in, a text out."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from tests.e2e.serving import Service, Site, command, environment

Start = Callable[[Mapping[str, object]], AbstractContextManager[Service]]
DREAM = {"prompt": "My dream is", "n": 3, "seed": 7, "temperature": 0.8, "top_k": 50, "top_p": 0.9}


def test_a_url_becomes_a_tweet_about_its_article(service: Service, pages: Site) -> None:
    # A page that no other test asks for, so that it is really fetched.
    asked = {"url": f"{pages.url}/fresh.html", "seed": "1", "n": "4"}
    answer = service.post("/tweet", data=asked)
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert result["article"]["title"] == "Harbour bridge reopens after two years of repairs"
    assert result["article"]["author"] == "Ada Quill"
    assert any("bridge" in tweet["text"].lower() for tweet in result["tweets"])
    assert all(tweet["length"] <= 280 for tweet in result["tweets"])
    assert all(asked["url"] in tweet["text"] for tweet in result["tweets"])
    assert result["timings"]["fetch_ms"] > 0


def test_bare_text_is_the_tweet_alone(service: Service, pages: Site) -> None:
    asked = {"url": f"{pages.url}/article.html", "seed": "1"}
    bare = service.post("/tweet", data=asked, headers={"Accept": "text/plain"})
    assert (
        bare.text == service.post("/tweet", json={**asked, "seed": 1}).json()["tweets"][0]["text"]
    )


def test_the_same_seed_gives_the_same_three_texts(service: Service) -> None:
    first, second = (service.post("/generate", json=DREAM).json()["choices"] for _ in range(2))
    assert first == second
    assert len({choice["text"] for choice in first}) == 3


def test_loopback_is_refused_unless_allowed(start: Start, pages: Site) -> None:
    with start({}) as strict:
        answer = strict.post("/tweet", data={"url": f"{pages.url}/article.html"})
        assert (answer.status_code, answer.json()["type"]) == (422, "url-not-allowed")


def run(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), env=environment(settings), capture_output=True, text=True, timeout=120
    )


def test_the_terminal_gives_the_text_on_stdout_alone(built_model: str) -> None:
    done = run("generate", "Once upon a time", "--seed", "3", "--max-tokens", "8")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "loading" in done.stderr


def test_the_terminals_errors_are_one_line(built_model: str) -> None:
    for arguments in (["tweet", "http://127.0.0.1/"], ["generate", "x", "--temperature", "3"]):
        done = run(*arguments)
        assert done.returncode != 0
        assert done.stdout == ""
        assert done.stderr.splitlines()[-1].startswith("doc2tweet: ")
        assert "Traceback" not in done.stderr
