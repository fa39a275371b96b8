"""A page as a tree, parsed once, and what it states for machines: JSON-LD and meta tags."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from service.articles.text import normal_line
from service.errors import ArticleTooLarge, TooLittleText

MAX_ATTRIBUTES = 500
"""Of one tag. Real pages stay under a hundred, and libraries are quadratic in them."""
MAX_ELEMENTS = 100_000

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
# Long tags are checked before the parser sees them: it, too, is quadratic in attributes.
_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{5000,}")

_ATTRIBUTE = re.compile(r"\s[\w:.-]+\s*=")
_TOO_COMPLEX = etree.XPath(f"count(//*) > {MAX_ELEMENTS} or //*[count(@*) > {MAX_ATTRIBUTES}]")

MAX_META_CHARS = 2048


def parse(text: str) -> Any:
    """The tree (`lxml.html.HtmlElement`) of a page's text, without comments.

    Raises:
        TooLittleText: there is no markup at all.
        ArticleTooLarge: it is made to cost time.
    """
    if any(len(_ATTRIBUTE.findall(tag)) > MAX_ATTRIBUTES for tag in _LONG_TAG.findall(text)):
        raise ArticleTooLarge("The page is too complex to be read.")
    source = _DECLARATION.sub("", text.replace("\x00", "")).encode("utf-8", "replace")
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = html.document_fromstring(source, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        raise TooLittleText("There is no text at this URL.") from None
    if _TOO_COMPLEX(tree):
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


def meta_table(tree: Any) -> dict[str, str]:
    """Name, property or itemprop of each `<meta>`, in lower case -> its content; the first wins."""
    table: dict[str, str] = {}
    for element in tree.iter("meta"):
        for attribute in ("property", "name", "itemprop"):
            key = (element.get(attribute) or "").strip().lower()
            if key and key not in table:
                table[key] = normal_line((element.get("content") or "")[:MAX_META_CHARS])
    return table
