"""Bytes of a table to text, with the one kind of damage undone that exported tables often have.

A spreadsheet program on a Mac that opens UTF-8 as if it were its own encoding and saves it again
turns a dash into `‰ÛÓ`. Learnt from, that would come out again in every tweet.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from service.errors import TrainingDataError

_log = logging.getLogger(__name__)

_BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_RUN = re.compile(r"[^\x00-\x7f…”]+")
_DAMAGED = "‰Û"
_LOST = (("‰Û_", "…"), ("‰Ûù", "”"))
"""Characters whose last byte the damage did not keep."""


def decode(path: Path, body: bytes, encoding: str = "") -> str:
    """By `encoding`, else by the byte order mark, else UTF-8, else Windows-1252 with a warning.

    Raises:
        TrainingDataError: the bytes are in no such encoding, or there is no such encoding.
    """
    named = encoding or next((name for bom, name in _BOMS if body.startswith(bom)), "utf-8-sig")
    try:
        return body.decode(named).removeprefix("\ufeff")  # a named encoding leaves the mark
    except LookupError:
        raise TrainingDataError(f"There is no encoding {encoding!r}") from None
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        if named == "utf-8-sig":
            return _fall_back(path, body, line)
        raise TrainingDataError(f"{path} is not {named} (line {line})") from None
    except ValueError as error:  # of encodings that give no position, as punycode and undefined
        raise TrainingDataError(f"{path} is not {named}: {error}") from None


def _fall_back(path: Path, body: bytes, line: int) -> str:
    if _DAMAGED in (text := body.decode("mac_roman")):
        _log.warning("%s was damaged by a spreadsheet program; undone where possible", path.name)
        return repair(text)
    try:
        text = body.decode("cp1252")
    except UnicodeDecodeError:
        raise TrainingDataError(
            f"{path} is not UTF-8 (line {line}); name its encoding, for instance --encoding cp1251"
        ) from None
    _log.warning("%s is not UTF-8 (line %d); read as Windows-1252", path.name, line)
    return text


def repair(text: str) -> str:
    """Undo UTF-8 → Windows-1252 → Mac Roman, done twice; what does not fit that stays."""
    for damaged, meant in _LOST:
        text = text.replace(damaged, meant)
    return _RUN.sub(_undo, text)


def _undo(run: re.Match[str]) -> str:
    try:
        once = run.group().encode("cp1252").decode("mac_roman")
        return once.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return run.group()
