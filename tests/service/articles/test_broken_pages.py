"""Pages with what no page should have: the article is read all the same."""

from __future__ import annotations

import pytest

from service.articles.article import Article, FetchedPage
from service.articles.reading import decode, metadata
from service.articles.reading.reader import read_page

SENTENCE = "The council of Vastra Hamn voted to bring back its trams on Monday evening. "
TITLE = "Harbour town votes for its trams"


def read(head: str = f"<title>{TITLE}</title>", body: str = "") -> Article:
    page = f"<html><head>{head}</head><body><article>{body}<p>{SENTENCE * 9}</p></article></body>"
    return read_page(FetchedPage("https://bridge.example/1", page.encode(), "text/html"), 200)


@pytest.mark.parametrize("char", ["\x01", "\x0b", "\x1b", "\ufffe", "&#11;", "&#27;", "&#65534;"])
def test_characters_that_are_no_text(char: str) -> None:
    title = TITLE.replace(" town", f"{char} town")
    article = read(f'<title>{title}</title><meta name="author" content="Ilse{char} Quist">')
    assert article.title.replace("  ", " ") == TITLE
    assert article.authors == ("Ilse Quist",)


@pytest.mark.parametrize("tag", ['<p"q rel="author">', '<x:y"z class="byline">', "<a rel=me =x>"])
def test_tags_that_are_none(tag: str) -> None:
    assert read(body=f"{tag}Ilse Quist").title == TITLE


@pytest.mark.parametrize("rel", ["icon", "apple-touch-icon", "image_src"])
def test_addresses_that_are_none(rel: str) -> None:
    link = f'<link rel="{rel}" href="http://[[cdn]]/f.ico">'
    article = read(f'<title>{TITLE}</title>{link}<meta property="og:image" content="//[x/">')
    assert (article.title, article.image_url) == (TITLE, None)


@pytest.mark.parametrize(
    ("text", "authors"),
    [
        ("https://bridge.example/ilse", ()),
        ("HTTPS://bridge.example/ilse", ()),
        ("www.bridge.example", ()),
        ("ilse@bridge.example", ()),
        ("Ilse Quist, https://bridge.example/ilse", ("Ilse Quist",)),
    ],
)
def test_an_authors_address_is_no_name(text: str, authors: tuple[str, ...]) -> None:
    assert read(f'<title>{TITLE}</title><meta name="author" content="{text}">').authors == authors
    assert read(body=f'<a rel="author">{text}</a>').authors == authors


def fail(*_: object, **__: object) -> str:
    raise RecursionError


def test_a_library_that_fails_costs_its_guess_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("get_title", "get_authors", "get_publishing_date", "get_meta_img_url"):
        monkeypatch.setattr(metadata.ContentExtractor, name, fail)
    assert read().title == TITLE


def test_where_one_library_fails_the_next_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trafilatura.extract", fail)
    assert read().origins["text"] == "newspaper"


def test_a_charset_that_cannot_be_guessed_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "from_bytes", fail)
    text = decode.decode_page("Трамвай вернётся в город.".encode("koi8-r"), "text/html")
    assert text.endswith(".")
    assert "\ufffd" in text
