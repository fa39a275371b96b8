"""Tables of tweets: CSV of one column or many, JSONL, and plain text with one tweet a line."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from service.errors import TrainingDataError
from training.importers.archive_rows import from_row
from training.importers.encodings import decode
from training.importers.raw import RawTweet

_log = logging.getLogger(__name__)

_TEXT = ("full_text", "text", "tweet", "tweets", "content", "body", "status", "message")
_ID = ("id_str", "id", "tweet_id", "status_id")
_DATE = ("created_at", "date", "timestamp", "time", "created")
_LINK = ("link", "links", "expanded_url", "expanded_urls", "article_url", "url", "urls")
_POSITION = re.compile(r"[0-9]{1,6}")
_STATUS = re.compile(r"^https?://(?:[\w-]+\.)?(?:twitter|x)\.com/\w+/status(?:es)?/(\d+)")


def read_text(path: Path, encoding: str = "") -> str:
    """Raises TrainingDataError where the file cannot be read or is in another encoding."""
    try:
        return decode(path, path.read_bytes(), encoding)
    except OSError as error:
        raise TrainingDataError(f"{path} cannot be read: {error.strerror}") from None


def read_lines(path: Path, encoding: str = "") -> list[RawTweet]:
    """One tweet a line; blank lines do not count."""
    lines = enumerate(read_text(path, encoding).split("\n"), 1)
    return [RawTweet(id=f"line-{n}", text=line) for n, line in lines if line.strip()]


def read_jsonl_tweets(path: Path, column: str = "", encoding: str = "") -> list[RawTweet]:
    """An object or a string a line; objects of the X archive's shape keep their entities."""
    return [
        _from_json(path, number, line, column)
        for number, line in enumerate(read_text(path, encoding).split("\n"), 1)
        if line.strip()
    ]


def _from_json(path: Path, number: int, line: str, column: str) -> RawTweet:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TrainingDataError(f"{path}, line {number}: no JSON ({error})") from None
    if isinstance(row, str):
        return RawTweet(id=f"line-{number}", text=row)
    if not isinstance(row, dict):
        raise TrainingDataError(f"{path}, line {number}: neither an object nor a string")
    inner = row.get("tweet")
    row = inner if isinstance(inner, dict) else row
    if not column and isinstance(row.get("entities"), dict):
        return from_row(row, number)
    name = text_column(path, list(row), column)
    text = "" if row[name] is None else row[name]
    if not isinstance(text, str):
        raise TrainingDataError(f"{path}, line {number}: {name} is no text")
    return _from_row(row, text, number)


def read_csv(path: Path, column: str = "", encoding: str = "") -> list[RawTweet]:
    """Tweets of the column named, else of the first of a usual name, else of the only one.

    `column` may be a number, from 1, for a file without a header.

    Raises:
        TrainingDataError: there is no such column (the message names those there are), a quote is
            not closed, or without quotes tweets are cut at their own commas.
    """
    text = read_text(path, encoding).replace("\0", "")
    delimiter = _delimiter(text)
    parsed = _parse_csv(path, text, delimiter)
    rows = [row for row in parsed if any(cell.strip() for cell in row)]
    if not rows:
        return []
    _warn_of_open_quotes(path, rows, delimiter)
    header = [cell.strip() for cell in rows[0]]
    if len(header) == 1 and column in ("", "1"):
        return _by_position(path, rows[_fold(header[0]) in _TEXT :], 1)
    by_position = bool(_POSITION.fullmatch(column))
    if '"' not in text:
        _refuse_cut(path, rows, len(header), may_be_short=not by_position)
    if by_position:
        return _by_position(path, rows, int(column))
    wanted = header.index(text_column(path, header, column))
    return [
        _from_row(_first_of_each(header, row), "".join(row[wanted : wanted + 1]), number)
        for number, row in enumerate(rows[1:], 2)
    ]


