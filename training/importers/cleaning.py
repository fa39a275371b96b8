"""From a raw tweet to the text its readers saw. Drops nothing but links to media."""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import urlsplit

from training.importers.dates import to_utc
from training.importers.raw import RawTweet
from training.tweets import LINK, Tweet

_URL = re.compile(r"https?://[^\s<>\"\u201d]+", re.IGNORECASE)
_CLOSING = ".,;:!?'\u2019)]}\u2026"
_OWN_SITE = re.compile(r"(?:^|\.)(?:twitter|x)\.com$")
_NEEDLESS = re.compile(r"([.!?:])…+(?=\s*\[LINK\])")
"""An API that cuts a tweet behind a whole sentence still says that it cut."""
_SPACES = re.compile(r"[^\S\n]+")


def clean(raw: RawTweet) -> Tweet:
    """Entities undone, links as `[LINK]`, media links gone, NFC, lines kept."""
    real = {html.unescape(shown): html.unescape(address) for shown, address in raw.links}
    text = _visible(html.unescape(raw.text))
    for shown in raw.media:
        text = text.replace(html.unescape(shown), "")
    found: list[str] = []

    def replace(match: re.Match[str]) -> str:
        shown = match.group().rstrip(_CLOSING)
        address = real.get(shown, shown)
        rest = match.group()[len(shown) :]
        if is_own_site(address):
            return rest
        found.append(address)
        return LINK + rest

    text = _NEEDLESS.sub(r"\1", _tidy(_URL.sub(replace, text)))
    # Links beside the text, as tables have them, tell more than the short ones within it.
    beside = [link for shown, link in raw.links if not shown and not is_own_site(link)]
    links = tuple(dict.fromkeys(beside or found))
    return Tweet(id=raw.id, text=text, created_at=to_utc(raw.created_at), links=links)


def is_own_site(url: str) -> bool:
    """Whether a link leads to another tweet, a quoted one or a picture, and to no article."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return bool(_OWN_SITE.search(host)) or host == "pic.twitter.com"


def _visible(text: str) -> str:
    """NFC, without control characters; newlines stay, and what joins emoji."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))


def _tidy(text: str) -> str:
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
