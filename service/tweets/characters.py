"""Which characters a tweet may hold, and between which of them it may be cut.

Knows Unicode and emoji sequences, nothing of words or articles.
"""

from __future__ import annotations

import re
import unicodedata

from service.tweets.twitter_text import emoji_spans

_ZWNJ, _ZWJ, _VS15, _VS16, _KEYCAP = "\u200c", "\u200d", "\ufe0e", "\ufe0f", "\u20e3"
_SPACES = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_FREE = re.compile(r"[ -~\n]*+\Z")


def normalise(text: str) -> str:
    """NFC, line breaks as `\\n`, other space as one blank, and no character that X would refuse,
    that nobody sees, or that is half of something: surrogates, controls, U+FFFD, byte order and
    direction marks, a joiner that joins nothing, half a flag."""
    text = _BREAKS.sub("\n", text)
    if _FREE.match(text):
        return _SPACES.sub(" ", text)
    text = unicodedata.normalize("NFC", "".join(c for c in text if _is_allowed(c)))
    text = _whole_flags(text)
    # Dropping one character may leave its neighbour alone.
    while (kept := _drop_loose(text)) != text:
        text = kept
    return unicodedata.normalize("NFC", _SPACES.sub(" ", text))


def may_cut(text: str, at: int) -> bool:
    """Whether `text[:at]` and `text[at:]` both hold whole characters as a reader sees them.

    Emoji sequences newer than the parser's table are covered by the rules for joiners.
    """
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if _is_attached(after) or before in (_ZWJ, _ZWNJ):
        return False
    if _is_regional(after):
        run = re.search(r"[\U0001F1E6-\U0001F1FF]*$", text[:at])
        return run is not None and len(run.group()) % 2 == 0
    return True


def is_emoji_like(char: str) -> bool:
    """Pictographs, whether or not this Python's Unicode tables know them yet."""
    return unicodedata.category(char) == "So" or 0x1F000 <= ord(char) <= 0x1FAFF


def _is_allowed(char: str) -> bool:
    if char in ("\n", _ZWJ, _ZWNJ) or _is_tag(char):
        return True
    category = unicodedata.category(char)
    if category in ("Cc", "Cf", "Cs", "Co"):
        return False
    return (category != "Cn" or is_emoji_like(char)) and char != "\ufffd"


def _drop_loose(text: str) -> str:
    inside = {i for a, b in emoji_spans(text) for i in range(a, b)}
    return "".join(c for i, c in enumerate(text) if i in inside or not _is_loose(text, i))


def _is_loose(text: str, i: int) -> bool:
    """Whether a joiner, selector or modifier stands where it changes nothing."""
    char, before, after = text[i], text[i - 1 : i], text[i + 1 : i + 2]
    if _is_tag(char):
        return True
    if char == _ZWNJ:
        return not (_is_letter(before) and _is_letter(after))
    if char == _ZWJ:
        letters = _is_letter(before) and _is_letter(after)
        return not letters and not (_ends_emoji(before) and after != "" and is_emoji_like(after))
    if char in (_VS15, _VS16):
        return before == "" or before.isspace() or before in (_VS15, _VS16, _ZWJ, _ZWNJ)
    if char == _KEYCAP:
        return re.search(rf"[0-9#*][{_VS16}]?$", text[max(0, i - 2) : i]) is None
    return _is_skin_tone(char) and not (before and _ends_emoji(before))


def _whole_flags(text: str) -> str:
    """Regional indicators come in pairs; an odd one is half a flag."""
    return re.sub(r"[\U0001F1E6-\U0001F1FF]+", lambda run: run[0][: len(run[0]) // 2 * 2], text)


def _is_attached(char: str) -> bool:
    return (
        unicodedata.category(char).startswith("M")
        or char in (_ZWNJ, _ZWJ)
        or _is_skin_tone(char)
        or _is_tag(char)
    )


def _ends_emoji(char: str) -> bool:
    return char != "" and (is_emoji_like(char) or _is_skin_tone(char) or char in (_VS16, _KEYCAP))


def _is_letter(char: str) -> bool:
    return char != "" and unicodedata.category(char)[0] in "LM" and char not in (_VS15, _VS16)


def _is_skin_tone(char: str) -> bool:
    return "\U0001f3fb" <= char <= "\U0001f3ff"


def _is_regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_tag(char: str) -> bool:
    return "\U000e0020" <= char <= "\U000e007f"
