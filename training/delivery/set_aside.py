"""What a new model replaces, kept until the new one is known to be good."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CARD = "README.md"


@contextmanager
def set_aside(folder: Path, keep_in: Path) -> Iterator[None]:
    """A new folder, empty but for the card; the old one comes back where the block ends badly.

    Args:
        keep_in: where the old one is meanwhile; on the same file system.
    """
    old = keep_in / f"{folder.name}.replaced"
    if old.exists():  # a process was killed in the block
        _put_back(old, folder)
    keep_in.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        folder.rename(old)
    try:
        folder.mkdir()
        if (old / _CARD).is_file():
            shutil.copy2(old / _CARD, folder)
        yield
    except BaseException:
        _put_back(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _put_back(old: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if old.exists():
        old.rename(folder)
