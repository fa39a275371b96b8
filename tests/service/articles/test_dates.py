"""The day of an article is one that the page states whole, or none."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.articles.article import Article, FetchedPage
from service.articles.reading.dates import is_whole_date, iso
from service.articles.reading.reader import read_page

SENTENCE = "The council of Vastra Hamn voted to bring back its trams on Monday evening. "
META = '<meta property="article:published_time" content="{}">'
JSON_LD = '<script type="application/ld+json">{{"@type":"Article","datePublished":"{}"}}</script>'


def read(head: str, url: str = "https://bridge.example/1") -> Article:
    html = f"<html><head>{head}</head><body><p>{SENTENCE * 9}</p></body></html>"
    return read_page(FetchedPage(url, html.encode(), "text/html"), 200)


@pytest.mark.parametrize(
    "text", ["Friday", "10:30", "March 5", "-1", "2024", "2024-03", "soon", ""]
)
@pytest.mark.parametrize("name", ["article:published_time", "OriginalPublicationDate"])
def test_what_is_no_whole_date_is_none(name: str, text: str) -> None:
    for key in ("property", "name"):
        assert read(f'<meta {key}="{name}" content="{text}">').published is None


def test_the_next_place_is_asked_where_one_holds_half_a_date() -> None:
    article = read(f'<meta name="PublishDate" content="5 March 2024">{META.format("Friday")}')
    assert (article.published, article.origins["published"]) == ("2024-03-05", "newspaper")


@pytest.mark.parametrize("head", [META, JSON_LD])
def test_a_zone_that_is_none_costs_the_time_alone(head: str) -> None:
    assert read(head.format("2024-03-05T10:00:00+99:99")).published == "2024-03-05"


@pytest.mark.parametrize(
    ("text", "published"),
    [
        ("2024-03-05", "2024-03-05"),
        ("2024-03-05T10:00:00+01:00", "2024-03-05T10:00:00+01:00"),
        ("Tue, 05 Mar 2024 10:00:00 +0100", "2024-03-05T10:00:00+01:00"),
        ("0001-01-01T00:00:00", None),
    ],
)
def test_a_whole_date_is_taken(text: str, published: str | None) -> None:
    assert read(META.format(text)).published == published


@pytest.mark.parametrize(
    ("path", "published"), [("2024/03/05/trams", "2024-03-05"), ("2024/03/trams", None)]
)
def test_a_date_in_the_address_must_be_whole_too(path: str, published: str | None) -> None:
    assert read("", f"https://bridge.example/{path}").published == published


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_every_day_is_whole_in_iso(day: date) -> None:
    assert is_whole_date(day.isoformat())
    assert iso(day.isoformat()) == day.isoformat()
