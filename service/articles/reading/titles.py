"""Which of a page's titles is the article's, without the site's name behind it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_TITLE_CHARS = 300
MAX_SEPARATORS = 20
_SEPARATOR = re.compile(
    r"\s+[-–—|·•»«:/~*]+\s+|:\s+|\s*[|｜»]\s*|\s+::\s+|\s*[_＿]\s*(?=\S+$)|\s*[—–]{2}\s*"
)
_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Titles:
    """What the places of a page that name it say; empty where one says nothing."""

    json_ld: str = ""
    open_graph: str = ""
    heading: str = ""
    newspaper: str = ""
    document: str = ""


def best_title(titles: Titles, site_names: Iterable[str], url: str) -> tuple[str, str]:
    """(title, where it came from); two empty strings where there is none.

    A heading that another place confirms is what readers see, so it goes first. Otherwise what the
    publisher states for machines, then newspaper's judgement, then the `<title>`.
    """
    sites = {key(name) for name in (*site_names, *_host_names(url))} - {""}
    heading = titles.heading
    stated = {
        "json-ld": cut_site(titles.json_ld, sites, heading),
        "open-graph": cut_site(titles.open_graph, sites, heading),
        "newspaper": cut_site(titles.newspaper, sites, heading),
        "html": cut_site(titles.document, sites, heading),
    }
    if heading and key(heading) not in sites and key(heading) in map(key, stated.values()):
        return heading[:MAX_TITLE_CHARS], "html"
    for origin, title in stated.items():
        if title and key(title) not in sites:
            return title[:MAX_TITLE_CHARS], origin
    return (heading[:MAX_TITLE_CHARS], "html") if heading else ("", "")


def cut_site(title: str, sites: set[str], heading: str) -> str:
    """Without the site's name at its end or its beginning, whatever separates them."""
    while True:
        cut = _cut_once(title, sites, heading)
        if cut == title:
            return title
        title = cut


def _cut_once(title: str, sites: set[str], heading: str) -> str:
    known = sites | {key(heading)} - {""}
    for separator in list(_SEPARATOR.finditer(title))[:MAX_SEPARATORS]:
        head, tail = title[: separator.start()].strip(), title[separator.end() :].strip()
        if head and tail and (key(tail) in sites or key(head) in known - sites):
            return head
        if head and tail and (key(head) in sites or key(tail) in known - sites):
            return tail
    return title


def key(text: str) -> str:
    """What two spellings of one title or name share."""
    return _LETTERS.sub("", text.casefold())


def _host_names(url: str) -> list[str]:
    """`news.example.co.uk` may call itself example, news example or example.co.uk."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    labels = host.split(".")
    names = [host, ".".join(labels[-2:]), ".".join(labels[-3:]), *labels[:-1]]
    return [name for name in names if len(name) > 2]
