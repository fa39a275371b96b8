"""One process at a time for one thing, by a lock on a file; freed by the system if we die."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from service.errors import SetupError


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the lock `path`, which is created where it is missing; wait, and say so, if taken.

    Raises:
        SetupError: it cannot be created there.
    """
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"waiting for another process that holds {path}\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _opened(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a")
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror or error}") from None
