"""Numbers in a text, in figures and in words, with what they count: per cent, money, nothing.

"3,000", "3000", "3k" and "three thousand" are one number. Knows English number words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

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
            *("ninth", "tenth", "eleventh", "twelfth"),
        ],
        start=1,
    )
}
_MONEY = {
    **dict.fromkeys(("$", "us$", "usd", "dollar", "dollars", "buck", "bucks"), "$"),
    **dict.fromkeys(("€", "eur", "euro", "euros"), "€"),
    **dict.fromkeys(("£", "gbp", "pound", "pounds", "quid"), "£"),
    **dict.fromkeys(("¥", "jpy", "yen"), "¥"),
    **dict.fromkeys(("₹", "rs", "inr", "rupee", "rupees"), "₹"),
}
_FIGURES = r"\d{1,3}(?:[, '’]\d{3})+(?:\.\d+)?(?!\d)|\d+(?:[.,]\d+)*"
_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_LONG_SCALE = "|".join(_LONG_SCALES)
_WORD = "|".join([*_UNITS, *_TENS])
_SPOKEN = (
    rf"(?:half\s)?an?\s(?:{_LONG_SCALE})"
    rf"|(?:{_WORD})(?![^\W_])(?:[\s-]+(?:and\s)?(?:{_WORD}|{_LONG_SCALE})(?![^\W_]))*"
)
_BEFORE = r"us\$|usd\s|eur\s|gbp\s|[$€£¥₹]"
_AFTER = r"%|per\s?cent\b|percentage\b|pct\b|[€£¥$]|" + "|".join(
    rf"{word}\b" for word in _MONEY if word.isalpha() and len(word) > 2
)
_QUANTITY = re.compile(
    rf"(?<![\w.,])(?P<before>{_BEFORE})?\s?"
    rf"(?:(?P<figures>{_FIGURES})(?:st|nd|rd|th|s)?(?:[\s-]?(?P<scale>{_SCALE}))?|(?P<words>{_SPOKEN}))"
    rf"(?![^\W_])(?:[\s-]?(?P<after>{_AFTER}))?",
    re.IGNORECASE,
)
_ORDINAL = re.compile(rf"\b(?:{'|'.join(_ORDINALS)})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as a text has it."""

    text: str
    start: int
    values: frozenset[Decimal]
    """What it may mean: `3.000` is three or three thousand."""
    unit: str
    """`%`, a currency sign, or empty."""

    @property
    def is_weak(self) -> bool:
        """A bare "one": more often a pronoun than a number."""
        return self.text.casefold() == "one" and not self.unit


def quantities(text: str) -> Iterator[Quantity]:
    """All numbers of a text in order; ordinals in words are left out, they mean too much else."""
    for match in _QUANTITY.finditer(text):
        unit = _unit(match["before"] or match["after"] or "")
        yield Quantity(match.group().strip(), match.start(), frozenset(_values(match)), unit)


def ordinals(text: str) -> set[Decimal]:
    """The numbers of "first" to "twelfth" in a text."""
    return {_ORDINALS[match.group().casefold()] for match in _ORDINAL.finditer(text)}


def _values(match: re.Match[str]) -> set[Decimal]:
    if match["words"]:
        return {_spoken(match["words"])}
    plain, scale = _figures(match["figures"]), (match["scale"] or "").casefold()
    scaled = {value * _SCALES[scale] for value in plain} if scale else plain
    # "5m" may be metres; "5 million" is never five.
    return scaled if scale in _LONG_SCALES else scaled | plain


def _figures(figures: str) -> set[Decimal]:
    """`3,000` is grouped, `3.5` and `1,5` have decimals, `3.000` may be either."""
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


def _unit(sign: str) -> str:
    sign = sign.strip().casefold()
    if not sign:
        return ""
    return _MONEY.get(sign, "%")
