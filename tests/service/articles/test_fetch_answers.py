"""What a site's status, type and bytes mean; and what is sent to it."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from service.articles import sniff
from service.articles.fetch import Fetcher
from service.articles.site_answer import seconds_to_wait
from service.config import FetchConfig
from service.errors import ArticleUnreachable, BlockedBySite, ConfigError, NotAnArticle
from tests.service.articles.conftest import FaultServer, open_config, response


@pytest.mark.parametrize("status", [401, 402, 403, 451])
def test_a_site_that_blocks_is_422(site: FaultServer, fetcher: Fetcher, status: int) -> None:
    with pytest.raises(BlockedBySite, match=str(status)) as caught:
        fetcher.fetch(site.serve("/", response(b"", f"{status} No")))
    assert (caught.value.status, caught.value.retryable) == (422, False)
    assert "text" in (caught.value.hint or "")


@pytest.mark.parametrize("status", [404, 410, 400, 405, 204, 206, 300, 304])
def test_a_page_that_is_not_there_is_422(site: FaultServer, fetcher: Fetcher, status: int) -> None:
    with pytest.raises(ArticleUnreachable, match=str(status)) as caught:
        fetcher.fetch(site.serve("/", response(b"", f"{status} No")))
    assert (caught.value.status, caught.value.retryable) == (422, False)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_a_site_in_trouble_is_502_with_its_retry_after(
    site: FaultServer, fetcher: Fetcher, status: int
) -> None:
    with pytest.raises(ArticleUnreachable, match=str(status)) as caught:
        fetcher.fetch(site.serve("/", response(b"", f"{status} No", retry_after="7")))
    error = caught.value
    assert (error.status, error.retryable, error.retry_after) == (502, True, 7)


HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("before", [HINTS, HINTS * 3, CONTINUE + HINTS, HINTS + CONTINUE])
def test_hints_before_the_page_are_passed_over(
    site: FaultServer, fetcher: Fetcher, before: bytes
) -> None:
    page = fetcher.fetch(site.serve("/", before + response(b"<p>The page</p>")))
    assert page.body == b"<p>The page</p>"


def test_hints_before_a_redirect_are_passed_over(site: FaultServer, fetcher: Fetcher) -> None:
    site.serve("/b", response(b"<p>There</p>"))
    moved = HINTS + response(b"", "302 Found", location="/b")
    assert fetcher.fetch(site.serve("/", moved)).body == b"<p>There</p>"


@pytest.mark.parametrize(
    "answer", [HINTS * 100, b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + response(), HINTS]
)
def test_hints_without_end_or_page_are_no_answer(
    site: FaultServer, fetcher: Fetcher, answer: bytes
) -> None:
    with pytest.raises(ArticleUnreachable):
        fetcher.fetch(site.serve("/", answer))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        (formatdate(0, usegmt=True), 0),
        (formatdate(9_999_999_999, usegmt=True), 86_400),
        ("99999999999999999999", 86_400),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_or_left_out(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header) == seconds


@pytest.mark.parametrize(
    "content_type",
    [
        *("application/pdf", "image/png", "application/json", "application/octet-stream"),
        *("video/mp4", "text/css", "application/rss+xml", "application/zip", "nonsense"),
    ],
)
def test_a_file_is_no_article(site: FaultServer, fetcher: Fetcher, content_type: str) -> None:
    with pytest.raises(NotAnArticle):
        fetcher.fetch(site.serve("/", response(content_type=content_type)))


@pytest.mark.parametrize(
    "content_type", ["text/html", "TEXT/HTML;charset=x", "application/xhtml+xml", "text/plain", ""]
)
def test_a_page_may_be_labelled_in_these_ways(
    site: FaultServer, fetcher: Fetcher, content_type: str
) -> None:
    assert fetcher.fetch(site.serve("/", response(content_type=content_type))).body


@pytest.mark.parametrize(
    "body",
    [
        *(b"%PDF-1.7\n", b"\n%PDF-1.4", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a"),
        *(b"RIFF\x00\x00\x00\x00WEBP", b"PK\x03\x04", b"\x1f\x8b\x08", b"\x00\x00\x00\x18ftypmp42"),
        *(b'{"a": 1}', b'\xef\xbb\xbf [{"a": 1}]', b"\x7fELF", b"OggS", b"\x28\xb5\x2f\xfd"),
    ],
)
def test_a_file_labelled_as_a_page_is_no_article(body: bytes) -> None:
    with pytest.raises(NotAnArticle):
        sniff.require_page_bytes(body)


@pytest.mark.parametrize("body", [b"<!doctype html>", b"", b"[citation needed] <p>", b"Plain text"])
def test_a_page_is_let_through(body: bytes) -> None:
    sniff.require_page_bytes(body)


@pytest.fixture
def tempting_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    return


@pytest.mark.usefixtures("tempting_home")
def test_nothing_of_the_environment_is_used(site: FaultServer) -> None:
    site.serve("/", response(b"", "302 Found", location="/b", set_cookie="id=1; Path=/"))
    site.serve("/b", response())
    assert Fetcher(open_config()).fetch(site.url()).body
    sent = b"".join(site.requests).lower()
    for header in (b"cookie", b"authorization", b"proxy", b"referer"):
        assert header not in sent


def test_the_request_names_the_project(site: FaultServer, fetcher: Fetcher) -> None:
    fetcher.fetch(site.serve("/", response()))
    assert b"User-Agent: doc2tweet/" in site.requests[0]
    assert b"Accept-Encoding: gzip, deflate, br\r\n" in site.requests[0]


def test_the_egress_proxy_is_asked_for_the_judged_address(site: FaultServer) -> None:
    def tunnel(connection: object) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")  # type: ignore[attr-defined]
        connection.recv(4096)  # type: ignore[attr-defined]
        connection.sendall(response())  # type: ignore[attr-defined]

    site.serve("8.8.8.8:80", tunnel)
    fetcher = Fetcher(FetchConfig(proxy=f"http://127.0.0.1:{site.port}"))
    assert fetcher.fetch("http://8.8.8.8/").body
    assert site.requests[0].startswith(b"CONNECT 8.8.8.8:80 HTTP/1.1\r\n")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 403 Forbidden\r\n\r\n", b"", b"x" * 10_000])
def test_a_proxy_that_refuses_is_502(site: FaultServer, answer: bytes) -> None:
    site.serve("8.8.8.8:80", answer)
    with pytest.raises(ArticleUnreachable):
        Fetcher(FetchConfig(proxy=f"http://127.0.0.1:{site.port}")).fetch("http://8.8.8.8/")


@pytest.mark.parametrize("proxy", ["proxy", "https://proxy:1", "http://", "http://a:b@proxy:1"])
def test_a_proxy_that_cannot_be_used_is_named(proxy: str) -> None:
    with pytest.raises(ConfigError, match="DOC2TWEET_FETCH_PROXY"):
        Fetcher(FetchConfig(proxy=proxy))