def text_column(path: Path, names: Sequence[str], column: str) -> str:
    """The name, as the file spells it, of the column that holds the tweets."""
    spelled = {_fold(name): name for name in reversed(names)}
    for wanted in (column,) if column else _TEXT:
        if _fold(wanted) in spelled:
            return spelled[_fold(wanted)]
    missing = f"no column {column!r}" if column else "no column of a usual name for tweets"
    raise TrainingDataError(
        f"{path} has {missing}; it has: {', '.join(names) or 'none'}. Choose with --column"
    )


def _delimiter(text: str) -> str:
    """The header alone decides: tweets themselves are full of commas.

    Where it is one cell there is one column, and every comma is a tweet's: then it is `\\0`.
    """
    text = text.lstrip()
    head = re.split(r"[\r\n]", text, maxsplit=1)[0]
    likely = max(",;\t|", key=head.count)
    with suppress(csv.Error):
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=likely), [])
        return likely if len(first) > 1 else "\0"
    return likely


def _parse_csv(path: Path, text: str, delimiter: str) -> Iterator[list[str]]:
    begins = 1
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for row in rows:
            yield row
            begins = rows.line_num + 1
    except csv.Error as error:
        raise TrainingDataError(
            f"{path} is no CSV: {error} (in the row that begins in line {begins})"
        ) from None


def _warn_of_open_quotes(path: Path, rows: Sequence[Sequence[str]], delimiter: str) -> None:
    """A quote that is only closed rows later makes one cell of them all."""
    for number, row in enumerate(rows, 1):
        for cell in row:
            lines = [line for line in cell.splitlines()[1:] if line.strip()]
            if lines and all(line.count(delimiter) == len(rows[0]) - 1 > 0 for line in lines):
                _log.warning(
                    "%s: a cell of row %d goes on over lines that look like rows (%r); "
                    "is a quote left open there?",
                    path.name,
                    number,
                    lines[0][:40],
                )
                return


def _refuse_cut(
    path: Path, rows: Sequence[Sequence[str]], width: int, *, may_be_short: bool
) -> None:
    """Rows of different widths, and nothing in quotes: then the tweets' own commas cut them."""
    widths = {len(row) for row in rows}
    too_wide = any(cell.strip() for row in rows for cell in row[width:])
    if too_wide or (len(widths) > 1 and not may_be_short):
        raise TrainingDataError(
            f"{path} has rows of {min(widths)} to {max(widths)} cells and no quotes, so a tweet's "
            "own commas cannot be told from the others; put quotes around the tweets, or read it "
            "with --format lines where each line is a tweet"
        )


def _first_of_each(header: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """Name -> cell, the first where columns have the same name."""
    return dict(reversed(list(zip(header, row, strict=False))))


def _by_position(path: Path, rows: Sequence[Sequence[str]], position: int) -> list[RawTweet]:
    width = max(map(len, rows), default=position)
    if not 1 <= position <= width:
        raise TrainingDataError(f"{path} has {width} columns; there is no column {position}")
    return [
        RawTweet(id=f"line-{number}", text=row[position - 1])
        for number, row in enumerate(rows, 1)
        if len(row) >= position
    ]


def _from_row(row: Mapping[str, Any], text: str, number: int) -> RawTweet:
    named = {_fold(str(name)): value for name, value in row.items() if value not in (None, "")}
    links = [link for name in _LINK for link in _links(named.get(name))]
    status = next((found for link in links if (found := _STATUS.match(link))), None)
    return RawTweet(
        id=_first(named, _ID) or (status.group(1) if status else f"line-{number}"),
        text=text,
        created_at=_first(named, _DATE),
        links=tuple(("", link) for link in dict.fromkeys(links)),
    )


def _links(value: Any) -> list[str]:
    parts = value if isinstance(value, list) else str(value or "").split(",")
    return [part.strip() for part in map(str, parts) if part.strip().startswith("http")]


def _first(row: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((str(row[name]) for name in names if name in row), "")


def _fold(name: str) -> str:
    return name.strip().casefold()
