"""The rules of the style sheets that stand in a page, with where they hold. Matches nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

MAX_CSS_CHARS = 200_000
"""Of one `<style>`."""
MAX_NESTING = 6
MAX_PARENTS = 16
MAX_SELECTOR_CHARS = 300
EVERY_WIDTH, EVERY_HEIGHT = (320, 2500), (320, 2000)
"""Pixels of the screens that people read on, from the smallest to a large one."""

_STYLE_LINK = re.compile(r"\bstyle(sheet)?\b", re.IGNORECASE)
_BRACE = re.compile(r"[{}]")
# A string may hold braces or what looks like a comment, and a comment quotes.
_OPAQUE = re.compile(
    r"""/\*.*?(?:\*/|$)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|<!--|-->""", re.DOTALL
)
_MARKS = re.compile(r"[{}();,*<]")
_OUTER_COMMA = re.compile(r",(?![^(]*\))")
_WIDTH = re.compile(
    r"\((min|max)-(?:device-)?(width|height):([\d.]+)(px|em|rem)?\)"
    r"|\((width|height)(>=?|<=?)([\d.]+)(px|em|rem)?\)"
)
_FOR_ALL = re.compile(r"(only)?(screen|all)|not(print|speech)|\(color\)|")
_NOT_HERE = re.compile(r"\b(print|speech|dark)\b")


class Holds(IntEnum):
    """On which screens a rule is in force."""

    NEVER = 0
    SOMETIMES = 1
    ALWAYS = 2


@dataclass(frozen=True, slots=True)
class Rule:
    selectors: tuple[str, ...]
    block: str
    """Its declarations."""
    holds: Holds


def page_rules(tree: Any) -> Iterator[Rule]:
    """Those of every `<style>` that counts where scripts run, in the page's order."""
    for style in tree.iter("style"):
        holds = media_holds(style.get("media", ""))
        if holds and next(style.iterancestors("noscript", "template"), None) is None:
            yield from _rules(_OPAQUE.sub(_plain, (style.text or "")[:MAX_CSS_CHARS]), holds)


def all_sheets_read(tree: Any) -> bool:
    """Whether the page links to no sheet and has none that is longer than what is read of it."""
    texts = [style.text or "" for style in tree.iter("style")]
    if any(len(text) > MAX_CSS_CHARS or "@import" in text.lower() for text in texts):
        return False
    return not any(_STYLE_LINK.search(f"{a.get('rel')} {a.get('as')}") for a in tree.iter("link"))


def _plain(match: re.Match[str]) -> str:
    text = match[0]
    if text[0] not in "\"'":
        return " "
    return '""' if _MARKS.search(text) else text


def _rules(css: str, holds: Holds) -> Iterator[Rule]:
    """In one pass. A block within another is in force where both are."""
    open_blocks = [Rule((), "", holds)]
    start = 0
    for brace in _BRACE.finditer(css):
        before, start = css[start : brace.start()], brace.end()
        block, _, head = before.rpartition(";") if brace[0] == "{" else (before, "", "")
        current = open_blocks[-1]
        if current.selectors and current.holds and block.strip():
            yield Rule(current.selectors, block, current.holds)
        if brace[0] == "{":
            open_blocks.append(_opened(head.strip(), current, len(open_blocks)))
        elif len(open_blocks) > 1:
            open_blocks.pop()


def _opened(head: str, parent: Rule, depth: int) -> Rule:
    """The block that `head` begins, as a rule without declarations."""
    if depth > MAX_NESTING or not head or not parent.holds:
        return Rule((), "", Holds.NEVER)
    if head.startswith("@"):
        return Rule(parent.selectors, "", min(parent.holds, _at_rule_holds(head.lower())))
    parts = _OUTER_COMMA.split(head) if "(" in head else head.split(",")
    own = [part.strip() for part in parts]
    own = [part for part in own if part and len(part) <= MAX_SELECTOR_CHARS]
    return Rule(tuple(_nested(own, parent.selectors)), "", parent.holds)


def _nested(own: list[str], parents: tuple[str, ...]) -> Iterator[str]:
    """`.a{.b{` is `.a .b`, and `.a{&.b{` is `.a.b`."""
    if not parents:
        yield from own
        return
    for selector in own[:MAX_PARENTS]:
        for parent in parents[:MAX_PARENTS]:
            whole = selector.replace("&", parent) if "&" in selector else f"{parent} {selector}"
            if len(whole) <= MAX_SELECTOR_CHARS:
                yield whole


def _at_rule_holds(head: str) -> Holds:
    name, _, condition = head.partition(" ") if " " in head else head.partition("(")
    if name == "@layer":
        return Holds.ALWAYS
    if name == "@supports":
        return Holds.SOMETIMES if re.search(r"\bnot\b", condition) else Holds.ALWAYS
    if name == "@media":
        return media_holds(head.removeprefix("@media"))
    return Holds.SOMETIMES if name in ("@container", "@scope") else Holds.NEVER


def media_holds(queries: str) -> Holds:
    """Where one of these media queries is met."""
    return max(map(_query_holds, queries.lower().split(",")))


def _query_holds(query: str) -> Holds:
    parts = ["".join(part.split()) for part in re.split(r"\band\b", query)]
    if all(_FOR_ALL.fullmatch(part) or _met_by_all(part) for part in parts):
        return Holds.ALWAYS
    negated = "not" in query.split()
    return Holds.NEVER if _NOT_HERE.search(query) and not negated else Holds.SOMETIMES


def _met_by_all(condition: str) -> bool:
    found = _WIDTH.fullmatch(condition)
    if found is None:
        return False
    least = found[1] == "min" or (found[6] or "").startswith(">")
    pixels = float(found[3] or found[7]) * (1 if (found[4] or found[8] or "px") == "px" else 16)
    smallest, largest = EVERY_WIDTH if "width" in (found[2], found[5]) else EVERY_HEIGHT
    return pixels <= smallest if least else pixels >= largest
