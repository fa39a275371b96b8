"""Where sentences end, for cutting texts without hurting them. Pure functions, no other rooms.

Rules, not a model: good enough for news in Latin, Cyrillic, Greek, CJK, Arabic and Indic scripts,
and linear in the text's length whatever the text is.
"""

from __future__ import annotations

import re

_CLOSERS = r"[\"'”“’»«›)\]}」』】）〉》]"
# The look-behind lets a run of marks match once, at its start: "......" costs one step, not n².
_BORDER = re.compile(
    rf"(?<![.!?…])[.!?…]++{_CLOSERS}*+(?=\s|$)"  # needs a space behind it: "3.5", "x.com"
    rf"|[。！？｡؟۔।॥։።។။]++{_CLOSERS}*+"  # needs none
    r"|(?=\n)"
)
_SPACE = re.compile(r"\s*")
_INITIALS = re.compile(r"(?:^|[^\w])(?:\w\.)*[^\W\d_]$")
_LAST_WORD = re.compile(r"\w+$")
_BEFORE_NAMES = frozenset(
    re.findall(
        r"\w+",
        "mr mrs ms dr prof st sr jr gen sen rep gov lt col sgt capt cmdr adm maj rev hon supt mt "
        "ft mme mlle sra vs cf viz approx dept bros bzw usw nr jan feb aug sept "
        "sec sens reps drs pres pvt cpl det insp amb atty messrs cllr hr fr",
    )
)
_DURATION = re.compile(r"\d\s?(?:hr|sec)$")
_COMPANIES = frozenset(["inc", "corp", "ltd", "co"])
"""Words that end a sentence only where the next one begins as sentences do."""
_SENTENCE_HEAD = re.compile(
    r"\s*[\"“‘(]?(?:The|An?|In|On|At|It|Its|He|She|They|We|You|I|His|Her|Their|This|That|These|"
    r"Those|But|And|For|As|If|When|While|After|Before|Shares|There|To|With|By|From|Under|Both|Last)\b"
)
_MONTH = re.compile(
    r"\s*(?:Januar|Jänner|Februar|März|April|Mai|Ju[nl]i|August|(?:Sept|Nov|Dez)ember|Oktober)\b"
)
"""After "3." in German; in the languages that write it so with a small letter, that tells."""
_QUOTE_GOES_ON = re.compile(r"[とっ、，]")
_BEFORE_NUMBERS = frozenset(["no", "nos", "vol", "pp", "p", "fig", "art", "oct", "nov", "dec"])
"""Words that often end a sentence too, so that only a number behind them tells."""


def split_sentences(text: str) -> list[str]:
    """Cut a text into sentences, each with the white space behind it; joined they are the text.

    A line break always ends a sentence. "U.S.", "Dr.", "3.5" and a mark before a small letter
    do not.
    """
    pieces, start = [], 0
    for match in _BORDER.finditer(text):
        if match.start() < start or not _ends(text, match):
            continue
        end = _SPACE.match(text, match.end()).end()  # type: ignore[union-attr]
        pieces.append(text[start:end])
        start = end
    return [piece for piece in [*pieces, text[start:]] if piece]


def cut_at_word(text: str, max_chars: int) -> str:
    """The longest head of at most `max_chars` characters that ends with a whole word.

    A text without spaces, or with one word longer than that, is cut between characters.
    """
    if len(text) <= max_chars:
        return text
    head = text[: max_chars + 1]
    space = max((match.start() for match in re.finditer(r"\s", head)), default=0)
    # CJK text has few spaces; going back to a far one would throw most of it away.
    return (head[:space] if 2 * space >= max_chars else text[:max_chars]).rstrip()


def _ends(text: str, match: re.Match[str]) -> bool:
    mark, before = match.group(), text[max(0, match.start() - 16) : match.start()]
    following = _SPACE.sub("", text[match.end() : match.end() + 8])[:1]
    if "\n" in text[match.end() : match.end() + 1]:
        return True
    if mark[:1] not in ".!?…":  # 「行く。」と言う
        return mark[-1:] in "。！？" or not _QUOTE_GOES_ON.match(text, match.end())
    if following.islower():  # "he asked? yes": a quotation goes on, or the writer is careless
        return False
    if mark != ".":
        return True
    found = _LAST_WORD.search(before)
    word = found.group().lower() if found else ""
    if word in _COMPANIES:
        return _SENTENCE_HEAD.match(text, match.end()) is not None
    if word.isdigit() and len(word) <= 2 and _MONTH.match(text, match.end()):
        return False
    shortened = word in _BEFORE_NAMES or (following.isdigit() and word in _BEFORE_NUMBERS)
    shortened = shortened and not _DURATION.search(before)
    return not shortened and not _INITIALS.search(before)
