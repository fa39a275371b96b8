"""The article's own text out of a pruned tree: trafilatura first, then second opinions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import trafilatura
from lxml import html
from newspaper import Article as NewspaperArticle

from service.articles.reading.guess import guess
from service.articles.reading.metadata import newspaper_config
from service.articles.reading.walls import split_notices, wall_kind
from service.articles.text import normal_text, weight
from service.errors import TooLittleText


def article_text(
    tree: Any, url: str, stated: str, titles: tuple[str, ...], min_chars: int
) -> tuple[str, str]:
    """(text, where it came from): the first reading that is long enough without its notices.

    `stated` is JSON-LD's `articleBody`, asked last; `titles` are the page's own.

    Raises:
        TooLittleText: none is; the detail says what stands there instead, where that is plain.
    """
    kinds: list[str] = []
    for origin, read in _readings(tree, url, stated):
        whole = normal_text(guess(read, ""))
        text, found = split_notices(whole)
        wall = wall_kind(titles, whole)
        if weight(text) >= min_chars and not wall:
            return text, origin
        kinds += [wall] if wall else found
    raise too_little(kinds)


def too_little(kinds: list[str]) -> TooLittleText:
    """The refusal, naming the most frequent kind of notice among those found."""
    if not kinds:
        return TooLittleText("The page holds too little text for an article.")
    kind = max(dict.fromkeys(kinds), key=kinds.count)
    return TooLittleText(f"The page holds too little text for an article: it {kind}.")


def _readings(tree: Any, url: str, stated: str) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "trafilatura", lambda: _trafilatura(tree, precise=True)
    yield "newspaper", lambda: _newspaper(tree, url)
    yield "json-ld", lambda: stated
    yield "trafilatura", lambda: _trafilatura(tree, precise=False)


def _trafilatura(tree: Any, *, precise: bool) -> str:
    text = trafilatura.extract(tree, include_comments=False, favor_precision=precise)
    return text or ""


def _newspaper(tree: Any, url: str) -> str:
    article = NewspaperArticle(url, config=newspaper_config())
    article.set_html(html.tostring(tree, encoding="unicode"))
    article.parse()
    return str(article.text)
