"""The objects in an X archive's files, as raw tweets. Knows nothing of files or zips."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from service.errors import TrainingDataError
from training.importers.raw import RawTweet

_NOTE_PREFIX_CHARS = 100

Row = Mapping[str, Any]


def from_rows(rows: Iterable[Row]) -> list[RawTweet]:
    """Every tweet, those of over 280 characters whole.

    Raises:
        TrainingDataError: an object is no tweet.
    """
    notes: dict[str, Row] = {}
    tweets: list[RawTweet] = []
    for number, row in enumerate(rows, 1):
        note = row.get("noteTweet")
        if isinstance(note, dict):
            if text := _note_text(note):
                notes[text[:_NOTE_PREFIX_CHARS]] = note
        else:
            inner = row.get("tweet", row)
            tweets.append(from_row(inner if isinstance(inner, dict) else {}, number))
    return [_whole(tweet, notes) for tweet in tweets]


def from_row(row: Row, number: int) -> RawTweet:
    """One tweet; `number` names it where it has no id."""
    text = row.get("full_text", row.get("text"))
    if not isinstance(text, str):
        raise TrainingDataError(f"Tweet {number} has no full_text")
    entities = row.get("entities")
    entities = entities if isinstance(entities, dict) else {}
    return RawTweet(
        id=str(row.get("id_str") or row.get("id") or f"tweet-{number}"),
        text=text,
        created_at=str(row.get("created_at") or ""),
        links=_links(entities.get("urls"), "url", "expanded_url"),
        media=tuple(shown for shown, _ in _links(entities.get("media"), "url", "expanded_url")),
        is_reply=bool(row.get("in_reply_to_status_id_str") or row.get("in_reply_to_user_id_str")),
        is_retweet="retweeted_status" in row,
    )


def _links(items: Any, shown: str, real: str) -> tuple[tuple[str, str], ...]:
    """(as in the text, the real address) of those entities that have the first."""
    listed = items if isinstance(items, list) else []
    rows = [item for item in listed if isinstance(item, dict) and item.get(shown)]
    return tuple((str(row[shown]), str(row.get(real) or row[shown])) for row in rows)


def _note_text(note: Row) -> str:
    core = note.get("core")
    return str(core.get("text") or "") if isinstance(core, dict) else ""


def _whole(tweet: RawTweet, notes: Mapping[str, Row]) -> RawTweet:
    """The long form of a tweet, found by its first words.

    The export gives the two different ids, and the short form ends in an ellipsis and a link.
    """
    note = notes.get(html.unescape(tweet.text)[:_NOTE_PREFIX_CHARS])
    if note is None:
        return tweet
    # Unlike full_text, the text of a note is not HTML-escaped.
    text = html.escape(_note_text(note), quote=False)
    return replace(
        tweet, text=text, links=_links(note["core"].get("urls"), "shortUrl", "expandedUrl")
    )
