"""What the room speaks of: rules in, candidates in, tweets out. Values only, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MIN_LENGTH, MAX_LENGTH = 40, 280

LinkRule = Literal["append", "keep", "none"]
MentionRule = Literal["grounded", "strip", "keep"]
HashtagRule = Literal["keep", "strip", "grounded"]
UngroundedRule = Literal["report", "reject"]
ClaimKind = Literal["name", "number", "date", "handle", "hashtag", "link"]


@dataclass(frozen=True, slots=True)
class TweetRules:
    """What a request asks of its tweets. Checked at the edge, trusted here."""

    max_length: int = MAX_LENGTH
    """In X's units; MIN_LENGTH to MAX_LENGTH."""
    link: LinkRule = "append"
    """append: `link_url` where the model wrote `[LINK]`, else at the end; keep: only where the
    model wrote `[LINK]`; none: no link."""
    link_url: str | None = None
    mentions: MentionRule = "grounded"
    hashtags: HashtagRule = "grounded"
    ungrounded: UngroundedRule = "report"
    fallback: bool = True
    """Make a tweet of the article's own words when no candidate may be shown."""
    max_overlap_words: int = 15
    """A longer run of words shared with a training tweet is a copy."""
    max_overlap_share: float = 0.7
    """So is a run that is a larger share of the tweet's words."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One text as the model gave it."""

    index: int
    """Candidate i of a seed is the same text, however many are drawn."""
    text: str
    mean_logprob: float
    """Mean natural log-probability of its tokens; 0 is certainty."""
    complete: bool = True
    """False where the token limit ended it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a tweet says and an article can bear out or not."""

    kind: ClaimKind
    text: str
    """As the tweet has it."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a text shares with the training tweets."""

    words: int = 0
    """Length of the longest shared run of words."""
    share: float = 0.0
    """That run as a share of the text's words."""


@dataclass(frozen=True, slots=True)
class ScoreParts:
    """Each from 0, bad, to 1, good; also the shape of their weights."""

    likelihood: float
    """The model's mean probability of a token, geometric."""
    lead: float
    """Share of the tweet's words that are in the article's lead."""
    consensus: float
    """Mean likeness to the other candidates; 0 where there is no other."""
    grounding: float
    """1 where the article bears out every claim, then 1/2, 1/3 …"""
    originality: float
    """1 less what is shared with a training tweet."""
    headline: float
    """0 for a bare echo of the headline, 1 where half of the words are its own."""
    length: float
    """1 from 50 units to nine tenths of the limit, less outside."""
    form: float
    """1 less for what was cut, taken out or repeated."""


@dataclass(frozen=True, slots=True)
class Tweet:
    """A text that can be posted, and what was found out about it."""

    text: str
    length: int
    """In X's units."""
    remaining: int
    """What `max_length` leaves."""
    truncated: bool
    """Shortened, or left unfinished by the model and cut back."""
    removed: tuple[Claim, ...]
    """Handles, hashtags and links that were taken out."""
    ungrounded: tuple[Claim, ...]
    """What the tweet still says and the article does not."""
    overlap: Overlap
    headline_overlap: float
    """Share of the tweet's words that stand in the same order in the headline, 0 to 1."""
    score: float
    score_parts: ScoreParts
    index: int
    """Of the candidate it was made from; 0 for the fallback."""
    fallback: bool = False
