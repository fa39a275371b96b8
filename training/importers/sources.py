"""Which importer reads a given file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from service.errors import TrainingDataError
from training.importers.archive import read_archive
from training.importers.raw import RawTweet
from training.importers.tables import read_csv, read_jsonl_tweets, read_lines

Format = Literal["archive", "csv", "jsonl", "lines"]

_BY_SUFFIX: dict[str, Format] = {
    ".zip": "archive",
    ".js": "archive",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".txt": "lines",
}


def read_source(
    path: Path, *, layout: Format | None = None, column: str = "", encoding: str = ""
) -> list[RawTweet]:
    """Every tweet of a file or folder, as it is.

    Raises:
        TrainingDataError: it cannot be read as tweets; the message says why.
    """
    try:
        path.stat()
    except FileNotFoundError:
        raise TrainingDataError(f"There is no {path}") from None
    except OSError as error:
        raise TrainingDataError(f"{path} cannot be read: {error.strerror}") from None
    readers: dict[Format, Callable[[], list[RawTweet]]] = {
        "archive": lambda: read_archive(path),
        "csv": lambda: read_csv(path, column, encoding),
        "jsonl": lambda: read_jsonl_tweets(path, column, encoding),
        "lines": lambda: read_lines(path, encoding),
    }
    tweets = readers[layout or _guess(path)]()
    if not tweets:
        raise TrainingDataError(f"{path} holds no tweets")
    return tweets


def _guess(path: Path) -> Format:
    if path.is_dir():
        return "archive"
    if path.suffix.lower() not in _BY_SUFFIX:
        raise TrainingDataError(
            f"{path}: tweets come as {', '.join(_BY_SUFFIX)} or a folder; "
            "say which with --format archive, csv, jsonl or lines"
        )
    return _BY_SUFFIX[path.suffix.lower()]
