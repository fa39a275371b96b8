"""Numbers in a text, in figures and in words, with what they count: per cent, money, nothing.

"3,000", "3000", "3k" and "three thousand" are one number. Knows English number words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from service.tweets.units import AFTER, BEFORE, DECADE, METRE, is_loose, units_of

_ONE = Decimal(1)
_MAX_JOINT = 5
"""The characters between the two numbers of a range."""
_UNITS = {
    word: Decimal(value)
    for value, word in enumerate(
        [
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
            *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
            *("seventeen", "eighteen", "nineteen"),
        ]
    )
}
_TENS = {
    word: Decimal(10 * value)
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SCALES = {
    "hundred": Decimal(100),
    "dozen": Decimal(12),
    **dict.fromkeys(("thousand", "k"), Decimal(10**3)),
    **dict.fromkeys(("million", "mio", "mn", "mln", "m"), Decimal(10**6)),
    **dict.fromkeys(("billion", "bn", "b"), Decimal(10**9)),
    **dict.fromkeys(("trillion", "tn", "tr"), Decimal(10**12)),
}
_LONG_SCALES = ("hundred", "dozen", "thousand", "million", "billion", "trillion")
_ORDINALS = {
    word: Decimal(value)
    for value, word in enumerate(
        [
            *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"),
            *("ninth", "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth"),
            *("fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth"),
        ],
        start=1,
    )
}
_FIGURES = r"\d*[½¼¾]|\d{1,3}(?:[, '’]\d{3})+(?:\.\d+)?(?!\d)|\d+(?:[.,]\d+)*"
_FRACTIONS = {"½": Decimal("0.5"), "¼": Decimal("0.25"), "¾": Decimal("0.75")}
_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_LONG_SCALE = "|".join(_LONG_SCALES)
_WORD = "|".join([*_UNITS, *_TENS])
_SPOKEN = (
    rf"half\sa(?=\sper\s?cent)|(?:half\s)?an?\s(?:{_LONG_SCALE})"
    rf"|(?:{_WORD})(?![^\W_])(?:[\s-]+(?:and\s)?(?:{_WORD}|{_LONG_SCALE})(?![^\W_]))*"
)
_QUANTITY = re.compile(
    rf"(?<![\w.,])(?P<before>{BEFORE})?\s?"
    rf"(?:(?P<figures>{_FIGURES})(?:(?P<decade>s)|st|nd|rd|th)?"
    rf"(?:[\s-]?(?P<scale>{_SCALE})(?![^\W_]))?|(?P<words>{_SPOKEN})(?![^\W_]))"
    rf"(?:[\s-]?(?P<after>{AFTER}))?(?![^\W_])",
    re.IGNORECASE,
)
_DECADES = {
    word: Decimal(10 * value)
    for value, word in enumerate(
        ["twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties"], start=2
    )
} | {"nineties": Decimal(90)}
_DECADE = re.compile(rf"\b(?:{'|'.join(_DECADES)})\b", re.IGNORECASE)
_ORDINAL = re.compile(rf"\b(?:{'|'.join(_ORDINALS)})\b", re.IGNORECASE)
_RANGE = re.compile(r"\s?(?:[-–—/]|to|and|or)\s?")

Reading = tuple[Decimal, str]
"""A value and its unit, as `units` names it."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as a text has it."""

    text: str
    start: int
    readings: frozenset[Reading]
    """What it may mean: `3.000` is three or three thousand, `5m` five million or five metres."""
    scale: Decimal
    """1 where no scale stands behind the figures."""

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def is_weak(self) -> bool:
        """A bare "one" or "one day": more often a pronoun or a figure of speech than a number."""
        return self.text.casefold().startswith("one") and all(
            value == 1 and (not unit or is_loose(unit)) for value, unit in self.readings
        )


