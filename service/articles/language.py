"""Which language a text is in: by its script, then by its most frequent small words. Pure.

Small on purpose. It tells apart the languages that the table names and says nothing of others.
"""

from __future__ import annotations

import re
from collections import Counter

SAMPLE_CHARS = 4000
MIN_SHARE = 0.08
"""Least share of small words in a text that is in that language; running text has 0.2 to 0.5."""

# Ranges of scripts that are (nearly) one language's own.
_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ja", r"[\u3040-\u30ff]"),
    ("ko", r"[\uac00-\ud7af]"),
    ("zh", r"[\u4e00-\u9fff]"),
    ("el", r"[\u0370-\u03ff]"),
    ("he", r"[\u0590-\u05ff]"),
    ("th", r"[\u0e00-\u0e7f]"),
    ("hi", r"[\u0900-\u097f]"),
    ("bn", r"[\u0980-\u09ff]"),
    ("ta", r"[\u0b80-\u0bff]"),
    ("te", r"[\u0c00-\u0c7f]"),
    ("ka", r"[\u10a0-\u10ff]"),
    ("hy", r"[\u0530-\u058f]"),
    ("arabic", r"[\u0600-\u06ff]"),
    ("cyrillic", r"[\u0400-\u04ff]"),
    ("latin", r"[A-Za-z\u00c0-\u024f]"),
)
_SCRIPT_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in _SCRIPTS)

_WORDS: dict[str, dict[str, frozenset[str]]] = {
    script: {code: frozenset(words.split()) for code, words in table.items()}
    for script, table in {
        "latin": {
            "en": "the of and to in is that for it with as was on by are this from have not be",
            "de": "der die das und ist nicht von mit den ein eine auf dem für sich auch es werden",
            "fr": "le la les des et est une dans que pour du qui sur pas au par avec plus ce sont",
            "es": "el la los las de que y en un una por con para es se del su más como al",
            "it": "il la che di e un una per non con del della sono è le si nel dei anche gli",
            "pt": "o a os que de e do da em um uma para com não por se na no dos mais",
            "nl": "de het een van en in is dat op te zijn voor met niet aan ook er bij door maar",
            "sv": "och att det som en är på av för med den till inte har ett om var men",
            "da": "og at det som en er på af for med den til ikke har et de var der men",
            "no": "og at det som en er på av for med den til ikke har et de var men ble",
            "fi": "ja on ei se että oli mutta kun myös joka ovat kuin niin hän tai sekä",
            "pl": "i w na z się nie że do to jest o jak po przez od dla są ale za",
            "cs": "a v na se je že z s do o to pro ve za by k jako ale jsou",
            "ro": "și de în la a cu pe nu că din este o un care pentru mai au fost",
            "hu": "a az és hogy nem is egy volt de meg csak ez már mint vagy még",
            "tr": "ve bir bu da de için ile olarak daha çok gibi ancak kadar olan en ne",
            "id": "yang dan di ini itu dengan untuk tidak dari dalam akan pada juga ke karena",
            "vi": "và của là có được cho không trong một các người này với đã những",
        },
        "cyrillic": {
            "ru": "и в не на что с как по это из за от для но его был она же",
            "uk": "і в не на що з як до це за та від про але його був або є",
            "bg": "и на в не че се за да от е с по са като но към със",
            "sr": "и у је да на се за не са од су као који али то би",
        },
        "arabic": {
            "ar": "في من على أن إلى التي عن مع هذا الذي هذه ما لا كان بعد",
            "fa": "و در به از که این را با است برای آن یک خود تا بر می",
            "ur": "کے میں کی ہے اور سے کا کو نے پر یہ ہیں کہ اس بھی",
        },
    }.items()
}
_WORD = re.compile(r"[^\W\d_]+")


def detect_language(text: str) -> str | None:
    """ISO 639-1 code, or None where the table does not know it."""
    sample = text[:SAMPLE_CHARS]
    counts = {name: len(pattern.findall(sample)) for name, pattern in _SCRIPT_PATTERNS}
    # Japanese is written with Chinese characters too, and few kana are enough to tell.
    if counts["ja"] * 10 >= counts["zh"]:
        counts["ja"] += counts["zh"] if counts["ja"] else 0
    script = max(counts, key=lambda name: counts[name])
    if not counts[script]:
        return None
    return _by_words(sample, _WORDS[script]) if script in _WORDS else script


def _by_words(sample: str, table: dict[str, frozenset[str]]) -> str | None:
    words = Counter(_WORD.findall(sample.lower()))
    total = sum(words.values())
    hits = {code: sum(words[word] for word in small) for code, small in table.items()}
    best = max(hits, key=lambda code: hits[code])
    return best if total and hits[best] >= MIN_SHARE * total else None
