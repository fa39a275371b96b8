"""Which rules of a page's sheets match which of its elements.

Selectors are read by cssselect and matched here from their last part, found by class, id or tag, so
that thousands of rules cost no search of the tree each. What depends on what a reader does
(`:hover`, `:checked`) matches nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import cssselect
from cssselect import parser as css
from cssselect.parser import SelectorError, parse_series

from service.errors import ArticleTooLarge

MAX_TRIES = 1_000_000
"""Comparisons of an element with a part of a selector; real pages stay under a tenth of that."""

_NAME = re.compile(r"[.#](?:[\w-]|[^\x00-\x7f])+|(?<![\w:.#-])[a-z][a-z0-9]*(?![\w|-])")
_WITHIN = re.compile(r"\[[^\]]*\]|\([^()]*\)")
T = TypeVar("T")


class Names:
    """The tags, classes and ids that a page has: a selector with others matches nothing, and need
    not be read."""

    def __init__(self, elements: list[Any]) -> None:
        self._known = {mark for element in elements for mark in (element.tag, *_marks(element))}

    def may_match(self, selector: str) -> bool:
        if "\\" in selector:
            return True
        plain = selector
        while (stripped := _WITHIN.sub(" ", plain)) != plain:
            plain = stripped
        return all(name in self._known for name in _NAME.findall(plain))


class Matcher(Generic[T]):
    """Selectors, each with something to say of what it matches."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._by_key: dict[str, list[tuple[Any, tuple[int, int, int], T]]] = defaultdict(list)
        self._tries = 0
        self._places: dict[tuple[Any, str | None, bool], dict[Any, int]] = {}

    def add(self, selector: str, said: T) -> None:
        if not self._names.may_match(selector):
            return
        try:
            parsed = cssselect.parse(selector)
        except SelectorError:
            return
        for one in parsed:
            if one.pseudo_element is None:
                entry = (one.parsed_tree, one.specificity(), said)
                self._by_key[_key(one.parsed_tree)].append(entry)

    def of(self, element: Any) -> Iterator[tuple[tuple[int, int, int], T]]:
        """(specificity, what is said) of each selector that matches.

        Raises:
            ArticleTooLarge: the page is made to cost time.
        """
        if not self._by_key:
            return
        for key in ("*", element.tag, *_marks(element)):
            for tree, specificity, said in self._by_key.get(key, ()):
                if self._matches(tree, element):
                    yield specificity, said

    def _matches(self, tree: Any, element: Any) -> bool:
        self._tries += 1
        if self._tries > MAX_TRIES:
            raise ArticleTooLarge("The page is too complex to be read.")
        if isinstance(tree, css.Element):
            return not tree.element or tree.element.lower() == element.tag
        if isinstance(tree, css.CombinedSelector):
            return self._matches(tree.subselector, element) and self._combined(tree, element)
        return self._matches(tree.selector, element) and self._is(tree, element)

    def _is(self, tree: Any, element: Any) -> bool:
        match tree:
            case css.Class():
                return tree.class_name in element.get("class", "").split()
            case css.Hash():
                return bool(tree.id == element.get("id"))
            case css.Attrib():
                return _has(tree, element.get(tree.attrib.lower()))
            case css.Negation():
                return not self._matches(tree.subselector, element)
            case css.Matching() | css.SpecificityAdjustment():
                return any(self._matches(one, element) for one in tree.selector_list)
            case css.Pseudo():
                return _is_placed(tree.ident, element)
            case css.Function():
                return self._is_nth(tree, element)
        return False

    def _combined(self, tree: Any, element: Any) -> bool:
        match tree.combinator:
            case " ":
                others = element.iterancestors()
            case ">":
                others = (e for e in (element.getparent(),) if e is not None)
            case "+":
                others = (e for e in (element.getprevious(),) if e is not None)
            case _:
                others = element.itersiblings(preceding=True)
        return any(self._matches(tree.selector, other) for other in others)

    def _is_nth(self, tree: Any, element: Any) -> bool:
        parent = element.getparent()
        if not tree.name.startswith("nth-") or parent is None:
            return False
        self._tries += 4
        try:
            step, offset = parse_series(tree.arguments)
        except ValueError:
            return False
        tag = None if tree.name.endswith("child") else element.tag
        behind = self._place(parent, tag, element, from_end="last" in tree.name) - offset
        return behind == 0 if step == 0 else behind % step == 0 and behind // step >= 0

    def _place(self, parent: Any, tag: str | None, element: Any, *, from_end: bool) -> int:
        """1 for the first among those of its parent with this tag; counted once for all of them."""
        key = parent, tag, from_end
        if key not in self._places:
            children = parent.iterchildren(tag or "*", reversed=from_end)
            self._places[key] = {child: place for place, child in enumerate(children, 1)}
        return self._places[key][element]


def _key(tree: Any) -> str:
    """Of the last part of a selector: `.class`, `#id` or the tag, whichever narrows most."""
    if isinstance(tree, css.CombinedSelector):
        return _key(tree.subselector)
    if isinstance(tree, css.Element):
        return (tree.element or "*").lower()
    if isinstance(tree, css.Hash):
        return f"#{tree.id}"
    inner = _key(tree.selector)
    if isinstance(tree, css.Class) and inner[0] not in ".#":
        return f".{tree.class_name}"
    return inner


def _marks(element: Any) -> list[str]:
    """`.class` and `#id`, each once."""
    classes, own_id = element.get("class"), element.get("id")
    marks = [f".{name}" for name in dict.fromkeys(classes.split())] if classes else []
    return [*marks, f"#{own_id}"] if own_id else marks


def _has(tree: Any, value: str | None) -> bool:
    if value is None or tree.operator == "exists":
        return value is not None
    wanted = tree.value.value
    match tree.operator:
        case "=":
            return bool(value == wanted)
        case "~=":
            return wanted in value.split()
        case "|=":
            return value == wanted or value.startswith(f"{wanted}-")
        case "^=":
            return bool(wanted) and value.startswith(wanted)
        case "$=":
            return bool(wanted) and value.endswith(wanted)
        case "*=":
            return bool(wanted) and wanted in value
    return False


def _is_placed(pseudo: str, element: Any) -> bool:
    """Of the pseudo-classes that say where an element stands; a state is never met."""
    before = "first" in pseudo or "only" in pseudo
    behind = "last" in pseudo or "only" in pseudo
    match pseudo:
        case "first-child" | "last-child" | "only-child":
            same: tuple[str, ...] = ()
        case "first-of-type" | "last-of-type" | "only-of-type":
            same = (element.tag,)
        case "root":
            return element.getparent() is None
        case "empty":
            return not len(element) and not element.text
        case "link" | "any-link":
            return element.tag == "a" and "href" in element.attrib
        case _:
            return False
    return not (
        (before and next(element.itersiblings(*same, preceding=True), None) is not None)
        or (behind and next(element.itersiblings(*same), None) is not None)
    )
