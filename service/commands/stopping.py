"""Ctrl-C at the terminal: the first one ends a run in good order, the second one at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event
from types import FrameType

_STOPPING = b"\ndoc2tweet: stopping; Ctrl-C again ends it at once\n"
_STDERR = 2


@contextmanager
def stopping_on_interrupt() -> Iterator[Event]:
    """For as long as the context lasts. Yields: what the first Ctrl-C sets."""
    stopping = Event()

    def note(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with suppress(OSError):
            # Past Python's buffer: the signal may have come while that was written to.
            os.write(_STDERR, _STOPPING)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield stopping
    finally:
        signal.signal(signal.SIGINT, before)
