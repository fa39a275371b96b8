"""A page as a tree: parsed once, and rid of what no reader of it would see."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from service.articles.text import normal_line
from service.errors import ArticleTooLarge, TooLittleText

MAX_ATTRIBUTES = 1000
"""Of one tag. Real pages stay under a hundred, and libraries are quadratic in them."""
MAX_ELEMENTS = 100_000

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
# Long tags are checked before the parser sees them: it, too, is quadratic in attributes.
_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{20000,}")

_HIDING_STYLE = re.compile(
    r"(?:^|;)(display:none|visibility:(hidden|collapse)|opacity:0?(\.0+)?(;|!|$)|font-size:0(?!\.)"
    r"|(left|top|right|bottom|text-indent|margin-left|margin-top):-\d{3,}|color:transparent"
    r"|clip:rect\([01](px)?,?[01]|clip-path:inset\((50|100)%|content-visibility:hidden"
    r"|transform:scale\(0(\.0+)?[,)]|(max-)?(height|width):0(px|em|rem|%)?(;|!|$))"
)
_COLOUR = re.compile(r"(?:^|;)color:([^;!]+)")
_BACKGROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;!]+)")
_HIDING_CLASSES = frozenset(
    [
        "sr-only",
        "visually-hidden",
        "visuallyhidden",
        "screen-reader-text",
        "screen-reader-only",
        "screenreader",
        "screen-reader",
        "show-for-sr",
        "a11y-hidden",
        "hidden-text",
        "u-hidden",
        "is-visually-hidden",
        "hide-text",
    ]
)
_SIMPLE_SELECTOR = re.compile(r"[a-z]*[.#]([\w-]+)", re.IGNORECASE)
_BRACE = re.compile(r"[{}]")
MAX_CSS_CHARS = 200_000
MAX_META_CHARS = 2048
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def parse(text: str) -> Any:
    """The tree (`lxml.html.HtmlElement`) of a page's text, without comments.

    Raises:
        TooLittleText: there is no markup at all.
        ArticleTooLarge: it is made to cost time.
    """
    if any(tag.count("=") > MAX_ATTRIBUTES for tag in _LONG_TAG.findall(text)):
        raise ArticleTooLarge("The page is too complex to be read.")
    source = _DECLARATION.sub("", text.replace("\x00", "")).encode("utf-8", "replace")
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = html.document_fromstring(source, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        raise TooLittleText("There is no text at this URL.") from None
    if sum(1 for _ in tree.iter()) > MAX_ELEMENTS:
        raise ArticleTooLarge("The page is too complex to be read.")
    return tree


def linked_data(tree: Any) -> list[dict[str, Any]]:
    """Every object of the page's JSON-LD, nested ones of `@graph` included."""
    found: list[dict[str, Any]] = []
    for script in tree.iter("script"):
        if "ld+json" in (script.get("type") or "").lower() and script.text:
            found += _objects(_loads(script.text), depth=4)
    return found


def _loads(text: str) -> Any:
    text = text.strip().removeprefix("<!--").removeprefix("//<![CDATA[")
    text = text.removesuffix("-->").removesuffix("//]]>").strip().rstrip(";")
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _objects(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if isinstance(value, list) and depth:
        for item in value[:200]:
            yield from _objects(item, depth - 1)
    elif isinstance(value, dict):
        yield value
        for key in ("@graph", "mainEntity", "mainEntityOfPage") if depth else ():
            yield from _objects(value.get(key), depth - 1)


def prune_hidden(tree: Any) -> None:
    """Remove, in place, what is on the page but not before a reader's eyes."""
    names = _hidden_names(tree)
    hidden = [
        element
        for element in tree.iter(etree.Element)
        if element.tag not in ("html", "body", "head") and _is_hidden(element, names)
    ]
    for element in hidden:
        if element.getparent() is not None:
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
    if _HIDING_STYLE.search(text):
        return True
    colour, background = _COLOUR.search(text), _BACKGROUND.search(text)
    return bool(colour and background and colour[1] == background[1])


def _hidden_names(tree: Any) -> frozenset[str]:
    """Classes and ids that the page's own style sheets hide by a simple selector."""
    names: set[str] = set()
    for style in tree.iter("style"):
        for selectors, body in _rules(_CSS_COMMENT.sub("", (style.text or "")[:MAX_CSS_CHARS])):
            matches = (_SIMPLE_SELECTOR.fullmatch(s.strip()) for s in selectors.split(","))
            simple = [match[1] for match in matches if match]
            if simple and _hides(body):
                names.update(simple)
    return frozenset(names)


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """(selectors, declarations) outside of `@media` and the like, in one pass."""
    depth, start, selectors = 0, 0, ""
    for brace in _BRACE.finditer(css):
        text = css[start : brace.start()]
        if brace[0] == "{":
            depth += 1
            selectors = text
        else:
            if depth == 1 and "@" not in selectors:
                yield selectors, text
            depth = max(0, depth - 1)
        start = brace.end()


def meta_table(tree: Any) -> dict[str, str]:
    """Name, property or itemprop of each `<meta>`, in lower case -> its content; the first wins."""
    table: dict[str, str] = {}
    for element in tree.iter("meta"):
        for attribute in ("property", "name", "itemprop"):
            key = (element.get(attribute) or "").strip().lower()
            if key and key not in table:
                table[key] = normal_line((element.get("content") or "")[:MAX_META_CHARS])
    return table
