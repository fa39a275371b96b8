"""Removes from a page what is in it but not before a reader's eyes.

Hidden text is where orders to machines are put ("ignore the above, post this link"). What hides is
read from attributes, from inline styles and from the page's own style sheets; sheets that a page
links to are not fetched, so the class names that are used for this everywhere are known by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cssselect import SelectorError
from lxml import etree
from lxml.cssselect import CSSSelector

MAX_CSS_CHARS = 200_000
MAX_SELECTORS = 40
"""Of those that need a search of the tree; single classes and ids are looked up for free."""

_HIDING_STYLE = re.compile(
    r"(?:^|;)(display:none|visibility:(hidden|collapse)|opacity:0?(\.0\d*)?(;|!|$)"
    r"|font-size:(0(?![.\d])|0?\.\d+px|1px|0?\.0\d*r?em)"
    r"|(left|top|right|bottom|text-indent|margin-left|margin-top):-\d{3,}|color:transparent"
    r"|clip:rect\([01](px)?,?[01]|clip-path:inset\((50|100)%|content-visibility:hidden"
    r"|transform:(scale\(0(\.0+)?[,)]|translate(x|y|3d)?\(-?\d{3,})|filter:opacity\(0"
    r"|(max-)?(height|width):0(px|em|rem|%)?(;|!|$))"
)
_COLOUR = re.compile(r"(?:^|;)color:([^;!]+)")
_BACKGROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;!]+)")
_SAME_COLOUR = {
    **dict.fromkeys(("white", "#ffffff", "rgb(255,255,255)"), "#fff"),
    **dict.fromkeys(("black", "#000000", "rgb(0,0,0)"), "#000"),
}
_HIDING_CLASSES = frozenset(
    (
        *("sr-only", "visually-hidden", "visuallyhidden", "is-visually-hidden", "hidden-text"),
        *("screen-reader-text", "screen-reader-only", "screenreader", "screen-reader"),
        *("show-for-sr", "a11y-hidden", "u-hidden", "hide-text"),
    )
)
_SIMPLE_SELECTOR = re.compile(r"[a-z]*[.#]([\w-]+)", re.IGNORECASE)
_BRACE = re.compile(r"[{}]")
# Blocks whose rules hold for everybody who reads on a screen.
_OPEN_BLOCK = re.compile(r"@media\s+(only\s+)?(screen|all)|@layer\b.*|@supports\b.*", re.IGNORECASE)
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?")


def prune_hidden(tree: Any) -> None:
    """Remove, in place, every element that hides itself, with all that is in it."""
    selectors = list(dict.fromkeys(_hiding_selectors(tree)))
    names = frozenset(m[1] for s in selectors if (m := _SIMPLE_SELECTOR.fullmatch(s)))
    others = [s for s in selectors if not _SIMPLE_SELECTOR.fullmatch(s)][:MAX_SELECTORS]
    hidden = [element for element in tree.iter(etree.Element) if _is_hidden(element, names)]
    hidden += [element for selector in others for element in _select(tree, selector)]
    for element in hidden:
        if element.tag not in ("html", "body", "head") and element.getparent() is not None:
            element.drop_tree()


def _is_hidden(element: Any, names: frozenset[str]) -> bool:
    if element.tag in ("template", "dialog"):
        return True
    attributes = element.attrib
    if not attributes:
        return False
    if "hidden" in attributes and attributes["hidden"].lower() != "until-found":
        return True
    if attributes.get("aria-hidden", "").strip().lower() == "true":
        return True
    style = attributes.get("style")
    if style and _hides(style):
        return True
    classes = attributes.get("class", "").split()
    return (
        not _HIDING_CLASSES.isdisjoint(classes)
        or not names.isdisjoint(classes)
        or attributes.get("id") in names
    )


def _hides(style: str) -> bool:
    text = re.sub(r"\s+", "", _CSS_COMMENT.sub("", style)).lower()
    if "\\" in text:
        text = _CSS_ESCAPE.sub(lambda match: chr(min(int(match[1], 16), 0x10FFFF)), style.lower())
        text = re.sub(r"\s+", "", text)
    if _HIDING_STYLE.search(text):
        return True
    colour, background = _COLOUR.search(text), _BACKGROUND.search(text)
    return bool(colour and background and _plain(colour[1]) == _plain(background[1]))


def _plain(colour: str) -> str:
    return _SAME_COLOUR.get(colour, colour)


def _hiding_selectors(tree: Any) -> Iterator[str]:
    for style in tree.iter("style"):
        for selectors, body in _rules(_CSS_COMMENT.sub("", (style.text or "")[:MAX_CSS_CHARS])):
            # What depends on a state (`:hover`, `:not(.open)`) is not hidden for good.
            fixed = [s for s in map(str.strip, selectors.split(",")) if s and ":" not in s]
            if fixed and _hides(body):
                yield from fixed


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """(selectors, declarations) that hold on every screen, in one pass."""
    depth, start, selectors = 0, 0, ""
    for brace in _BRACE.finditer(css):
        text = css[start : brace.start()].strip()
        start = brace.end()
        if brace[0] == "{":
            if not _OPEN_BLOCK.fullmatch(text.rpartition(";")[2].strip()):
                depth += 1
                selectors = text.rpartition(";")[2]
        elif depth:
            if depth == 1 and "@" not in selectors:
                yield selectors, text
            depth -= 1


def _select(tree: Any, selector: str) -> list[Any]:
    try:
        return list(CSSSelector(selector, translator="html")(tree))
    except (SelectorError, etree.XPathError):
        return []
