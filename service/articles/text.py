"""Text as a prompt may hold it: NFC, no invisible characters, one paragraph a line. Pure."""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
# Joiners bind letters in Arabic and Indic scripts and pictures in emoji; elsewhere they only hide.
_ZWNJ, _ZWJ = "\u200c", "\u200d"
_VARIATION = "\ufe0e\ufe0f"
_JOINER = re.compile(f"[{_ZWNJ}{_ZWJ}{_VARIATION}]")
_JOINED_SCRIPTS = (
    *("ARABIC", "SYRIAC", "MONGOLIAN", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA"),
    *("TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "TIBETAN", "MYANMAR", "KHMER"),
)
# Letters by category that show nothing.
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def normal_text(text: str) -> str:
    """Paragraphs joined by single newlines, each with single spaces."""
    lines = (_one_space(line) for line in _visible(text).split("\n"))
    return "\n".join(line for line in lines if line)


def normal_line(text: str) -> str:
    """The same in one line, for titles and names."""
    return _one_space(_visible(text).replace("\n", " "))


def weight(text: str) -> int:
    """Length that compares across scripts: a Chinese or Japanese character counts three."""
    return len(text) + 2 * len(_WIDE.findall(text))


def _visible(text: str) -> str:
    text = _LINE_ENDS.sub("\n", text)
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFC", text).translate(_TABLE)
    return _JOINER.sub(lambda match: match[0] if _joins(text, match.start()) else "", text)


class _Table(dict[int, int | None]):
    """Code point -> itself, or None for one that is not seen; fills itself, at most with 64 Ki."""

    def __missing__(self, code: int) -> int | None:
        seen = code if _is_visible(chr(code)) else None
        if code <= 0xFFFF:
            self[code] = seen
        return seen


_TABLE = _Table()


def _is_visible(char: str) -> bool:
    """Not a control, format, private, unassigned or surrogate character, nor another variation
    selector or tag: bidi controls, zero-width spaces, soft hyphens and NUL are all among them.
    Joiners and emoji's selectors pass here; what stands beside them decides in `_joins`."""
    if char in "\n\t" or _JOINER.match(char):
        return True
    if char in _BLANK_LETTERS or "\ufe00" <= char <= "\ufe0d" or char >= "\U000e0000":
        return False
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _joins(text: str, index: int) -> bool:
    """Between two letters of a script that needs joiners, or two pictures of one emoji; a selector
    behind a picture or a digit."""
    char, before, after = text[index], text[index - 1 : index], text[index + 1 : index + 2]
    if not before:
        return False
    if char in _VARIATION:
        return unicodedata.category(before) in ("So", "Sm", "Po", "Nd")
    if not after:
        return False
    if char == _ZWJ and (before in _VARIATION or unicodedata.category(before) in ("So", "Sk")):
        return unicodedata.category(after) == "So"
    name = unicodedata.name(before, "")
    return name.startswith(_JOINED_SCRIPTS) and unicodedata.category(after)[0] in "LM"


def _one_space(line: str) -> str:
    return " ".join(line.split())
