"""Which tweets are worth learning from, and how many were not, by reason."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from training.importers.cleaning import clean
from training.importers.raw import RawTweet
from training.tweets import LINK, Tweet

_LONG = 100
_ENDS_CUT = re.compile(r"[^\W_]\s?…\s*(?:\[LINK\]\s*)*$")


@dataclass(frozen=True, slots=True)
class SelectionOptions:
    keep_retweets: bool = False
    keep_replies: bool = False
    keep_cut_off: bool = False
    keep_duplicates: bool = False
    min_chars: int = 20
    """Without links and mentions; a wide character (Chinese, Japanese, Korean) counts two."""


@dataclass(frozen=True, slots=True)
class Selection:
    tweets: tuple[Tweet, ...]
    counts: dict[str, int]
    """read = retweets + replies + short + cut off + duplicates + kept; the rest describes kept."""


def select(raws: Iterable[RawTweet], options: SelectionOptions) -> Selection:
    """Each tweet is dropped for the first reason that holds, so that the counts add up."""
    counts = dict.fromkeys(("read", "retweets", "replies", "short", "cut off", "duplicates"), 0)
    kept: dict[str, Tweet] = {}
    for raw in raws:
        counts["read"] += 1
        tweet = clean(raw)
        # Ids are no keys: a spreadsheet program rounds them all to `1.6E+18`.
        key = str(counts["read"]) if options.keep_duplicates else fold(tweet.text)
        reason = _reason(raw, tweet, options) or ("duplicates" if key in kept else "")
        if reason:
            counts[reason] += 1
        else:
            kept[key] = tweet
    counts["kept"] = len(kept)
    counts["kept, with a link"] = sum(bool(tweet.links) for tweet in kept.values())
    counts["kept, without a date"] = sum(not tweet.created_at for tweet in kept.values())
    return Selection(tuple(kept.values()), counts)


def fold(text: str) -> str:
    """What two tweets that say the same have in common: letters, digits and emoji."""
    bare = unicodedata.normalize("NFKC", text.replace(LINK, "")).casefold()
    return "".join(c for c in bare if not unicodedata.category(c).startswith(("P", "Z", "C")))


def _reason(raw: RawTweet, tweet: Tweet, options: SelectionOptions) -> str:
    if not options.keep_retweets and (raw.is_retweet or tweet.text.startswith("RT @")):
        return "retweets"
    if not options.keep_replies and (raw.is_reply or tweet.text.startswith("@")):
        return "replies"
    if _num_chars(tweet.text) < options.min_chars:
        return "short"
    return "cut off" if not options.keep_cut_off and is_cut_off(tweet.text) else ""


def is_cut_off(text: str) -> bool:
    """Whether some API cut it: a long text that ends in the middle of a word or sentence and `…`.

    A short one that ends so was written so.
    """
    return len(text) >= _LONG and bool(_ENDS_CUT.search(text))


def _num_chars(text: str) -> int:
    bare = re.sub(r"@\w+", "", text.replace(LINK, "")).strip()
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in bare)
