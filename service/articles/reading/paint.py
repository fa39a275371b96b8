"""Text in the colour of its ground: white on white, or on whatever ground the page states.

What a page does not state is as browsers have it, black on white. Where the ground is a picture, a
variable or stated for some screens alone, nothing is taken for hidden. Where not all of a page's
sheets were read, those that were are only the beginning of its style: the colours of letters are
then taken from attributes alone, where whoever wrote the text could put them.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from service.articles.reading.colours import NO_COLOUR, WHITE, Colour, alike, colour
from service.articles.reading.declarations import declared
from service.articles.reading.selectors import Matcher, Names
from service.articles.reading.sheets import Holds, Rule

_COLOURED = re.compile(r"color|background|\\\\", re.IGNORECASE)
_PICTURE = re.compile(r"unknown|url\(|gradient\(|image\(|image-set\(|element\(")
_WORD = re.compile(r"[^\s(/]+\([^()]*\)|[^\s/]+")
_NO_GROUND = re.compile(
    r"none|transparent|inherit|initial|unset|revert|(no-)?repeat(-[xy])?|round|space|center|top|left"
    r"|right|bottom|scroll|fixed|local|cover|contain|auto|(border|padding|content)-box|text|"
    r"[-+]?[\d.]+([a-z]+|%)?"
)
_DARK = re.compile(r"\b(dark|night)\b", re.IGNORECASE)
_DARK_SCHEME = re.compile(r"color-scheme\s*:[^;]*\bdark\b", re.IGNORECASE)
_INHERITED = ("inherit", "unset", "currentcolor", "revert")
_OWN_GROUND = frozenset(("button", "input", "select", "textarea", "mark", "svg", "canvas"))
_NOT_SEEN = frozenset(("head", "title", "script", "style", "noscript", "template"))
_ATTRIBUTES = {"color": "color", "text": "color", "bgcolor": "ground", "background": "picture"}
_INKED = etree.XPath(
    "//*[@color or @text or contains(translate(@style, 'COLR', 'colr'), 'color')"
    " or contains(@style, '\\\\')]"
)
_INLINE = (1 << 20, 0, 0)
_UNKNOWN = "unknown"

_Specificity = tuple[int, int, int]
_Stated = dict[str, tuple[tuple[bool, _Specificity], str]]
"""`color` (of the letters), `ground` or `picture` -> (rank in the cascade, value)."""


class Painter:
    """The colours that a page states for its elements, by its sheets and its attributes."""

    def __init__(self, rules: list[Rule], names: Names, *, all_read: bool) -> None:
        self._coloured = [rule for rule in rules if _COLOURED.search(rule.block)]
        self._all_read = all_read
        self._rules: Matcher[tuple[str, Holds]] = Matcher(names)
        self._grounds: dict[Any, Colour] = {}
        self._canvas = WHITE

    def unreadable(self, tree: Any) -> list[Any]:
        """The elements whose own text has the colour of the ground it stands on.

        Raises:
            ArticleTooLarge: the page is made to cost time.
        """
        if _says_dark(tree) or any(_DARK_SCHEME.search(rule.block) for rule in self._coloured):
            self._canvas = NO_COLOUR
        by_rules = self._all_read and self._coloured
        inked = set(_INKED(tree))
        if not by_rules and not inked:
            return []
        for rule in self._coloured:
            for selector in rule.selectors:
                self._rules.add(selector, (rule.block, rule.holds))
        found = []
        inks: dict[Any, Colour] = {}
        for element in tree.iter(etree.Element):
            inherited = inks.get(element.getparent(), NO_COLOUR)
            if by_rules or inherited or element in inked:
                inks[element] = ink = _ink(self._stated(element), inherited)
                if ink and element.tag not in _NOT_SEEN and alike(ink, self._ground(element)):
                    found.append(element)
        return found

    def _ground(self, element: Any) -> Colour:
        above = []
        while element is not None and element not in self._grounds:
            above.append(element)
            element = element.getparent()
        ground = self._canvas if element is None else self._grounds[element]
        for element in reversed(above):
            stated = self._stated(element)
            if element.tag in _OWN_GROUND and "ground" not in stated:
                ground = NO_COLOUR
            self._grounds[element] = ground = _ground(stated, ground)
        return ground

    def _stated(self, element: Any) -> _Stated:
        stated: _Stated = {}
        for specificity, (block, holds) in self._rules.of(element):
            _state(stated, block, specificity, holds)
        if "color" in stated and not self._all_read:
            stated["color"] = stated["color"][0], _UNKNOWN
        for attribute, name in _ATTRIBUTES.items():
            if attribute in element.attrib and name not in stated:
                value = element.get(attribute).strip().lower()
                stated[name] = (False, (0, 0, 0)), _UNKNOWN if name == "picture" else value
        if "style" in element.attrib:
            _state(stated, element.get("style"), _INLINE, Holds.ALWAYS)
        return stated


def _says_dark(tree: Any) -> bool:
    """Whether a page says that it is dark, or may be, without saying by which colours."""
    tops = [tree, *tree.iter("body")][:2]
    words = [top.get(name, "") for top in tops for name in ("class", "data-theme", "theme")]
    words += [meta.get("content", "") for meta in tree.iter("meta") if _is_scheme(meta)]
    return any(map(_DARK.search, words))


def _is_scheme(meta: Any) -> bool:
    return bool(meta.get("name", "").lower() == "color-scheme")


def _state(stated: _Stated, block: str, specificity: _Specificity, holds: Holds) -> None:
    """Enter a block's colours, each where it outranks what is there already."""
    for name, value in declared(block):
        bare, _, important = value.partition("!")
        for painted in _PAINTED.get(name, ()):
            rank = bool(important) or name.startswith("-webkit"), specificity
            if painted not in stated or stated[painted][0] <= rank:
                stated[painted] = rank, bare if holds is Holds.ALWAYS else _UNKNOWN


_PAINTED = {
    "color": ("color",),
    "-webkit-text-fill-color": ("color",),  # goes before `color`, however that is stated
    "background-color": ("ground",),
    "background-image": ("picture",),
    "background": ("ground", "picture"),
}


def _ink(stated: _Stated, inherited: Colour) -> Colour:
    value = stated["color"][1] if "color" in stated else "inherit"
    return inherited if value in _INHERITED else colour(value)


def _ground(stated: _Stated, behind: Colour) -> Colour:
    picture = stated["picture"][1] if "picture" in stated else ""
    if _PICTURE.search(picture):
        return NO_COLOUR
    words = _WORD.findall(stated["ground"][1]) if "ground" in stated else []
    words = [word for word in words if not _NO_GROUND.fullmatch(word)]
    if not words:
        return behind
    own = colour(words[0])
    return own if len(words) == 1 and len(own) == 4 and own[3] == 1 else _mixed(own, behind)


def _mixed(own: Colour, behind: Colour) -> Colour:
    """A ground that lets the one behind it through."""
    if not own or not behind:
        return NO_COLOUR
    alpha = own[3]
    seen = (alpha * o + (1 - alpha) * b for o, b in zip(own[:3], behind[:3], strict=True))
    return *seen, 1.0
