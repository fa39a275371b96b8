"""The extraction child: pages in by stdin, articles out by stdout, one at a time.

`python -m service.articles.extract_worker CPU_SECONDS MEMORY_MB MIN_CHARS`

It reads what strangers wrote with libraries that were not made for that, so it gives up first what
it does not need: memory, processor time, files, sockets and children. A test looks that any of
these fails. Knows nothing of the service; the pipe is all it has.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import sys
import warnings
from typing import Any, BinaryIO

from service.articles import wire
from service.articles.reading.reader import read_page
from service.errors import ArticleError, NotAnArticle

_FORBIDDEN_EVENTS = (
    *("socket.", "urllib.Request", "subprocess.", "shutil.", "ctypes.dlopen"),
    *("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.remove", "os.kill"),
)


def main(argv: list[str]) -> None:
    cpu_seconds, memory_mb, min_chars = (int(argument) for argument in argv)
    pages, answers = _take_pipes()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)  # the libraries log what pages hold
    _give_up(memory_mb)
    gc.freeze()  # the libraries stay; only what pages leave behind is looked through
    answers.write(wire.frame(wire.READY))
    answers.flush()
    while True:
        try:
            payload = wire.read_frame(pages)
        except EOFError:
            return
        _limit_cpu(cpu_seconds)
        answers.write(wire.frame(answer(payload, min_chars)))
        answers.flush()
        gc.collect()  # trees of lxml hang in cycles; between pages nobody waits


def answer(payload: bytes, min_chars: int) -> bytes:
    """A frame's payload for a page's, whatever the page does to the libraries."""
    try:
        return wire.encode_article(read_page(wire.decode_page(payload), min_chars))
    except ArticleError as refusal:
        return wire.encode_refusal(refusal)
    except Exception:  # the libraries fail in any way on what was made to break them
        return wire.encode_refusal(NotAnArticle("The page cannot be read."))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipe for frames alone: what a library prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, answers


def _give_up(memory_mb: int) -> None:
    size = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_refuse_event)


def _refuse_event(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN_EVENTS):
        raise PermissionError(f"{event} is not allowed while a page is read")


def _limit_cpu(seconds: int) -> None:
    """Let this page have so much; the kernel ends the process, even if nobody else is left to."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(sys.argv[1:])
