"""The article's URL as the one link that X makes of it. Knows no text and no article."""

from __future__ import annotations

import re
from urllib.parse import quote

from service.tweets import twitter_text

_URL = re.compile(r"https?://([^\s/?#]+)(?:[/?#]\S*)?", re.IGNORECASE)
_URL_SAFE = "/:?#[]@!$&'*+,;=%~-._"
_MAX_URL, _MAX_HOST = 2_048, 253
_HOST_DOT = re.compile(r"\.(?=:\d+\Z|\Z)")
_LOOSE_IN_PATH = re.compile(r"[.!:,;'()\[\]*$@~|&]+")
_LOOSE_IN_QUERY = re.compile(r"[?.!:,;'()\[\]*$@~|&]+")
"""What X takes for the sentence's and not for the link's, where a link would end with it."""
_MAX_REPAIRS = 16


def usable_link(url: str) -> str:
    """A URL as X would take it: one link from end to end; empty where it cannot be made one."""
    match = _URL.fullmatch(url)
    if match is None or len(url) > _MAX_URL or len(match[1]) > _MAX_HOST:
        return ""
    host = _HOST_DOT.sub("", match[1])
    head, rest = url[: match.start(1)] + host, url[match.end(1) :]
    return _as_one_link(head, rest) or _as_one_link(head, quote(rest, safe=_URL_SAFE))


def _as_one_link(head: str, rest: str) -> str:
    """The URL with as much of `rest` percent-encoded as X needs to link all of it; empty where
    that is not enough. A host that X does not know (an intranet's) is no link in any form."""
    for _ in range(_MAX_REPAIRS):
        url = head + rest
        start, end = next(iter(twitter_text.link_spans(url)), (1, 0))
        if start > 0 or end == len(url):
            return url
        escaped = _escape_at(rest, end - len(head)) if end >= len(head) else rest
        if escaped == rest:
            break
        rest = escaped
    return ""


def _escape_at(rest: str, at: int) -> str:
    """Path and query with the run of punctuation at `at` percent-encoded.

    The sign before a query stays what it is; with no query behind it, it goes.
    """
    if rest[at] == "?" and "?" not in rest[:at]:
        at += 1
        if at == len(rest):
            return rest[:-1]
    run = (_LOOSE_IN_QUERY if "?" in rest[:at] else _LOOSE_IN_PATH).match(rest, at)
    escaped = "".join(f"%{ord(char):02X}" for char in run[0]) if run else ""
    return rest[:at] + escaped + rest[run.end() if run else at :]
