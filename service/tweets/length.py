"""Length as X counts it, and cutting to a length where it hurts least.

Knows what a link, a hashtag and a handle look like; nothing of articles or models.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from service.sentences import split_sentences
from service.tweets import twitter_text
from service.tweets.characters import may_cut
from service.tweets.clean import is_finished
from service.tweets.entities import entity_spans

ELLIPSIS = "…"
MIN_ROOM = 10
"""Units of text that a link must leave."""
_PIECE = re.compile(r"\S+|\s+")
_LOOSE_END = re.compile(r"[\s,;:–—\-/&(\[{\"“‘«@＠#＃]+$")
_MIN_SENTENCE_SHARE = 1 / 3
"""A shorter sentence is no good rest of a long text; then the cut is at a word."""


@dataclass(frozen=True, slots=True)
class Fitted:
    text: str
    truncated: bool


def weighted_length(text: str) -> int:
    """Length in X's units: 280 is a full tweet.

    The sum over its words, since neither link nor emoji spans white space; so that most of a
    text that is measured again and again comes from the cache.
    """
    return sum(length for _, length in _pieces(text))


def is_postable(text: str, limit: int = 280) -> bool:
    """Whether X would take the text: not empty, not too long, no character that it refuses."""
    if not text.strip() or weighted_length(text) > limit:
        return False
    return twitter_text.has_only_valid_characters(text)


def fit(text: str, limit: int, link: str = "", *, unfinished: bool = False) -> Fitted:
    """Cut `text` to `limit` units at a sentence, else at a word, else between two characters;
    never in a link, hashtag, handle or emoji sequence.

    Args:
        link: put behind the text, its place reserved; left out where no text would fit beside it.
        unfinished: the text breaks off already; it gets an ellipsis unless it ends a sentence.
    """
    tail = f" {link}" if link else ""
    room = limit - weighted_length(tail)
    if tail and room < MIN_ROOM:
        return fit(text, limit, unfinished=unfinished)
    if unfinished and not is_finished(text):
        text = _LOOSE_END.sub("", text) + ELLIPSIS
    if weighted_length(text) <= room:
        return Fitted((text + tail).strip(), truncated=False)
    head = _sentences_within(text, room) or shorten(text, room)
    return Fitted((head + tail).strip(), truncated=True)


def shorten(text: str, room: int) -> str:
    """The longest head of whole words that leaves room for an ellipsis, and the ellipsis.

    One word that is too long by itself is cut between two characters. Empty where nothing fits.
    """
    room -= weighted_length(ELLIPSIS)
    used, end = 0, 0
    for piece_end, length in _pieces(text):
        used += length
        if used > room:
            break
        end = piece_end
    head = text[:end] if text[:end].strip() else text[: _character_cut(text, room)]
    head = _LOOSE_END.sub("", head)
    return head if not head or head.endswith(ELLIPSIS) else head + ELLIPSIS


def _sentences_within(text: str, room: int) -> str:
    """The longest run of leading sentences that fits; empty where that is too little."""
    kept, used = "", 0
    for sentence in split_sentences(text):
        used += weighted_length(sentence)
        if used - (len(sentence) - len(sentence.rstrip())) > room:
            break
        kept += sentence
    kept = kept.rstrip()
    return kept if weighted_length(kept) >= room * _MIN_SENTENCE_SHARE else ""


def _character_cut(text: str, room: int) -> int:
    """Where to cut a text whose first word alone is too long; 0 where that is one entity."""
    word = re.match(r"\s*\S*", text)
    end = word.end() if word else 0
    inside = {i for a, b in entity_spans(text[:end]) for i in range(a + 1, b)}
    cuts = [at for at in range(1, end + 1) if at not in inside and may_cut(text, at)]
    cuts = cuts[: bisect_right(cuts, room, key=lambda at: weighted_length(text[:at]))]
    # A head may hold a link that the whole does not ("a.com" of "a.comb"), which counts as 23.
    while cuts and weighted_length(text[: cuts[-1]]) > room:
        cuts.pop()
    return cuts[-1] if cuts else 0


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Where each word or white space ends, and its length."""
    for match in _PIECE.finditer(text):
        # The library finds other links in the same word at the start of a text and behind a space.
        behind_space = match.start() > 0 and not match.group().isspace()
        yield match.end(), _piece_length(match.group(), behind_space)


@lru_cache(maxsize=16_384)
def _piece_length(piece: str, behind_space: bool) -> int:
    if behind_space:
        return twitter_text.weighted_length(f" {piece}") - 1
    return twitter_text.weighted_length(piece)
