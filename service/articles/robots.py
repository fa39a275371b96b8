"""robots.txt by RFC 9309: whether a site wants a page to be read by a machine.

Asked where pages are collected (training), and before every page if the settings say so. Knows
nothing of sockets; how a robots.txt is fetched is handed in.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote

from service.articles.address_guard import Target
from service.errors import ArticleError, BlockedBySite

MAX_SITES = 1024
KEEP_S = 3600.0
MAX_CHARS = 512 * 1024
_LINE = re.compile(r"^[ \t]*([A-Za-z-]+)[ \t]*:[ \t]*([^#\r\n]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of the groups that speak to one agent."""

    rules: tuple[tuple[str, bool], ...] = ()
    """(path pattern, whether it allows)"""

    def allows(self, path: str) -> bool:
        """The longest pattern that matches decides; of two as long, the one that allows."""
        path = _normal(path)
        matches = [(len(p), allow) for p, allow in self.rules if _matches(p, path)]
        return max(matches)[1] if matches else True


ALLOW_ALL = Rules()
ALLOW_NOTHING = Rules((("/", False),))


def parse_robots(text: str, agent: str) -> Rules:
    """The rules for the product token `agent`; those for `*` where no group names it."""
    groups: dict[str, list[tuple[str, bool]]] = {}
    names: list[str] = []
    in_rules = False
    for match in _LINE.finditer(text[:MAX_CHARS]):
        field, value = match[1].lower(), match[2].strip()
        if field == "user-agent":
            names = [value.lower()] if in_rules else [*names, value.lower()]
            in_rules = False
            groups.setdefault(value.lower(), [])
        elif field in ("allow", "disallow"):
            in_rules = True
            for name in names if value else ():
                groups[name].append((_normal(value), field == "allow"))
    return Rules(tuple(groups.get(agent.lower(), groups.get("*", []))))


class RobotsPolicy:
    """Asks each site's robots.txt once an hour; safe to share between threads.

    `fetch_text` gets a Target and raises ArticleError like any fetch.
    """

    def __init__(self, user_agent: str) -> None:
        self._agent = user_agent.partition("/")[0].strip()
        self._kept: OrderedDict[tuple[str, str, int], tuple[float, Rules]] = OrderedDict()
        self._lock = threading.Lock()

    def require(self, target: Target, fetch_text: Callable[[Target], str]) -> None:
        """
        Raises:
            BlockedBySite: the site's robots.txt forbids the page, or could not be asked.
        """
        if not self._rules(target, fetch_text).allows(target.path):
            raise BlockedBySite("The site's robots.txt does not let machines read this page.")

    def _rules(self, target: Target, fetch_text: Callable[[Target], str]) -> Rules:
        site = (target.scheme, target.host, target.port)
        with self._lock:
            expires, rules = self._kept.get(site, (0.0, ALLOW_ALL))
        if expires > time.monotonic():
            return rules
        rules = self._ask(target, fetch_text)
        with self._lock:
            self._kept[site] = (time.monotonic() + KEEP_S, rules)
            while len(self._kept) > MAX_SITES:
                self._kept.popitem(last=False)
        return rules

    def _ask(self, target: Target, fetch_text: Callable[[Target], str]) -> Rules:
        robots = Target(target.scheme, target.host, target.port, "/robots.txt")
        try:
            return parse_robots(fetch_text(robots), self._agent)
        except ArticleError as error:
            # RFC 9309, 2.3.1: a site that has none (4xx) allows, one that fails forbids. What was
            # not answered at all would not be for the page either, and says why.
            status = error.extra.get("site_status")
            if not isinstance(status, int):
                raise
            return ALLOW_ALL if 400 <= status < 500 and status != 429 else ALLOW_NOTHING


def _normal(path: str) -> str:
    """One spelling for a path, however it is percent-encoded."""
    return quote(unquote(path), safe="/?:@!$&'()*+,;=~%-._")


def _matches(pattern: str, path: str) -> bool:
    """`*` is anything, `$` at the end is the end; in time linear to both, whatever the pattern."""
    anchored = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for piece in rest[:-1] if anchored else rest:
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    if not anchored:
        return True
    return path.endswith(rest[-1]) and len(path) - len(rest[-1]) >= at if rest else at == len(path)
