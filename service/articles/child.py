"""One extraction child, seen from the service: start, ask, kill. Knows frames, not pages."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

from service.articles import wire

START_SECONDS = 30.0
_ROOT = Path(__file__).parents[2]


class ChildFailed(Exception):
    """The child ended, overran its time or sent nonsense. It has been killed."""


class Child:
    """A process of `service.articles.extract_worker`. One thread at a time may use it."""

    def __init__(self, cpu_seconds: int, memory_mb: int, min_chars: int) -> None:
        arguments = [str(cpu_seconds), str(memory_mb), str(min_chars)]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "service.articles.extract_worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            # Nothing of the service's environment: no key, no proxy. Its own session, so that
            # Ctrl-C in a terminal ends the service first and the pipe then ends the child.
            env={"PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, sys.path)])},
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self._ready = False
        self.num_pages = 0

    def ask(self, payload: bytes, seconds: float) -> bytes:
        """Send a page, wait for the answer; waiting for a start that is under way counts apart.

        Raises:
            ChildFailed: see there.
        """
        try:
            if not self._ready:
                self._receive(time.monotonic() + START_SECONDS)
                self._ready = True
            self.num_pages += 1
            end = time.monotonic() + seconds
            self._send(wire.frame(payload), end)
            return self._receive(end)
        except OSError:
            raise self._failed() from None

    def kill(self) -> None:
        """End the process now, and leave neither a zombie nor a descriptor behind."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _failed(self) -> ChildFailed:
        self.kill()
        return ChildFailed()

    def _send(self, data: bytes, end: float) -> None:
        rest = memoryview(data)
        while rest:
            self._await(self._in, select.POLLOUT, end)
            rest = rest[os.write(self._in, rest) :]

    def _receive(self, end: float) -> bytes:
        size = int.from_bytes(self._read(wire.LENGTH_BYTES, end), "big")
        if size > wire.MAX_ANSWER_BYTES:
            raise self._failed()
        return self._read(size, end)

    def _read(self, size: int, end: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            self._await(self._out, select.POLLIN, end)
            piece = os.read(self._out, size - len(data))
            if not piece:
                raise self._failed()
            data += piece
        return bytes(data)

    def _await(self, descriptor: int, event: int, end: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(max(0.0, 1000 * (end - time.monotonic()))):
            raise self._failed()
