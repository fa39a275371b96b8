"""The one door to `twitter-text-parser`, the library that counts as X does (configuration v3).

The library reads its emoji table through `pkg_resources`, which setuptools no longer ships; for
the moment of the import a stand-in offers the one function that is used. Its search for links
takes quadratic time in a word with very many full stops, 45 s for `1.1.1…` of 4,000 characters: no
link is looked for in such a word, so that its length is never told too short.
"""

from __future__ import annotations

import importlib
import re
import sys
from importlib import resources
from types import ModuleType
from typing import Any


def _resource_string(module: str, name: str) -> bytes:
    return (resources.files(module.rpartition(".")[0]) / name).read_bytes()


def _import_parser() -> ModuleType:
    if "pkg_resources" in sys.modules:
        return importlib.import_module("twitter_text")
    stand_in: Any = ModuleType("pkg_resources")
    stand_in.resource_string = _resource_string
    sys.modules["pkg_resources"] = stand_in
    try:
        return importlib.import_module("twitter_text")
    finally:
        del sys.modules["pkg_resources"]


_parser: Any = _import_parser()
_WORD = re.compile(r"\S+")
_MAX_DOTS = 64
"""Full stops of a word in which links are looked for."""


def _tame(text: str) -> str:
    """The text, as long as before, without the full stops of words that have too many."""
    return _WORD.sub(_without_dots, text) if text.count(".") > _MAX_DOTS else text


def _without_dots(word: re.Match[str]) -> str:
    many = word[0].count(".") > _MAX_DOTS
    return word[0].replace(".", "·") if many else word[0]


def weighted_length(text: str) -> int:
    """Length in X's units: links 23, emoji 2, CJK 2, most else 1, after NFC."""
    return int(_parser.parse_tweet(_tame(text)).weightedLength)


def has_only_valid_characters(text: str) -> bool:
    """False where X would refuse the text: U+FFFE, U+FFFF, byte order marks."""
    result = _parser.parse_tweet(_tame(text))
    # `valid` also asks for a length of 1 to 280; the characters alone show in where it stops.
    return bool(result.valid) or int(result.weightedLength) not in range(1, 281)


def link_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each link that X would make clickable, bare domains included."""
    found = _parser.extract_urls_with_indices(_tame(text))
    return [(int(link["indices"][0]), int(link["indices"][1])) for link in found]


def emoji_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each emoji that counts as one, sequences included (Unicode emoji 12)."""
    found = _parser.extract_emojis_with_indices(_tame(text))
    return [(int(emoji["indices"][0]), int(emoji["indices"][1])) for emoji in found]
