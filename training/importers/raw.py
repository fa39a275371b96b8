"""A tweet as its source has it, before anything is cleaned or dropped."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RawTweet:
    id: str
    text: str
    """HTML entities as they came (`&amp;`); links as they stand in the text, mostly `t.co`."""
    created_at: str = ""
    """In any of the formats that `dates.to_utc` knows."""
    links: tuple[tuple[str, str], ...] = ()
    """(as it stands in the text, the real address)."""
    media: tuple[str, ...] = ()
    """Links in the text that only show a picture or a film."""
    is_reply: bool = False
    is_retweet: bool = False
