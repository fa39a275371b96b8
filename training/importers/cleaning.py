"""From a raw tweet to the text its readers saw. Drops nothing but links to media."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import urlsplit

from training.files import encodable
from training.importers.dates import to_utc
from training.importers.raw import RawTweet
from training.tweets import LINK, Tweet

_CJK = (
    "\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
    "\U00020000-\U0003ffff"
)
"""Chinese, Japanese and Korean, with their punctuation: written without spaces, so behind a link
too. Within one they stand in the names of hosts, before a dot."""
_URL = re.compile(
    r"https?://t\.co/[a-z0-9]+?(?=https?://|[^a-z0-9]|$)"
    rf"|https?://(?:[\w-]+\.)*[^\s<>\"\u201c\u201d{_CJK}]+",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"(?!https?://)[A-Za-z0-9/]")
"""Behind a known link: then it is the beginning of another."""
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
    text, found = _with_marks(text, {shown: address for shown, address in real.items() if shown})
    text = _NEEDLESS.sub(r"\1", _tidy(text))
    # Links beside the text, as tables have them, tell more than the short ones within it.
    beside = [link for shown, link in raw.links if not shown and not is_own_site(link)]
    links = tuple(dict.fromkeys(map(encodable, beside or found)))
    return Tweet(id=encodable(raw.id), text=text, created_at=to_utc(raw.created_at), links=links)


def _with_marks(text: str, real: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text with `[LINK]` for its links, and where they lead; `real` by the link as shown."""
    found: list[str] = []
    parts: list[str] = []
    end = 0
    while match := _URL.search(text, end):
        shown = _known(text, match.start(), real) or match.group().rstrip(_CLOSING)
        address = real.get(shown, shown)
        parts.append(text[end : match.start()])
        if not is_own_site(address):
            parts.append(LINK)
            found.append(address)
        end = match.start() + len(shown)
    return "".join([*parts, text[end:]]), found


def _known(text: str, start: int, real: Mapping[str, str]) -> str:
    """The longest link of those that stands here whole; empty where none does."""
    here = (
        shown
        for shown in real
        if text.startswith(shown, start) and not _GOES_ON.match(text, start + len(shown))
    )
    return max(here, key=len, default="")


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
