"""Takes out of a tweet what it may not hold: foreign links, handles and hashtags, by the rules.

What has a plain name in the article stays as that name: `@TomHanks` becomes "Tom Hanks".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from service.tweets.clean import settle
from service.tweets.entities import EMAIL, HANDLE, HASHTAG, LINK_MARK, link_spans
from service.tweets.grounding import (
    CAMEL_PARTS,
    Facts,
    is_grounded_handle,
    is_grounded_hashtag,
    is_grounded_link,
)
from service.tweets.tweet import Claim, ClaimKind, TweetRules
from service.tweets.words import fold

_READ_MORE = (
    r"(?:(?:read|see|learn|hear|find out|get) more|(?:read )?(?:the )?full (?:story|article))"
    r"(?: here| now| at| on| in)*|(?:more|details) (?:here|at|on)|(?:more|details|link|source)(?=:)"
)
_POINTERS = "via|by|cc|h/t|from|ht|rt|hat tip|photo|at|to|with|for|of|in|on|and"
_DANGLING = re.compile(rf"\s*(?:\b(?:{_READ_MORE}|{_POINTERS})\b|&)\s*:?\s*\Z", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s\b")
_REST_OF_ADDRESS = re.compile(
    r"(?::\d+)?(?:/[^\s\[]*[^\s\[.,;:!?'’\"”)\]…]|[?#&=][^\s\[]*[^\s\[.,;:!?'’\"”)\]…]|/)?"
)
"""Port, path and query, where what was taken for the link ended before them."""
_LONE_MARKS = re.compile(r"(?:(?<=\n)|\A)[ .,:;]+\Z")
_AT_START = re.compile(r"(?:\A|\n|[.!?…][\"”’)]*\s)[\"“„«»‘(\[\s]*\Z")
_NO_START = re.compile(r"(?: *(?:[,:;]|[.!?]+(?=\s|\Z)|[-–—|](?=\s)|(?:and\b|&)(?=\s)))+")
_LOOSE_END = " \n,;:–—|-"
_MAX_POINTER = 60
"""Characters before what goes in which words that point at it are looked for."""
_ENDS = re.compile(r" *(?:[.,;:!?…)\]]|\n|\Z)")
_LAST_TAGS = re.compile(r"(?:\s*[#＃]\w+)+\s*\Z")
_MIN_RUN_ON, _MAX_RUN_ON = 6, 30
"""Letters of a name that is looked for without its spaces; fewer are found in anything."""
_BARE_DOMAIN = re.compile(r"(?:www\.)?([\w\-]+)(?:\.[\w\-]+)+")


@dataclass(frozen=True, slots=True)
class Scrubbed:
    text: str
    """May still hold one `LINK_MARK`."""
    removed: tuple[Claim, ...]


def scrub(
    text: str,
    facts: Facts,
    rules: TweetRules,
    *,
    shown: str = "",
    tidied: Callable[[str], str] = settle,
) -> Scrubbed:
    """Apply the rules for links, handles and hashtags until they find nothing.

    Args:
        shown: the article's words, for the names of handles as it writes them.
        tidied: how `text` was cleaned, and is again after each round.
    """
    removed: list[Claim] = []
    for _ in range(len(text) + 1):
        shorter = tidied(_scrub_once(text, facts, rules, shown, removed))
        if shorter == text:
            break
        text = shorter
    return Scrubbed(text, tuple(removed))


def _scrub_once(
    text: str, facts: Facts, rules: TweetRules, shown: str, removed: list[Claim]
) -> str:
    text = _one_mark(text)
    text = _drop(text, link_spans(text), "link", lambda link: _domain_name(link, facts), removed)
    emails = [m.span() for m in EMAIL.finditer(text) if not _email_may_stay(m[0], facts, rules)]
    text = _drop(text, emails, "handle", lambda _: "", removed)
    handles = [m.span() for m in HANDLE.finditer(text) if not _may_stay(m[1], facts, rules)]
    text = _drop(text, handles, "handle", lambda handle: _plain_name(handle, facts, shown), removed)
    if rules.hashtags == "keep":
        return text
    last = _LAST_TAGS.search(text)
    ends = last.start() if last else len(text)
    tags = [m.span() for m in HASHTAG.finditer(text) if not _tag_may_stay(m[1], facts, rules)]
    inline, trailing = [s for s in tags if s[0] < ends], [s for s in tags if s[0] >= ends]
    text = _drop(text, trailing, "hashtag", lambda _: "", removed)
    return _drop(text, inline, "hashtag", lambda tag: tag.lstrip("#＃"), removed)


def _drop(
    text: str,
    spans: list[tuple[int, int]],
    kind: ClaimKind,
    instead: Callable[[str], str],
    removed: list[Claim],
) -> str:
    """Replace the spans; what pointed at something that is gone ("via @x") goes too."""
    for start, end in reversed(spans):
        what = text[start:end]
        name = instead(what)
        tail = text[end:]
        if "." in what:
            tail = tail[_end_of(_REST_OF_ADDRESS, tail) :]
        text = _put(text[:start], name, tail) if name else _close(text[:start], tail)
        removed.append(Claim(kind, what))
    return text


def _put(head: str, name: str, tail: str) -> str:
    before = " " if head[-1:].isalnum() else ""
    after = " " if tail[:1].isalnum() else ""
    return f"{head}{before}{name}{after}{tail}"


def _close(head: str, tail: str) -> str:
    """Two halves without what stood between them, nor what leaned on it."""
    near = max(0, len(head) - _MAX_POINTER)
    head = _LONE_MARKS.sub("", head[:near] + _DANGLING.sub("", head[near:]))
    tail = tail[_end_of(_POSSESSIVE, tail) :]
    if _AT_START.search(head):
        return head + tail[_end_of(_NO_START, tail) :].lstrip(" ")
    if _ENDS.match(tail):
        head = head.rstrip(_LOOSE_END)
    return f"{head} {tail}"


def _end_of(pattern: re.Pattern[str], text: str) -> int:
    """Where a match at the start of a text ends; 0 without one."""
    match = pattern.match(text)
    return match.end() if match else 0


def _one_mark(text: str) -> str:
    """At most one place for the link: the first."""
    head, mark, tail = text.partition(LINK_MARK)
    return head + mark + tail.replace(LINK_MARK, " ")


def _may_stay(handle: str, facts: Facts, rules: TweetRules) -> bool:
    if rules.mentions == "grounded":
        return is_grounded_handle(handle, facts)
    return rules.mentions == "keep"


def _email_may_stay(address: str, facts: Facts, rules: TweetRules) -> bool:
    if rules.mentions == "grounded":
        return is_grounded_link(address, facts)
    return rules.mentions == "keep"


def _tag_may_stay(tag: str, facts: Facts, rules: TweetRules) -> bool:
    return rules.hashtags == "grounded" and is_grounded_hashtag(tag, facts)


def _plain_name(handle: str, facts: Facts, shown: str) -> str:
    """The handle's name where the article has it: `@nasa` as "nasa", `@TomHanks` and `@tomhanks`
    as "Tom Hanks"."""
    name = handle.lstrip("@＠")
    if facts.has_word(fold(name)):
        return name
    parts = CAMEL_PARTS.findall(name)
    known = len(parts) > 1 and all(facts.has_word(fold(p)) for p in parts)
    return " ".join(parts) if known else _written_name(name, facts, shown)


def _written_name(name: str, facts: Facts, shown: str) -> str:
    """A name that the article writes in several words; empty where it has none such."""
    if not _MIN_RUN_ON <= len(name) <= _MAX_RUN_ON or fold(name) not in facts.run_on:
        return ""
    spaced = r"[ .'’\-]{0,2}".join(map(re.escape, name))
    found = re.finditer(rf"(?<!\w){spaced}(?!\w)", shown, re.IGNORECASE)
    return next((match[0] for match in found if any(map(str.isupper, match[0]))), "")


def _domain_name(link: str, facts: Facts) -> str:
    """ "Amazon" for `Amazon.com`, where the article has the domain or the name."""
    match = _BARE_DOMAIN.fullmatch(link)
    if match is None:
        return ""
    name = match[1]
    return name if is_grounded_link(link, facts) or facts.has_word(fold(name)) else ""
