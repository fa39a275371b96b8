"""Text out of strings that should be plain and hold HTML: JSON-LD has no rule that sites keep."""

from __future__ import annotations

import re
from html import unescape

from lxml import etree

from service.articles.reading.hidden import prune_hidden
from service.articles.reading.page import parse

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_WRITTEN_TAG = re.compile(r"&lt;/?(p|div|br|h[1-6]|ul|li|strong|em|a)\b", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[a-zA-Z]\w{1,30});")
_BLOCKS = (
    *("p", "div", "br", "li", "ul", "ol", "table", "tr", "blockquote", "figure", "figcaption"),
    *("section", "article", "pre", "hr", "h1", "h2", "h3", "h4", "h5", "h6"),
)


def plain_line(text: str) -> str:
    """A title or a name, without tags and entities, also where those were written twice."""
    return _decoded(_decoded(_TAG.sub("", text)))


def plain_text(text: str) -> str:
    """A body, one paragraph a line; what its own markup hides is left out.

    Raises:
        TooLittleText, ArticleTooLarge: see `page.parse`.
    """
    if _WRITTEN_TAG.search(text) and not _TAG.search(text):
        text = _decoded(text)
    if not _TAG.search(text):
        return _decoded(text)
    tree = parse(" ".join(text.split()))
    prune_hidden(tree)
    etree.strip_elements(tree, "script", "style", with_tail=False)
    for block in tree.iter(*_BLOCKS):
        block.text = "\n" + (block.text or "")
        block.tail = "\n" + (block.tail or "")
    return str(tree.text_content())


def _decoded(text: str) -> str:
    # With a semicolon alone: `unescape` also reads "&not" and "&times" at the head of a word.
    return _ENTITY.sub(lambda match: unescape(match[0]), text) if "&" in text else text
