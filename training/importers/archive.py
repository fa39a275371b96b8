"""The X data export: a zip, the folder it unpacks to, or its `tweets.js` alone.

A file is `window.YTD.tweets.part0 = ` and a JSON array. A zip comes from outside: nothing of it is
written to the disk, only files of known names are read, and none without bound.
"""

from __future__ import annotations

import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service.errors import TrainingDataError
from training.importers.archive_rows import from_rows
from training.importers.raw import RawTweet

MAX_BYTES = 1 << 30
"""Of all files of tweets together, unpacked; the largest archives seen hold a tenth of it."""
MAX_RATIO = 200
"""Compressed tweets shrink 5 to 30 times; deflate's own limit, which bombs reach, is 1,030."""
_RATIO_FROM_BYTES = 1 << 20

_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    ValueError,  # of an offset before the file, and of a name that is not UTF-8
)
_TWEETS = re.compile(r"(?:^|/)(?:tweets?|note-tweet)(?:-part\d+)?\.js$")
_BEGINNING = re.compile(r"\s*window\.YTD\.[\w.]+\s*=\s*")


def read_archive(path: Path) -> list[RawTweet]:
    """Every tweet of an export.

    Raises:
        TrainingDataError: there are no tweets in it, or it is cut short, damaged, encrypted or
            unreasonably large.
    """
    is_zip = path.is_file() and path.suffix != ".js"
    files = _read_zip(path) if is_zip else _read_folder(path)
    tweets = from_rows(row for name, body in files for row in _parse(name, body))
    if not tweets:
        raise TrainingDataError(
            f"{path} holds no tweets: an X archive has them in data/tweets.js "
            "(before 2022 data/tweet.js)"
        )
    return tweets


def _read_folder(path: Path) -> Iterator[tuple[str, bytes]]:
    """The file itself, or those of the folder or of its `data`; symbolic links are left alone."""
    data = path / "data"
    folder = data if data.is_dir() and not data.is_symlink() else path
    found = [file for file in sorted(folder.glob("*.js")) if _TWEETS.search(file.name)]
    for file in [path] if path.is_file() else found:
        if file != path and (file.is_symlink() or not file.is_file()):
            continue
        try:
            if file.stat().st_size > MAX_BYTES:
                raise TrainingDataError(f"{file} is larger than {MAX_BYTES:,} bytes")
            yield file.name, file.read_bytes()
        except OSError as error:
            raise TrainingDataError(f"{file} cannot be read: {error.strerror}") from None


def _read_zip(path: Path) -> Iterator[tuple[str, bytes]]:
    room = MAX_BYTES
    try:
        with zipfile.ZipFile(path) as archive:
            for info in sorted(archive.infolist(), key=lambda info: info.filename):
                if _TWEETS.search(info.filename):
                    body = _read_member(archive, info, room)
                    room -= len(body)
                    yield info.filename, body
    except OSError as error:
        if error.errno:
            raise TrainingDataError(f"{path} cannot be read: {error.strerror}") from None
        raise _no_whole_zip(path, error) from None  # as bz2 calls damage
    except _DAMAGE as error:
        raise _no_whole_zip(path, error) from None


def _no_whole_zip(path: Path, error: Exception) -> TrainingDataError:
    return TrainingDataError(f"{path} is no whole zip file ({error}); download the archive again")


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, room: int) -> bytes:
    """What a member says of its size is not believed: bytes are counted as they come out."""
    if info.flag_bits & 0x1:
        raise TrainingDataError(f"{info.filename} is encrypted; unpack the archive first")
    most = min(room, max(_RATIO_FROM_BYTES, info.compress_size * MAX_RATIO))
    with archive.open(info) as member:
        body = member.read(most + 1)
    if len(body) > most:
        raise TrainingDataError(
            f"{info.filename} unpacks to more than {most:,} bytes: that is no archive of tweets"
        )
    return body


def _parse(name: str, body: bytes) -> Iterator[dict[str, Any]]:
    """The objects of the array one by one, so that only the text lies in memory whole."""
    text = _decode(name, body)
    beginning = _BEGINNING.match(text)
    at = _skip_space(text, beginning.end() if beginning else 0)
    if text[at : at + 1] != "[":
        raise TrainingDataError(f"{name} holds no list of tweets")
    decoder, num_read = json.JSONDecoder(), 0
    at = _skip_space(text, at + 1)
    while text[at : at + 1] not in ("]", ""):
        try:
            row, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise TrainingDataError(
                f"{name} is cut short or damaged after {num_read:,} tweets: {error}"
            ) from None
        if not isinstance(row, dict):
            raise TrainingDataError(f"{name}: item {num_read + 1} is no object")
        yield row
        num_read += 1
        at = _skip_space(text, at)
        if text[at : at + 1] == ",":
            at = _skip_space(text, at + 1)
    if text[at : at + 1] != "]":
        raise TrainingDataError(f"{name} is cut short after {num_read:,} tweets")


def _skip_space(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at


def _decode(name: str, body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TrainingDataError(
            f"{name} is not UTF-8 ({error.reason} at byte {error.start:,})"
        ) from None
