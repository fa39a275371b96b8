"""Reading and writing the files between stages. Knows nothing of what is in them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from service.errors import SetupError, TrainingDataError


@contextmanager
def atomic_writer(path: Path) -> Iterator[TextIO]:
    """A text file that appears under its name only when it is whole and on the disk.

    Raises:
        SetupError: it cannot be written (no room, no permission); nothing is left behind.
    """
    part = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="\n") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # where there is no such folder, there is no file either
            part.unlink(missing_ok=True)


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number from 1, object) of every line that is not blank; its texts can be written.

    Raises:
        TrainingDataError: the file cannot be read, is not UTF-8, or a line is no JSON object.
    """
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, _parse_object(path, number, line)
    except UnicodeDecodeError as error:
        raise TrainingDataError(f"{path} is not UTF-8: {error.reason}") from None
    except OSError as error:
        raise TrainingDataError(f"{path} cannot be read: {error.strerror}") from None


def _parse_object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if "\\ud" in line.lower():
            row = json.loads(encodable(json.dumps(row, ensure_ascii=False)))
    except (ValueError, RecursionError) as error:
        raise TrainingDataError(f"{path}, line {number}: no JSON ({error})") from None
    if not isinstance(row, dict):
        raise TrainingDataError(f"{path}, line {number}: no JSON object")
    return row


def encodable(text: str) -> str:
    """Without halves of surrogate pairs, as a text has that was cut within an emoji."""
    return text.encode("utf-8", "ignore").decode()
