"""What numbers count: money, per cent, and the measures that news articles use, in all their forms.

Pure data and look-ups. One form may stand for two units: "20 pounds" are money or weight.
"""

from __future__ import annotations

import re
from decimal import Decimal

_LARGE = 1000
DECADE = "s"
"""The unit of "1990s"."""
METRE = "m"
_DOLLARS = {
    **dict.fromkeys(("a$", "au$", "aud", "australian dollar"), "a$"),
    **dict.fromkeys(("c$", "ca$", "cad", "canadian dollar"), "c$"),
    **dict.fromkeys(("nz$", "nzd", "new zealand dollar"), "nz$"),
    **dict.fromkeys(("hk$", "hkd", "hong kong dollar"), "hk$"),
    **dict.fromkeys(("s$", "sgd", "singapore dollar"), "s$"),
}
_MONEY = {
    **dict.fromkeys(("$", "us$", "usd", "us dollar", "u.s. dollar", "dollar", "buck"), "$"),
    **_DOLLARS,
    **dict.fromkeys(("€", "eur", "euro"), "€"),
    **dict.fromkeys(("£", "gbp", "pound", "quid"), "£"),
    **dict.fromkeys(("¥", "jpy", "yen"), "¥"),
    **dict.fromkeys(("yuan", "cny", "rmb", "renminbi"), "yuan"),
    **dict.fromkeys(("₹", "rs", "inr", "rupee"), "₹"),
    **dict.fromkeys(("₽", "ruble", "rouble"), "₽"),
    **dict.fromkeys(("r$", "brl", "reais"), "r$"),
    **dict.fromkeys(("chf", "swiss franc", "franc"), "chf"),
    **dict.fromkeys(("₿", "bitcoin", "btc"), "₿"),
    **dict.fromkeys(("₩", "krw"), "₩"),
    **dict.fromkeys(("₪", "shekel"), "₪"),
    **dict.fromkeys(("krona", "kronor", "kroner", "krone", "sek", "nok", "dkk"), "kr"),
    "zar": "rand",
    "cent": "¢",
    "baht": "baht",
    "dirham": "dirham",
    "lira": "lira",
    "naira": "naira",
    "peso": "peso",
    "riyal": "riyal",
    "rupiah": "rupiah",
    "zloty": "zloty",
}
_MEASURES = {
    **dict.fromkeys(("km", "kilometre", "kilometer"), "km"),
    **dict.fromkeys(("metre", "meter"), METRE),
    **dict.fromkeys(("cm", "centimetre", "centimeter"), "cm"),
    **dict.fromkeys(("mm", "millimetre", "millimeter"), "mm"),
    "mile": "mile",
    **dict.fromkeys(("ft", "feet", "foot"), "ft"),
    "inch": "inch",
    **dict.fromkeys(("yd", "yard"), "yard"),
    **dict.fromkeys(("mph", "miles per hour", "miles an hour"), "mph"),
    **dict.fromkeys(("kph", "kmh", "km/h", "kilometres per hour", "kilometers per hour"), "km/h"),
    **dict.fromkeys(("kg", "kilo", "kilogram"), "kg"),
    **dict.fromkeys(("lb", "pound"), "lb"),
    **dict.fromkeys(("tonne", "ton"), "ton"),
    "acre": "acre",
    **dict.fromkeys(("°", "degree"), "°"),
    **dict.fromkeys(("°c", "c", "degrees celsius", "celsius"), "°c"),
    **dict.fromkeys(("°f", "f", "degrees fahrenheit", "fahrenheit"), "°f"),
    **dict.fromkeys(("am", "a.m.", "a.m"), "am"),
    **dict.fromkeys(("pm", "p.m.", "p.m"), "pm"),
    "second": "second",
    **dict.fromkeys(("minute", "min"), "minute"),
    **dict.fromkeys(("hour", "hr"), "hour"),
    "day": "day",
    "week": "week",
    "month": "month",
    **dict.fromkeys(("year", "yr"), "year"),
    **dict.fromkeys(("megabyte", "mb"), "mb"),
    **dict.fromkeys(("gigabyte", "gb"), "gb"),
    **dict.fromkeys(("terabyte", "tb"), "tb"),
    "x": "times",
}
_LOOSE = frozenset(_MEASURES.values()) - {METRE}
_DEGREES = frozenset(["°", "°c", "°f"])
_PER_CENT = r"%|per\s?cent\b|percentage\b|pct\b"
_SIGNS = [form for form in _MONEY if not form[-1].isalpha()]
_CODES = [form for form in _MONEY if form.isalpha() and len(form) < 4]
_WORDS = [form for form in [*_MONEY, *_MEASURES] if len(form) > 1 and form[-1].isalpha()]


def _alternatives(forms: list[str]) -> str:
    return "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))


BEFORE = rf"{_alternatives(_SIGNS)}|(?:{_alternatives(_CODES)})\.?\s?"
"""A pattern for what stands before a number."""
AFTER = "|".join(
    [
        _PER_CENT,
        rf"(?:{_alternatives([form for form in _MONEY if len(form) == 1])})(?!\s?\d)",
        r"°[cf]?(?![^\W_])|[ap]\.m\b\.?|km/h\b",
        # "40C" and "5x" are glued: "5 C" is something else.
        r"(?<=\d)[cfx](?![^\W_])",
        rf"(?:{_alternatives(_WORDS)})s?(?:es)?(?![^\W_])",
    ]
)
"""A pattern for what stands behind it."""


def units_of(sign: str) -> frozenset[str]:
    """The units that a match of `BEFORE` or `AFTER` may mean; the empty one for no sign."""
    sign = re.sub(r"\s+", " ", sign.strip().casefold())
    if not sign:
        return frozenset([""])
    forms = (sign, sign.rstrip("."), sign.removesuffix("s"), sign.removesuffix("es"))
    found = {table[form] for table in (_MONEY, _MEASURES) for form in forms if form in table}
    return frozenset((_DEGREES if "°" in found else found) or {"%"})


def is_loose(unit: str) -> bool:
    """Whether a number without a unit may mean the same: "7 years" and "aged 7", never "7%"."""
    return unit in _LOOSE


def general(unit: str) -> str:
    """What a unit may be called for short: A$ are dollars; mostly the unit itself."""
    return "$" if unit in _DOLLARS.values() else unit


def may_be_left_out(value: Decimal, unit: str) -> bool:
    """Whether a writer may leave the unit out: a headline says "165k" for "$165,000"."""
    return is_loose(unit) or (unit in _MONEY.values() and value >= _LARGE)
