"""Pages that stand where an article should: log in, consent, switch JavaScript on, nothing here.

What such a page says is told apart from an article by its sentences, which `notices.toml` lists:
sites speak of themselves and to the reader ("we use cookies", "sign in to continue"), while
articles about cookies do not.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from service.articles.reading.titles import key
from service.articles.text import weight

MAX_NOTICE_CHARS = 500
"""A longer paragraph is an article's, whatever words it holds."""
MAX_WALL_WEIGHT = 1500
"""A longer text is an article with at most a notice or two in it."""
MAX_ASIDE_CHARS = 250
"""How long such a notice is."""

MAX_LONE_WEIGHT = 600
"""Up to which a title alone decides."""
MIN_HEADLINES = 5
MAX_HEADLINE_WEIGHT = 150
MAX_TEASER_WEIGHT = 400
MAX_BEGINNING = 3
"""Paragraphs among which a wall shows what it is."""
_SENTENCE_ENDS = tuple(".!?…。！？।؟;:»”\"’')]}")

# What a site says in the midst of an article; the other kinds stand alone, and quoted in a longer
# text they are what it is about.
_ASIDES = ("asks for consent", "asks to log in or subscribe")
_CODES = re.compile(r"404|410")


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    words: tuple[str, ...]
    pattern: re.Pattern[str]

    def speaks(self, line: str, lowered: str) -> bool:
        return any(word in lowered for word in self.words) and bool(self.pattern.search(line))


def split_notices(text: str) -> tuple[str, list[str]]:
    """The text without the paragraphs in which the site speaks for itself, and what those do:
    `asks for consent`, `asks to log in or subscribe`, …"""
    may_be_wall = weight(text) <= MAX_WALL_WEIGHT
    kinds = _KINDS if may_be_wall else tuple(kind for kind in _KINDS if kind.name in _ASIDES)
    longest = MAX_NOTICE_CHARS if may_be_wall else MAX_ASIDE_CHARS
    kept, found = [], []
    for line in text.split("\n"):
        name = _notice(line, kinds) if len(line) <= longest else ""
        if name:
            found.append(name)
        else:
            kept.append(line)
    return "\n".join(kept), found


def wall_kind(titles: Iterable[str], text: str) -> str:
    """What a whole page does in the place of showing an article; empty where it shows one.

    `text` is all that could be read of it. A short one is a wall where it begins as none but walls
    do, where the site speaks for longer than the rest, or where its title says so; one of headlines
    or teasers alone leads to articles.
    """
    titles = tuple(filter(None, titles))
    if weight(text) <= MAX_WALL_WEIGHT:
        begun = filter(None, (_notice(line, _WALLS) for line in text.split("\n")[:MAX_BEGINNING]))
        if name := next(begun, ""):
            return name
        kept, found = split_notices(text)
        if found and weight(kept) < weight(text) / 2:
            return max(dict.fromkeys(found), key=found.count)
        named = [name for name in (_notice(title, _TITLE_KINDS) for title in titles) if name]
        if named and (found or weight(text) <= MAX_LONE_WEIGHT):
            return named[0]
    return "only lists headlines" if _only_headlines(text) or _teasers(titles, text) else ""


def _only_headlines(text: str) -> bool:
    lines = text.split("\n")
    if len(lines) < MIN_HEADLINES or max(map(weight, lines)) > MAX_HEADLINE_WEIGHT:
        return False
    return sum(line.endswith(_SENTENCE_ENDS) for line in lines) <= len(lines) / 10


def _teasers(titles: tuple[str, ...], text: str) -> bool:
    lines = text.split("\n")
    named = bool(titles) and all(key(title) in _SECTION_TITLES for title in titles)
    return named and len(lines) >= MIN_HEADLINES and max(map(weight, lines)) <= MAX_TEASER_WEIGHT


def is_error_title(title: str) -> bool:
    """Whether a title is an error's name alone: `404`, `Error 404: Page not found`."""
    words = key(_CODES.sub("", title))
    if not words:
        return bool(_CODES.search(title))
    return words in _ERROR_TITLES or words.removeprefix("error") in _ERROR_TITLES


def _notice(line: str, kinds: tuple[_Kind, ...]) -> str:
    lowered = line.lower()
    return next((kind.name for kind in kinds if kind.speaks(line, lowered)), "")


def _load() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("notices.toml").read_text("utf-8"))


def _kinds(table: dict[str, Any]) -> tuple[_Kind, ...]:
    return tuple(
        _Kind(name, tuple(kind["words"]), re.compile("|".join(kind["patterns"]), re.IGNORECASE))
        for name, kind in table.items()
    )


_DATA = _load()
_KINDS, _WALLS = _kinds(_DATA["notices"]), _kinds(_DATA["walls"])
# Error pages are told by their whole titles; a title that mentions an error may be an article's.
_TITLE_KINDS = tuple(kind for kind in _KINDS if kind.name != "says that there is no such page")
_ERROR_TITLES = frozenset(map(key, _DATA["titles"]["errors"]))
_SECTION_TITLES = frozenset(map(key, _DATA["titles"]["sections"]))
