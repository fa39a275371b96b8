"""Everything about an article but its text: title, authors, date, site, image, language.

JSON-LD and Open Graph are what the publisher states; newspaper3k fills what they leave out.
Each value is noted with where it came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

from newspaper import Config
from newspaper.extractors import ContentExtractor

from service.articles.language import detect_language
from service.articles.reading.dates import MIN_YEAR, iso, url_with_a_date
from service.articles.reading.facts import facts_tree
from service.articles.reading.guess import guess
from service.articles.reading.markup import plain_line, plain_text
from service.articles.reading.page import linked_data, meta_table
from service.articles.reading.titles import Titles, best_title
from service.articles.text import normal_line

MAX_AUTHORS = 8
MAX_NAME_CHARS = 80
MAX_URL_CHARS = 2048
_ARTICLE_TYPES = re.compile(r"article|posting|report|review|recipe|story|webpage", re.IGNORECASE)
_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_].*)?")
_NO_NAME = re.compile(
    r"https?:|www\.|@|\d{2}|[<>{}|/]|\b(staff writers?|posted|updated|published)\b", re.I
)


class Metadata:
    """What one page says of its article, found place by place.

    Made before the tree is pruned, since JSON-LD may stand in a hidden element; `look` comes after.
    """

    def __init__(self, tree: Any, url: str) -> None:
        self._tree = tree
        self._url = url
        self._newspaper = ContentExtractor(newspaper_config())
        objects = linked_data(tree)
        self._article = _article_object(objects)
        self._meta = meta_table(tree)
        self._facts = tree
        self.origins: dict[str, str] = {}

    def look(self) -> None:
        """Take from the pruned tree what newspaper needs of it, which is little."""
        self._facts = facts_tree(self._tree)

    def title(self) -> str:
        title, origin = best_title(
            Titles(
                json_ld=_text(self._article.get("headline")),
                open_graph=self._stated("og:title", "twitter:title"),
                heading=self.heading(),
                newspaper=normal_line(self._guessed_title()),
                document=normal_line(self._tree.findtext(".//title") or ""),
            ),
            self._site_names(),
            self._url,
        )
        return self._note("title", title, origin)

    def authors(self) -> tuple[str, ...]:
        stated = _names(self._article.get("author")) or _names(self._stated("author"))
        origin = "json-ld" if _names(self._article.get("author")) else "html"
        if not stated:
            stated = _names(guess(lambda: self._newspaper.get_authors(self._facts), []))
            origin = "newspaper"
        if stated:
            self.origins["authors"] = origin
        return stated

    def published(self) -> str | None:
        """ISO 8601."""
        stated = iso(_text(self._article.get("datePublished")))
        if stated:
            return self._note("published", stated, "json-ld")
        stated = iso(self._stated("article:published_time", "og:published_time"))
        if stated:
            return self._note("published", stated, "open-graph")
        guessed = guess(self._guessed_date, "")
        return self._note("published", guessed, "newspaper") if guessed else None

    def site_name(self) -> str | None:
        name = self._stated("og:site_name")
        if name:
            return self._note("site_name", name[:MAX_NAME_CHARS], "open-graph")
        publisher = self._article.get("publisher")
        name = _text(publisher.get("name")) if isinstance(publisher, dict) else ""
        if name:
            return self._note("site_name", name[:MAX_NAME_CHARS], "json-ld")
        host = (urlsplit(self._url).hostname or "").removeprefix("www.")
        return self._note("site_name", host, "url") if host else None

    def image_url(self) -> str | None:
        image = self._stated("og:image", "og:image:url", "og:image:secure_url", "twitter:image")
        origin = "open-graph"
        if not image:
            image, origin = _image(self._article.get("image")), "json-ld"
        if not image:
            found = guess(lambda: self._newspaper.get_meta_img_url(self._url, self._facts), "")
            image, origin = found or "", "newspaper"
        url = _web_url(image, self._url)
        return self._note("image_url", url, origin) if url else None

    def language(self, text: str) -> str | None:
        """What the text shows; what the page declares, where the text does not tell."""
        detected = detect_language(text)
        if detected:
            return self._note("language", detected, "text")
        declared = self._tree.get("lang") or self._stated("og:locale", "content-language")
        match = _LANGUAGE.fullmatch(normal_line(declared))
        return self._note("language", match[1].lower(), "html") if match else None

    def stated_body(self) -> str:
        """The text of JSON-LD's `articleBody`; empty where there is none."""
        body = self._article.get("articleBody")
        return guess(partial(plain_text, body), "") if isinstance(body, str) else ""

    def heading(self) -> str:
        """The first `<h1>` that stands in the article, else the first of the page."""
        headings = self._tree.xpath("//article//h1 | //main//h1") or self._tree.xpath("//h1")
        texts = (normal_line(heading.text_content()) for heading in headings)
        return next((text for text in texts if text), "")

    def _guessed_title(self) -> str:
        return guess(lambda: self._newspaper.get_title(self._facts), "") or ""

    def _guessed_date(self) -> str:
        url = url_with_a_date(self._url)
        found = self._newspaper.get_publishing_date(url, self._facts)
        if not isinstance(found, datetime) or found.year < MIN_YEAR:
            return ""
        bare = found.tzinfo is None and not (found.hour or found.minute or found.second)
        return found.date().isoformat() if bare else found.isoformat()

    def _site_names(self) -> Iterator[str]:
        yield self._stated("og:site_name")
        yield self._stated("application-name", "apple-mobile-web-app-title")
        publisher = self._article.get("publisher")
        if isinstance(publisher, dict):
            yield _text(publisher.get("name"))

    def _stated(self, *keys: str) -> str:
        """The content of the first of these meta tags that has one."""
        return next((self._meta[key] for key in keys if self._meta.get(key)), "")

    def _note(self, field: str, value: str, origin: str) -> str:
        if value:
            self.origins[field] = origin
        return value


def newspaper_config() -> Any:
    config = Config()
    config.fetch_images = False  # it opens sockets otherwise, to wherever the page says
    config.memoize_articles = False
    return config


def _article_object(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The one with a headline and an article's type; an empty one where there is none."""
    typed = [o for o in objects if _ARTICLE_TYPES.search(str(o.get("@type", ""))[:200])]
    for wanted in ("articleBody", "headline", "datePublished"):
        for candidate in typed:
            if candidate.get(wanted):
                return candidate
    return {}


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return normal_line(plain_line(value[:2000])) if isinstance(value, str) else ""


def _names(value: Any) -> tuple[str, ...]:
    """Names of people out of what JSON-LD, a meta tag or newspaper gives."""
    items = value if isinstance(value, list) else [value]
    texts = (_text(item.get("name")) if isinstance(item, dict) else _text(item) for item in items)
    names = (re.sub(r"^(by|von|par|por|di|от)\s+", "", text, flags=re.I) for text in texts)
    kept = (n for n in names if 1 < len(n) <= MAX_NAME_CHARS and not _NO_NAME.search(n))
    return tuple(dict.fromkeys(kept))[:MAX_AUTHORS]


def _image(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = value.get("url")
    return _text(value)


def _web_url(url: str, base: str) -> str:
    try:
        joined = urljoin(base, url) if url else ""
        scheme = urlsplit(joined).scheme
    except ValueError:
        return ""
    return joined if scheme in ("http", "https") and len(joined) <= MAX_URL_CHARS else ""
