"""Removes from a page what is in it but not before a reader's eyes.

Hidden text is where orders to machines are put ("ignore the above, post this link"). What hides is
read from attributes, from inline styles and from the page's own style sheets; sheets that a page
links to are not fetched, so the class names that are used for this everywhere are known by name.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from lxml import etree

from service.articles.reading.declarations import hides
from service.articles.reading.paint import Painter
from service.articles.reading.selectors import Matcher, Names
from service.articles.reading.sheets import Holds, Rule, all_sheets_read, page_rules

_HIDING_CLASSES = frozenset(
    (
        *("sr-only", "visually-hidden", "visuallyhidden", "is-visually-hidden", "hidden-text"),
        *("screen-reader-text", "screen-reader-only", "screenreader", "screen-reader"),
        *("show-for-sr", "a11y-hidden", "u-hidden", "hide-text"),
    )
)
# What is hidden until a script gives it a class (`:not(.open)`) is not hidden for good.
_UNTIL = re.compile(r":not\((?!\s*:(first|last|only|nth|empty))")


def prune_hidden(tree: Any) -> None:
    """Remove, in place, every element that hides itself, with all that is in it, and text in the
    colour of its ground.

    Raises:
        ArticleTooLarge: the page is made to cost time.
    """
    elements = list(tree.iter(etree.Element))
    rules, names = list(page_rules(tree)), Names(elements)
    styles = _hiding_rules(rules, names)
    looks_hidden = cache(hides)
    # All are found before the first is dropped: where one stands decides on `:first-child`.
    hidden = [
        element
        for element in elements
        if _says_so(element)
        or looks_hidden(element.get("style", ""))
        or next(styles.of(element), None)
    ]
    for element in hidden:
        if element.tag not in ("html", "body", "head") and element.getparent() is not None:
            element.drop_tree()
    all_read = all_sheets_read(tree)
    _blank(tree, Painter(rules, names, all_read=all_read).unreadable(tree), all_read)


def _says_so(element: Any) -> bool:
    if element.tag in ("template", "dialog"):
        return True
    attributes = element.attrib
    if not attributes:
        return False
    if "hidden" in attributes and attributes["hidden"].lower() != "until-found":
        return True
    if "popover" in attributes or attributes.get("aria-hidden", "").strip().lower() == "true":
        return True
    return not _HIDING_CLASSES.isdisjoint(attributes.get("class", "").split())


def _hiding_rules(rules: list[Rule], names: Names) -> Matcher[bool]:
    styles: Matcher[bool] = Matcher(names)
    for rule in rules:
        if rule.holds is Holds.ALWAYS:
            here = [s for s in rule.selectors if names.may_match(s) and not _UNTIL.search(s)]
            for selector in here if here and hides(rule.block) else ():
                styles.add(selector, True)
    return styles


def _blank(tree: Any, elements: list[Any], all_read: bool) -> None:
    """Remove the own text of these, what stands behind their children included.

    Where a sheet was not read, most of a page's text in white says that the page is a dark one.
    """
    texts = {element: _own_text(element) for element in elements}
    whole = sum(map(len, tree.itertext(etree.Element)))
    if 2 * sum(map(len, texts.values())) > whole and not all_read:
        return
    for element in elements:
        element.text = None
        for child in element:
            child.tail = None


def _own_text(element: Any) -> str:
    return "".join([element.text or "", *(child.tail or "" for child in element)])
