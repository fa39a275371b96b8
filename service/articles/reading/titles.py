"""Which of a page's titles is the article's, without the site's name behind it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_TITLE_CHARS = 300
MAX_SEPARATORS = 20
_SEPARATOR = re.compile(
    r"\s+[-–—|·•»«›‹<>:/~*]+\s+|\s+[-–—]+(?=\S)|(?<=\S)[-–—]+\s+|:\s+|\s*[|｜»›‹]\s*|\s+::\s+"
    r"|\s*[_＿]\s*(?=\S+$)|\s*[—–]{2}\s*"
)
_IN_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]+)[)\]]\s*")
_HOST = re.compile(r"(?:https?://)?(?:www\.)?([\w-]+)(?:\.[\w-]+)+/?", re.IGNORECASE)
_BEHIND_HEADING = re.compile(r"\s*[-–—|·•»«›‹<>:/~*_＿｜(\[]")
MIN_HEADING_CHARS = 12
"""A shorter one may be the kicker of a longer title: `Trams: council votes`."""
_SECTIONS = frozenset(
    (
        *(
            "news",
            "sport",
            "sports",
            "politics",
            "business",
            "world",
            "local",
            "opinion",
            "culture",
        ),
        *("technology", "tech", "science", "health", "entertainment", "lifestyle", "blog"),
        *("nachrichten", "politik", "wirtschaft", "actualités", "noticias", "notizie", "nieuws"),
    )
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
    heading, sections = titles.heading, _SECTIONS | _path_parts(url)
    places = {
        "json-ld": titles.json_ld,
        "open-graph": titles.open_graph,
        "newspaper": titles.newspaper,
        "html": titles.document,
    }
    stated = {
        origin: cut_section(title, cut_site(title, sites, heading), sections)
        for origin, title in places.items()
    }
    if key(heading) not in sites and any(_confirms(t, heading) for t in stated.values()):
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
    headings = {key(heading)} - {""} - sites
    brackets = list(_IN_BRACKETS.finditer(title))[-1:]
    if brackets and brackets[0].end() == len(title) and _is_site(brackets[0][1], sites):
        return title[: brackets[0].start()] or title
    for separator in list(_SEPARATOR.finditer(title))[:MAX_SEPARATORS]:
        head, tail = title[: separator.start()].strip(), title[separator.end() :].strip()
        if head and tail and (_is_site(tail, sites) or key(head) in headings):
            return head
        if head and tail and (_is_site(head, sites) or key(tail) in headings):
            return tail
    return title


def cut_section(whole: str, title: str, sections: set[str] | frozenset[str]) -> str:
    """Without the section that stood between the title and the site's name, which is cut."""
    last = list(_SEPARATOR.finditer(title))[-1:]
    if not last or title == whole or key(title[last[0].end() :]) not in sections:
        return title
    return title[: last[0].start()].strip() or title


def _confirms(title: str, heading: str) -> bool:
    """Whether a title is the heading, or the heading with something behind it."""
    if not heading or key(title) == key(heading):
        return bool(heading)
    longer = len(heading) >= MIN_HEADING_CHARS and title.casefold().startswith(heading.casefold())
    return longer and bool(_BEHIND_HEADING.match(title[len(heading) :]))


def _is_site(text: str, sites: set[str]) -> bool:
    host = _HOST.fullmatch(text)
    return key(text) in sites or (host is not None and key(host[1]) in sites)


def key(text: str) -> str:
    """What two spellings of one title or name share."""
    return _LETTERS.sub("", text.casefold())


def _host_names(url: str) -> list[str]:
    """`news.example.co.uk` may call itself example, news example or example.co.uk."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    labels = host.split(".")
    names = [host, ".".join(labels[-2:]), ".".join(labels[-3:]), *labels[:-1]]
    return [name for name in names if len(name) > 2]


def _path_parts(url: str) -> set[str]:
    parts = map(key, urlsplit(url).path.split("/"))
    return {part for part in parts if part and not part.isdigit()}
