"""Pages that stand where an article should: log in, consent, switch JavaScript on, nothing here.

What such a page says is told apart from an article by its sentences, which `notices.toml` lists:
sites speak of themselves and to the reader ("we use cookies", "sign in to continue"), while
articles about cookies do not.
"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import Any

from service.articles.reading.titles import key

MAX_NOTICE_CHARS = 500
"""A longer paragraph is an article's, whatever words it holds."""

_CODES = re.compile(r"404|410")


def split_notices(text: str) -> tuple[str, list[str]]:
    """The text without the paragraphs in which the site speaks for itself, and what those do:
    `asks for consent`, `asks to log in or subscribe`, …"""
    kept, kinds = [], []
    for line in text.split("\n"):
        kind = notice_kind(line)
        if kind:
            kinds.append(kind)
        else:
            kept.append(line)
    return "\n".join(kept), kinds


def notice_kind(line: str) -> str:
    """What a notice does; empty for any other paragraph."""
    if len(line) > MAX_NOTICE_CHARS:
        return ""
    return next((kind for kind, pattern in _NOTICES if pattern.search(line)), "")


def is_error_title(title: str) -> bool:
    """Whether a title is an error's name alone: `404`, `Error 404: Page not found`."""
    words = key(_CODES.sub("", title))
    return words in _ERROR_TITLES if words else bool(_CODES.search(title))


def _load() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("notices.toml").read_text("utf-8"))


_DATA = _load()
_NOTICES = tuple(
    (kind, re.compile("|".join(table["patterns"]), re.IGNORECASE))
    for kind, table in _DATA["notices"].items()
)
_ERROR_TITLES = frozenset(map(key, _DATA["titles"]["errors"]))
