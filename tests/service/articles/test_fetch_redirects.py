"""Redirects: judged anew, five at most, never from https to http, never out of the page."""

from __future__ import annotations

import pytest

from service.articles.fetch import MAX_REDIRECTS, Fetcher
from service.errors import ArticleError, UrlNotAllowed
from tests.service.articles.conftest import PAGE, FaultServer, response


def redirect(to: str, status: str = "302 Found") -> bytes:
    return response(b"", status, location=to)


def chain(site: FaultServer, hops: int) -> str:
    for hop in range(hops):
        site.serve(f"/{hop}", redirect(f"/{hop + 1}"))
    site.serve(f"/{hops}", response())
    return site.url("/0")


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_every_kind_is_followed(site: FaultServer, fetcher: Fetcher, status: str) -> None:
    site.serve("/a?x", redirect("b", status))
    site.serve("/b", response())
    assert fetcher.fetch(site.url("/a?x")).url == site.url("/b")


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
@pytest.mark.parametrize(
    "to",
    [
        "http://10.0.0.1/",
        "//169.254.169.254/",
        "http://127.1/",
        "http://[::1]/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "javascript:alert(1)",
        "http://user@example.com/",
        "http://a.example\\@127.0.0.1/",
        "\\\\127.0.0.1/",
        "http://[",
        "http://" + "a" * 3000,
    ],
)
def test_none_leads_where_a_url_may_not(
    site: FaultServer, fetcher: Fetcher, status: str, to: str
) -> None:
    with pytest.raises(UrlNotAllowed):
        fetcher.fetch(site.serve("/", redirect(to, status)))
    assert site.num_connections == 1


def test_five_hops_are_followed_and_six_are_not(site: FaultServer, fetcher: Fetcher) -> None:
    assert fetcher.fetch(chain(site, MAX_REDIRECTS)).body == PAGE.encode()
    with pytest.raises(UrlNotAllowed):
        fetcher.fetch(chain(site, MAX_REDIRECTS + 1))


def test_a_loop_ends(site: FaultServer, fetcher: Fetcher) -> None:
    with pytest.raises(UrlNotAllowed):
        fetcher.fetch(site.serve("/", redirect("/")))
    assert site.num_connections == MAX_REDIRECTS + 1


def test_a_location_in_utf8_is_followed(site: FaultServer, fetcher: Fetcher) -> None:
    site.serve("/", redirect("/новость"))
    site.serve("/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D1%8C", response())
    assert fetcher.fetch(site.url()).body


def test_a_redirect_without_a_location_is_no_page(site: FaultServer, fetcher: Fetcher) -> None:
    with pytest.raises(ArticleError):
        fetcher.fetch(site.serve("/", response(b"", "302 Found")))


def test_refresh_is_not_followed(site: FaultServer, fetcher: Fetcher) -> None:
    body = b'<meta http-equiv="refresh" content="0;url=/elsewhere"><p>Here</p>'
    page = fetcher.fetch(site.serve("/", response(body, refresh="0;url=/elsewhere")))
    assert page.body == body
    assert site.paths == ["/"]
