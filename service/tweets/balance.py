"""Brackets and double quotes that have no partner, in many languages. Knows signs, no words."""

from __future__ import annotations

import re

_FAMILIES = (
    *({"(": ")"}, {"[": "]"}, {"{": "}"}),
    *({"„": "“”", "“": "”", "”": "”"}, {"«": "»", "»": "«»"}),
)
"""What opens, and what closes it, in any language: “en”, „de“, „pl”, ”sv”, «fr», »da«, »fi»."""
_EMOTICON = re.compile(r"[:;=][-']?$")
_NUMBERING = re.compile(r"^\d{1,2}$|\s\d$")


def balance(text: str) -> str:
    """Drop brackets and double quotes without a partner, or with nothing between them."""
    loose, blank = set[int](), set[int]()
    for family in _FAMILIES:
        pairs, alone = _pair_up(text, family)
        loose.update(alone)
        blank.update(i for pair in pairs if not text[pair[0] + 1 : pair[1]].strip() for i in pair)
    quotes = [i for i, char in enumerate(text) if char == '"']
    loose.update(quotes[-1:] if len(quotes) % 2 else ())
    kept = (" " if i in blank else char for i, char in enumerate(text) if i not in loose)
    return "".join(kept)


def _pair_up(text: str, family: dict[str, str]) -> tuple[list[tuple[int, int]], list[int]]:
    """(opening, closing) of each pair of a family, and what of it stands alone."""
    pairs, alone, open_at = list[tuple[int, int]](), list[int](), list[int]()
    signs = "".join([*family, *family.values()])
    for i, char in enumerate(text):
        if char not in signs or (char == ")" and _EMOTICON.search(text[max(0, i - 2) : i])):
            continue
        closes = bool(open_at) and char in family[text[open_at[-1]]]
        if closes and not (char in "“«" and _stands_before_word(text, i)):
            pairs.append((open_at.pop(), i))
        elif char in family and (char not in "”»" or _stands_before_word(text, i)):
            open_at.append(i)
        else:
            alone.append(i)
    return pairs, [i for i in alone + open_at if not _is_sign(text, i)]


def _stands_before_word(text: str, i: int) -> bool:
    """Whether a quote that may open or close stands where one opens."""
    before, after = text[i - 1 : i], text[i + 1 : i + 2]
    return not before.isalnum() and before not in (*".,!?…",) and after.strip() != ""


def _is_sign(text: str, i: int) -> bool:
    """A bracket of an emoticon or of "1)" needs no partner."""
    before = text[max(0, i - 2) : i]
    return text[i] in "()" and bool(_EMOTICON.search(before) or _NUMBERING.search(before))
