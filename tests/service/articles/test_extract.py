"""Children that read hostile pages: limited, killed, replaced; and nobody else is hurt."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from service.articles import extract
from service.articles.article import FetchedPage
from service.articles.child import Child, ChildFailed
from service.articles.extract import Extractor
from service.articles.extract_worker import answer
from service.articles.wire import decode_answer, encode_page
from service.config import FetchConfig
from service.errors import ArticleError, ArticleTimeout, ArticleTooLarge, NotAnArticle
from tests.service.articles.conftest import PAGE, SENTENCE

ATTRIBUTES = " ".join(f'a{number}="x"' for number in range(40_000))
# Quadratic in the libraries: many short tags with many attributes each, none over the limit alone.
SLOW = (
    "<html><body>"
    + "".join(
        f"<div class='c{n}'><a href='/{n}'>{n}</a><p>{SENTENCE}</p></div>" for n in range(9000)
    )
    + "</body></html>"
)


TAKEN_OVER = b'{"article": {"title": 1, "text": [], "authors": [], "origins": {}}}'


def page(html: str, content_type: str = "text/html") -> FetchedPage:
    return FetchedPage("https://site.example/page", html.encode(), content_type)


@pytest.fixture(scope="module")
def strict() -> Iterator[Extractor]:
    """With the limits that the service has."""
    made = Extractor(FetchConfig())
    yield made
    made.close()


def test_an_article_comes_back_through_the_pipe(extractor: Extractor) -> None:
    article = extractor.extract(page(PAGE))
    assert article.title == "Bridge reopens"
    assert article.text == (SENTENCE * 8).strip()
    assert article.url == "https://site.example/page"


@pytest.mark.parametrize(
    "html",
    [
        f"<html><body><p {ATTRIBUTES}>{SENTENCE * 9}</p></body></html>",
        f"<html><body>{f'<p {ATTRIBUTES}>x</p>' * 4}<p>{SENTENCE * 9}</p></body></html>",
        "<html><body>" + f"<p {ATTRIBUTES[:15000]}>{SENTENCE}</p>" * 200 + "</body></html>",
        "<html><body>" + "<p>short</p>" * 200_000 + "</body></html>",
        "<html><body><p " + ATTRIBUTES.replace('="x"', "") + f">{SENTENCE * 9}</p></body></html>",
    ],
    ids=["one tag", "four tags", "many tags", "many elements", "without values"],
)
def test_a_page_made_to_cost_time_is_refused_in_3_s(strict: Extractor, html: str) -> None:
    start = time.monotonic()
    with pytest.raises(ArticleTooLarge) as caught:
        strict.extract(page(html))
    assert time.monotonic() - start < 3
    assert caught.value.status == 422


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 50_000,
        "<b><i>" * 20_000 + "x",
        "<table><tr><td>" * 5_000,
        "&" * 500_000,
        "<!--" * 100_000,
        "<script>" + "x" * 1_000_000,
        "<style>" + "a{" * 200_000,
        '<script type="application/ld+json">' + "[" * 200_000 + "</script>",
        "<a href='" + "x" * 1_000_000 + "'>",
        "<title>" + "| " * 100_000 + "</title><p>" + SENTENCE * 9,
        "\x00" * 1000,
        "<" * 300_000,
        "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'bbbb'>]><a>&b;</a>",
    ],
)
def test_nothing_in_a_page_is_a_crash(strict: Extractor, html: str) -> None:
    with suppress(ArticleError):
        strict.extract(page(html))
    assert strict.extract(page(PAGE)).text


def test_an_overrun_is_killed_and_replaced_while_others_go_on() -> None:
    extractor = Extractor(FetchConfig(extract_children=2, extract_timeout_s=0.4))
    refused: list[ArticleError] = []

    def hostile() -> None:
        try:
            extractor.extract(page(SLOW))
        except ArticleError as error:
            refused.append(error)

    thread = threading.Thread(target=hostile)
    thread.start()
    others = 0
    while thread.is_alive():
        assert extractor.extract(page(PAGE)).text
        others += 1
    assert isinstance(refused[0], ArticleTooLarge)
    assert others > 0
    for _ in range(3):
        assert extractor.extract(page(PAGE)).text
    assert extractor.stats().killed == 1
    extractor.close()


def test_where_all_children_are_busy_the_wait_ends() -> None:
    extractor = Extractor(FetchConfig(extract_children=1, extract_timeout_s=0.1))
    child = extractor._take()
    with pytest.raises(ArticleTimeout) as caught:
        extractor.extract(page(PAGE))
    assert (caught.value.status, caught.value.retryable) == (503, True)
    child.kill()
    extractor.close()


def test_a_killed_child_is_a_refusal_and_no_more() -> None:
    before = set(psutil.Process().children())
    extractor = Extractor(FetchConfig(extract_children=1))
    assert extractor.extract(page(PAGE)).text
    for child in set(psutil.Process().children()) - before:
        child.kill()
    with pytest.raises(ArticleTooLarge):
        extractor.extract(page(PAGE))
    assert extractor.extract(page(PAGE)).text
    extractor.close()


def test_processor_time_is_limited_even_where_nobody_watches() -> None:
    child = Child(cpu_seconds=0, memory_mb=1024, min_chars=1)
    with pytest.raises(ChildFailed):
        child.ask(encode_page(page(SLOW * 3)), 60)


def test_children_end_with_the_extractor() -> None:
    before = set(psutil.Process().children())
    extractor = Extractor(FetchConfig(extract_children=2))
    assert extractor.extract(page(PAGE)).text
    own = set(psutil.Process().children()) - before
    extractor.close()
    extractor.close()
    assert len(own) == 2
    assert not any(child.is_running() for child in own)


def test_a_child_that_has_read_enough_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "MAX_PAGES_PER_CHILD", 2)
    extractor = Extractor(FetchConfig(extract_children=1))
    first = {child.pid for child in psutil.Process().children()}
    for _ in range(3):
        assert extractor.extract(page(PAGE)).text
    assert {child.pid for child in psutil.Process().children()} - first
    assert extractor.stats() == extract.ExtractStats(pages=3, killed=0)
    extractor.close()


@pytest.mark.parametrize(
    "sent", [b"", b"null", b"{}", b'{"article": {}}', b'{"refusal": "x"}', b"\xff", TAKEN_OVER]
)
def test_nonsense_from_a_child_is_no_article(
    extractor: Extractor, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Child, "ask", lambda *_: sent)
    with pytest.raises(NotAnArticle):
        extractor.extract(page(PAGE))


def test_the_child_has_nothing_of_the_services_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOC2TWEET_API_KEYS", "secret")
    child = Child(cpu_seconds=2, memory_mb=1024, min_chars=1)
    assert child.ask(encode_page(page(PAGE)), 20)
    environment = psutil.Process(child._process.pid).environ()
    child.kill()
    assert set(environment) <= {"PYTHONPATH", "LC_CTYPE"}


def test_a_library_that_breaks_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("service.articles.extract_worker.read_page", broken)
    with pytest.raises(NotAnArticle):
        decode_answer(answer(encode_page(page(PAGE)), 200))