def quantities(text: str) -> list[Quantity]:
    """All numbers of a text in order; ordinals in words are left out, they mean too much else."""
    found = [_quantity(match) for match in _QUANTITY.finditer(text)]
    for i, (a, b) in enumerate(pairwise(found)):
        if b.start - a.end <= _MAX_JOINT and _RANGE.fullmatch(text[a.end : b.start]):
            found[i], found[i + 1] = _as_range(found[i], b)
    decades = (
        Quantity(match.group(), match.start(), _decade(_DECADES[match.group().casefold()]), _ONE)
        for match in _DECADE.finditer(text)
    )
    return [*found, *decades]


def ordinals(text: str) -> set[Decimal]:
    """The numbers of "first" to "twentieth" in a text."""
    return {_ORDINALS[match.group().casefold()] for match in _ORDINAL.finditer(text)}


def _quantity(match: re.Match[str]) -> Quantity:
    lead = len(match.group()) - len(match.group().lstrip())
    scale = _SCALES[match["scale"].casefold()] if match["scale"] else _ONE
    return Quantity(
        match.group().strip(), match.start() + lead, frozenset(_readings(match, scale)), scale
    )


def _readings(match: re.Match[str], scale: Decimal) -> Iterator[Reading]:
    units = units_of(match["before"] or match["after"] or "")
    values = {_spoken(match["words"])} if match["words"] else _figures(match["figures"])
    if match["decade"] and units == {""}:
        for value in values:
            yield from _decade(value)
        return
    yield from ((value * scale, unit) for value in values for unit in units)
    if (match["scale"] or "").casefold() == METRE and units == {""}:
        yield from ((value, METRE) for value in values)


def _decade(value: Decimal) -> frozenset[Reading]:
    """The 90s may be those of the last century, or the age of a man."""
    if value < 100:
        return frozenset({(value, ""), (value + 1900, DECADE)})
    return frozenset({(value, DECADE)})


def _as_range(a: Quantity, b: Quantity) -> tuple[Quantity, Quantity]:
    """Two numbers as one range: in "5-10 million euros" both are millions and euros, in "2019-20"
    the second is the year 2020."""
    low, high = set(a.readings), set(b.readings)
    units = {unit for _, unit in b.readings}
    if {unit for _, unit in a.readings} == {""} or a.scale < b.scale:
        scale = b.scale if a.scale == 1 else _ONE
        low |= {(value * scale, unit) for value, _ in low for unit in units}
    if units == {""}:
        high |= {(value, unit) for value, _ in high for _, unit in a.readings}
    if len(a.text) == 4 and len(b.text) == 2 and (a.text + b.text).isdigit():
        high |= {(Decimal(a.text[:2] + b.text), "")}
    return replace(a, readings=frozenset(low)), replace(b, readings=frozenset(high))


def _figures(figures: str) -> set[Decimal]:
    """`3,000` is grouped, `3.5` and `1,5` have decimals, `3.000` may be either."""
    if figures[-1] in _FRACTIONS:
        return {Decimal(figures[:-1] or 0) + _FRACTIONS[figures[-1]]}
    figures = re.sub(r"[ '’]", "", figures)
    found = set()
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", figures):
        found.add(Decimal(figures.replace(",", "")))
    elif re.fullmatch(r"\d+(?:[.,]\d+)?", figures):
        found.add(Decimal(figures.replace(",", ".")))
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+", figures):
        found.add(Decimal(figures.replace(".", "")))
    return found or {Decimal(re.sub(r"\D", "", figures))}


def _spoken(phrase: str) -> Decimal:
    """The value of "three hundred and five thousand"."""
    total, part = Decimal(0), Decimal(0)
    for word in re.split(r"[\s-]+", phrase.casefold()):
        if word == "half":
            part = Decimal("0.5")
        elif word in ("a", "an"):
            part = part or Decimal(1)
        elif word in ("hundred", "dozen"):
            part = (part or Decimal(1)) * _SCALES[word]
        elif word in _SCALES:
            total, part = total + (part or Decimal(1)) * _SCALES[word], Decimal(0)
        else:
            part += _UNITS.get(word, _TENS.get(word, Decimal(0)))
    return total + part
