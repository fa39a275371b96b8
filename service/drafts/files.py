"""Candidates out of files, drafts into JSON. Knows nothing of databases.

Read are JSON lines as `doc2tweet bulk` writes them, CSV with a column `text`, and plain text: one
tweet a line, or several lines each with a line of `=` between two.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from service.drafts.draft import Draft, NewDraft
from service.tweets.tweet import Overlap

DELIMITER = "=" * 20
MAX_CHARACTERS = 4_000
"""X's longest post; what is over it is no draft of one."""
_MAX_SEED = 2**63 - 1
_LINE_OF_EQUALS = re.compile(r"={10,}")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no candidate. The others are imported all the same."""

    place: str
    reason: str


def read_candidates(path: Path) -> Iterator[NewDraft | BadRow]:
    """Every candidate of the file, in order, by the kind that its name ends in.

    Raises:
        OSError: it cannot be read.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = _ROWS.get(path.suffix.lower(), _text_rows)(file)
        for number, row in enumerate(rows, start=1):
            try:
                yield candidate(row)
            except (TypeError, ValueError) as error:
                yield BadRow(f"{path.name}:{number}", str(error))


def candidate(row: object) -> NewDraft:
    """The candidate of one row.

    Raises:
        TypeError, ValueError: with what is wrong with it.
    """
    if isinstance(row, ValueError):
        raise row
    if not isinstance(row, Mapping):
        raise TypeError("a row must be an object")
    return NewDraft(
        text=_text(row),
        model=_string(row, "model"),
        seed=_whole(row, "seed"),
        index=_whole(row, "index") or 0,
        prompt=_string(row, "prompt"),
        source=_string(row, "source"),
        article_title=_string(row, "article_title"),
        article_text=_string(row, "article_text"),
        flags=_flags(row.get("flags")),
        overlap=_overlap(row.get("overlap")),
    )


def as_row(draft: Draft) -> dict[str, Any]:
    """The draft as one JSON object; importing it elsewhere gives the same candidate."""
    origin = draft.origin
    return {
        "id": draft.id,
        "version": draft.version,
        "state": draft.state.value,
        "text": draft.text,
        "original_text": origin.text,
        "model": origin.model,
        "seed": origin.seed,
        "index": origin.index,
        "prompt": origin.prompt,
        "source": origin.source,
        "article_title": origin.article_title,
        "article_text": origin.article_text,
        "flags": list(origin.flags),
        "overlap": None if origin.overlap is None else asdict(origin.overlap),
        "account": draft.account,
        "scheduled_at": None if draft.scheduled_at is None else draft.scheduled_at.isoformat(),
        "tweet_id": draft.tweet_id,
        "error": draft.error,
        "created_at": draft.created_at.isoformat(),
        "updated_at": draft.updated_at.isoformat(),
    }


def _json_rows(file: TextIO) -> Iterator[object]:
    for line in file:
        if line.strip():
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                yield ValueError("not JSON")


def _csv_rows(file: TextIO) -> Iterator[object]:
    yield from csv.DictReader(line.replace("\0", "") for line in file)


def _text_rows(file: TextIO) -> Iterator[object]:
    lines = [line.rstrip("\r\n") for line in file]
    if not any(_LINE_OF_EQUALS.fullmatch(line) for line in lines):
        yield from ({"text": line} for line in lines if line.strip())
        return
    tweet: list[str] = []
    for line in [*lines, DELIMITER]:
        if not _LINE_OF_EQUALS.fullmatch(line):
            tweet.append(line)
        elif any(part.strip() for part in tweet):
            yield {"text": "\n".join(tweet)}
            tweet = []


_ROWS = {".jsonl": _json_rows, ".json": _json_rows, ".csv": _csv_rows}


def _text(row: Mapping[str, Any]) -> str:
    text = _string(row, "text")
    if text is None or not text.strip():
        raise ValueError("it has no text")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"its text is over {MAX_CHARACTERS} characters")
    return text.strip()


def _string(row: Mapping[str, Any], key: str) -> str | None:
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{key} must be a text")
    if value is not None and "\0" in value:
        raise ValueError(f"{key} holds a character that no database takes")
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise ValueError(f"{key} holds half of a surrogate pair") from None
    return value or None


def _whole(row: Mapping[str, Any], key: str) -> int | None:
    value = row.get(key)
    if value in (None, ""):
        return None
    number = int(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= _MAX_SEED:
        raise ValueError(f"{key} must be a whole number")
    return number


def _flags(value: object) -> tuple[str, ...]:
    names = value.split() if isinstance(value, str) else value or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TypeError("flags must be a list of texts")
    return tuple(names)


def _overlap(value: object) -> Overlap | None:
    if value in (None, ""):
        return None
    if not isinstance(value, Mapping):
        raise TypeError("overlap must be an object with `words` and `share`")
    words, share = _whole(value, "words"), value.get("share")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise TypeError("overlap must have a share between 0 and 1")
    return Overlap(words or 0, float(share))
