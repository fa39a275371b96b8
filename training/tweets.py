"""What a tweet is, for every stage of training, and the file `tweets.jsonl` that holds them.

Knows nothing of where tweets come from (`importers/`) or what becomes of them (`pairs.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from service.errors import TrainingDataError
from training.files import atomic_writer, read_jsonl

LINK = "[LINK]"
"""Stands in a tweet's text where a link to a page was."""


@dataclass(frozen=True, slots=True)
class Tweet:
    """One tweet as its reader saw it: entities undone, links as `[LINK]`, media links dropped."""

    id: str
    """The service's own id where there is one, else `line-N` of the file it came from."""
    text: str
    created_at: str = ""
    """ISO 8601 in UTC (`2023-12-31T14:36:59+00:00`); empty where unknown or impossible."""
    links: tuple[str, ...] = ()
    """The real addresses behind the `[LINK]`s, in their order."""


def write_tweets(path: Path, tweets: Iterable[Tweet]) -> None:
    """One JSON object a line; the file appears whole or not at all."""
    with atomic_writer(path) as out:
        for tweet in tweets:
            out.write(json.dumps(asdict(tweet), ensure_ascii=False) + "\n")


def read_tweets(path: Path) -> Iterator[Tweet]:
    """The tweets of a `tweets.jsonl`.

    Raises:
        TrainingDataError: the file is missing, or a line is no tweet.
    """
    for number, row in read_jsonl(path):
        try:
            yield Tweet(
                id=str(row["id"]),
                text=str(row["text"]),
                created_at=str(row.get("created_at") or ""),
                links=tuple(str(link) for link in row.get("links") or ()),
            )
        except (KeyError, TypeError) as error:
            raise TrainingDataError(f"{path}, line {number}: no tweet ({error!r})") from None
