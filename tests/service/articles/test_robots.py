"""robots.txt by RFC 9309, in words and over the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.articles.fetch import Fetcher
from service.articles.robots import parse_robots
from service.errors import ArticleUnreachable, BlockedBySite
from tests.service.articles.conftest import FaultServer, open_config, response

EXAMPLE = """
# comment
User-agent: otherbot
User-agent: Doc2Tweet
Disallow: /private   # here
Allow: /private/open
Disallow: /*.pdf$
Disallow: /caf%C3%A9
Disallow:

User-agent: *
Disallow: /
"""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True),
        ("/private", False),
        ("/private/x", False),
        ("/privateer", False),
        ("/private/open/x", True),
        ("/a/b.pdf", False),
        ("/a/b.pdf?x", True),
        ("/café", False),
        ("/caf%C3%A9s", False),
    ],
)
def test_the_longest_rule_of_the_own_group_decides(path: str, allowed: bool) -> None:
    assert parse_robots(EXAMPLE, "doc2tweet").allows(path) is allowed


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        ("<html>not found</html>", True),
        ("User-agent: *\nDisallow: /", False),
        ("user-agent:*\r\ndisallow:/\r\n", False),
        ("User-agent: other\nDisallow: /", True),
        ("User-agent: *\nDisallow: /page\nAllow: /page", True),
        ("Disallow: /", True),
        ("User-agent: *\nCrawl-delay: 5\nDisallow: /page$", False),
        ("User-agent: *\nDisallow: /p*e$", False),
        ("User-agent: *\nDisallow: /page*page$", True),
    ],
)
def test_robots_is_read_as_written(text: str, allowed: bool) -> None:
    assert parse_robots(text, "doc2tweet").allows("/page") is allowed


@given(st.text(max_size=300), st.text(alphabet="/ab*$%", max_size=30))
def test_nothing_in_it_fails(text: str, path: str) -> None:
    rules = parse_robots(f"User-agent: *\nDisallow: {path}\n{text}", "doc2tweet")
    assert rules.allows("/a") in (True, False)


def polite() -> Fetcher:
    return Fetcher(open_config(obey_robots=True))


def test_a_forbidden_page_is_not_asked_for(site: FaultServer) -> None:
    site.serve("/robots.txt", response(b"User-agent: *\nDisallow: /no", content_type="text/plain"))
    site.serve("/yes", response())
    fetcher = polite()
    with pytest.raises(BlockedBySite, match=r"robots\.txt"):
        fetcher.fetch(site.url("/no"))
    assert fetcher.fetch(site.url("/yes")).body
    assert site.paths == ["/robots.txt", "/yes"]


def test_a_redirect_to_a_forbidden_page_is_refused(site: FaultServer) -> None:
    site.serve("/robots.txt", response(b"User-agent: *\nDisallow: /no"))
    site.serve("/yes", response(b"", "302 Found", location="/no"))
    with pytest.raises(BlockedBySite):
        polite().fetch(site.url("/yes"))


def test_a_site_without_robots_allows(site: FaultServer) -> None:
    assert polite().fetch(site.serve("/", response())).body


def test_a_site_whose_robots_fails_forbids(site: FaultServer) -> None:
    site.serve("/robots.txt", response(b"", "503 Busy"))
    with pytest.raises(BlockedBySite):
        polite().fetch(site.serve("/", response()))


def test_a_site_that_is_closed_says_so(site: FaultServer) -> None:
    url = site.url()
    site.close()
    with pytest.raises(ArticleUnreachable):
        polite().fetch(url)


def test_a_page_that_a_user_names_is_fetched_without_asking(site: FaultServer) -> None:
    site.serve("/robots.txt", response(b"User-agent: *\nDisallow: /"))
    Fetcher(open_config()).fetch(site.serve("/", response()))
    assert site.paths == ["/"]
