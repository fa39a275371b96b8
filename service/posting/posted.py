"""A tweet as X gives it back, and whether it is the text that was sent.

X shortens links, escapes `&`, `<` and `>`, and composes characters; the comparison sees through
that and through nothing else.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

_SHORT_LINK = re.compile(r"https://t\.co/\w+")


@dataclass(frozen=True, slots=True)
class PostedTweet:
    id: str
    text: str
    """As X shows it."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Short link -> where it leads, as far as X says."""


def is_same(text: str, posted: PostedTweet) -> bool:
    """Whether `posted` is what came of sending `text`. A short link whose target X does not tell
    may stand for any word."""
    theirs = _plain(html.unescape(posted.text))
    pattern, end = "", 0
    for match in _SHORT_LINK.finditer(theirs):
        target = posted.links.get(match.group())
        link = r"\S+" if target is None else _link_pattern(target)
        pattern, end = pattern + re.escape(theirs[end : match.start()]) + link, match.end()
    return re.fullmatch(pattern + re.escape(theirs[end:]), _plain(text)) is not None


def _link_pattern(target: str) -> str:
    # A link may be written without its scheme, which X adds.
    bare = re.sub(r"^https?://", "", _plain(target)).rstrip("/")
    return rf"(?i:(?:https?://)?{re.escape(bare)}/?)"


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", unquote(text)).split())
