"""The door to the room: URL or text in, article and costs out."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from service.articles import ArticleReader
from service.config import FetchConfig
from service.errors import (
    ArticleUnreachable,
    NotAnArticle,
    RequestAborted,
    TooLittleText,
    UrlNotAllowed,
)
from tests.service.articles.conftest import SENTENCE, FaultServer, open_config, response


@pytest.fixture(scope="module")
def reader() -> Iterator[ArticleReader]:
    made = ArticleReader(open_config(extract_children=1))
    yield made
    made.close()


def test_a_url_becomes_an_article_and_says_what_it_cost(
    reader: ArticleReader, site: FaultServer
) -> None:
    read = reader.read(site.serve("/", response()))
    assert read.article.title == "Bridge reopens"
    assert read.article.url == site.url()
    assert read.fetch_ms > 0
    assert read.extract_ms > 0
    assert not read.cached


def test_the_same_url_is_fetched_once(reader: ArticleReader, site: FaultServer) -> None:
    url = site.serve("/once", response())
    before = reader.stats().cache.hits
    first, second = reader.read(url), reader.read(f"{url}#part")
    assert second.cached
    assert (second.article, second.fetch_ms) == (first.article, 0)
    assert site.num_connections == 1
    assert reader.stats().cache.hits == before + 1


def test_other_spellings_of_a_url_are_the_same_page(
    reader: ArticleReader, site: FaultServer
) -> None:
    url = site.serve("/spelt", response())
    reader.read(url)
    assert reader.read(url.replace("http", "HTTP")).cached


def test_what_is_no_url_takes_no_place_in_the_cache(reader: ArticleReader) -> None:
    before = reader.stats().cache.size
    with pytest.raises(UrlNotAllowed):
        reader.read("http://example.com/" + "a" * 100_000)
    assert reader.stats().cache.size == before


def test_refusals_are_counted_by_type(reader: ArticleReader, site: FaultServer) -> None:
    before = dict(reader.stats().refusals)
    url = site.serve("/busy", response(b"", "503 Busy"))
    for _ in range(2):
        with pytest.raises(ArticleUnreachable):
            reader.read(url)
    with pytest.raises(UrlNotAllowed):
        reader.read("ftp://example.com/")
    after = reader.stats().refusals
    assert after["article-unreachable"] == before.get("article-unreachable", 0) + 2
    assert after["url-not-allowed"] == before.get("url-not-allowed", 0) + 1
    assert site.num_connections == 1


def test_a_pdf_labelled_as_a_page_is_refused(reader: ArticleReader, site: FaultServer) -> None:
    with pytest.raises(NotAnArticle):
        reader.read(site.serve("/pdf", response(b"%PDF-1.7 ...")))


def test_a_shorter_deadline_is_kept(reader: ArticleReader, site: FaultServer) -> None:
    left = threading.Event()
    url = site.serve("/slow", lambda connection: connection.recv(1) and None)
    left.set()
    with pytest.raises(RequestAborted):
        reader.read(url, cancelled=left.is_set)


def test_a_text_that_the_caller_sent_has_the_same_form(reader: ArticleReader) -> None:
    article = reader.from_text(" A\u200b title\n", f"First.\r\n\r\n  {SENTENCE}\u202e\x00")
    assert article.title == "A title"
    assert article.text == f"First.\n{SENTENCE.strip()}"
    assert article.language == "en"
    assert article.url is None
    assert dict(article.origins) == {"title": "request", "text": "request", "language": "text"}


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u2060\x00"])
def test_a_text_with_nothing_in_it_is_refused(reader: ArticleReader, text: str) -> None:
    with pytest.raises(TooLittleText):
        reader.from_text("Title", text)


def test_nothing_opens_unless_the_settings_say_so(site: FaultServer) -> None:
    closed = ArticleReader(FetchConfig(extract_children=1))
    with pytest.raises(UrlNotAllowed):
        closed.read(site.url())
    closed.close()
    assert site.num_connections == 0
