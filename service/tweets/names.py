"""Where a text may name somebody or something: its capitalised words, one after the other.

Knows how names are written, not what any article says about them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from service.sentences import split_sentences
from service.tweets.common_words import is_common
from service.tweets.quantities import quantities
from service.tweets.words import WORD, fold

_TITLE_CASE_SHARE = 0.6
_CAPITALISED = re.compile(
    r"(?<!\w)[^\W\da-z_]\w++(?:[\s\-](?:(?:of|and|for|the|on|in)\s){0,2}[^\W\da-z_]\w++)+"
)
_SPACED_INITIALS = re.compile(r"(?<!\w)(?:[^\W\da-z_]\.\s?){2,4}")
_MAX_INITIALS = 8
_MIN_SHOUT = 6
_HEADLINE_SIGN = re.compile(r"\s(?:And|As|At|By|For|From|Has|In|Is|Of|On|Our|That|To|Was|With)\s")
"""Within a sentence these have a capital only where most words have one."""
_OPENERS = "\"“„«‘'([:;|—–-•*…!?."
POSSESSIVE = re.compile(r"(?:['’][sS]|[sS]['’])$")
_GLUED = re.compile(r"(?<=[^\W\d_]{2})\.(?=[^\W\d_]{2})")
_TITLES = frozenset(
    re.findall(
        r"\w+",
        "mr mrs ms miss mme dr prof sir dame gov sen rep capt lt col sgt gen rev hon jr sr",
    )
)
"""Of a person; they name nobody."""
_INSTITUTIONS = frozenset(["us", "who", "it", "ice"])
"""In capitals these are names, else everyday words."""


@dataclass(frozen=True, slots=True)
class Part:
    """A capitalised word, without its possessive."""

    text: str
    start: int
    end: int
    is_head: bool
    """It stands where a capital says nothing."""
    is_institution: bool


@dataclass(frozen=True, slots=True)
class Run:
    """Capitalised words with nothing but a blank between them."""

    parts: tuple[Part, ...]
    starts_sentence: bool
    is_title: bool
    """In a headline, where all words have a capital."""
    is_loose: bool
    """In what may be a headline."""


def name_runs(text: str) -> Iterator[Run]:
    """All runs of a text in order; a sentence's head alone is left out where it is an everyday
    word."""
    text, at = split_glued(text), 0
    is_shouted = _is_shouted(text)
    for sentence in split_sentences(text):
        tokens = list(WORD.finditer(sentence))
        is_title = _is_title_case([token.group() for token in tokens])
        is_loose = is_title or _HEADLINE_SIGN.search(sentence) is not None
        for run in _runs(sentence, tokens, is_title, is_shouted):
            parts = tuple(_part(sentence, token, at, is_shouted) for token in run)
            yield Run(parts, run[0] is tokens[0], is_title, is_loose)
        at += len(sentence)


def split_glued(text: str) -> str:
    """The same text, as long as before, with a blank for the dot of "left.Then" and "Name.com"."""
    return _GLUED.sub(" ", text)


def acronyms(text: str) -> Iterator[str]:
    """`doj` for "Department of Justice", `un` for "United Nations", `jk` for "J. K."."""
    for name in _CAPITALISED.findall(text):
        initials = [word[0].casefold() for word in re.split(r"[\s\-]", name) if word[0].isupper()]
        for start, end in combinations(range(len(initials[:_MAX_INITIALS]) + 1), 2):
            yield "".join(initials[start:end])
    for match in _SPACED_INITIALS.finditer(text):
        yield re.sub(r"[.\s]", "", match.group()).casefold()


def institutions(text: str) -> Iterator[str]:
    """`us` for "US" and "U.S.", never for "us"."""
    for token in WORD.finditer(text):
        if _is_institution(POSSESSIVE.sub("", token.group())):
            yield fold(token.group())


def is_capitalised(word: str) -> bool:
    return (
        any(char.isupper() for char in word) and word != "I" and not word.startswith(("I'", "I’"))
    )


def _part(sentence: str, token: re.Match[str], at: int, is_shouted: bool) -> Part:
    word = token.group()
    before = sentence[: token.start()].rstrip()
    is_head = not before or before[-1] in _OPENERS
    return Part(
        word,
        at + token.start(),
        at + token.end(),
        is_head or (word.isupper() and len(word) >= _MIN_SHOUT),
        not is_shouted and _is_institution(POSSESSIVE.sub("", word)),
    )


def _runs(
    sentence: str, tokens: list[re.Match[str]], is_title: bool, is_shouted: bool
) -> Iterator[list[re.Match[str]]]:
    counted = [q for q in quantities(sentence) if any(map(str.isdigit, q.text))]
    run: list[re.Match[str]] = []
    for token in tokens:
        word = token.group()
        is_name = not any(q.start <= token.start() < q.end for q in counted) and (
            _is_name(sentence, token)
        )
        joined = bool(run) and sentence[run[-1].end() : token.start()].strip(" &") == ""
        if run and not (is_name and joined and not POSSESSIVE.search(run[-1].group())):
            yield run
            run = []
        is_mere_head = token is tokens[0] and not is_title and is_common(fold(word))
        if is_name and (not is_mere_head or (_is_institution(word) and not is_shouted)):
            run.append(token)
    if run:
        yield run


def _is_name(sentence: str, token: re.Match[str]) -> bool:
    """Whether a word may be part of a name: neither "Mr" nor the initial in "John F. Kennedy"."""
    word = token.group()
    is_initial = len(word) == 1 and sentence.startswith(".", token.end())
    return is_capitalised(word) and not is_initial and fold(word) not in _TITLES


def _is_institution(word: str) -> bool:
    return word.isupper() and fold(word) in _INSTITUTIONS


def _is_shouted(text: str) -> bool:
    words = [match.group() for match in WORD.finditer(text) if len(match.group()) > 1]
    return 2 * sum(map(str.isupper, words)) > len(words)


def _is_title_case(tokens: list[str]) -> bool:
    long = [token for token in tokens[1:] if len(token) >= 4 and token[0].isalpha()]
    return len(long) >= 3 and sum(t[0].isupper() for t in long) >= _TITLE_CASE_SHARE * len(long)
