"""Look a host name up once, within a deadline. Judges nothing."""

from __future__ import annotations

import socket
import threading
from ipaddress import ip_address
from typing import Any, Protocol

from service.articles.address_guard import CANNOT_FETCH, IPAddress, literal_address
from service.articles.deadline import Deadline
from service.errors import ArticleTimeout, ArticleUnreachable

MAX_LOOKUPS = 64


class Resolver(Protocol):
    def resolve(self, host: str, deadline: Deadline) -> list[IPAddress]:
        """Every address of a host, in the order of preference.

        Raises:
            ArticleUnreachable: the name has none, or the look-up failed.
            ArticleTimeout: no answer in time.
        """


class SystemResolver:
    """The platform's resolver (`getaddrinfo`), which takes no timeout.

    So each look-up has a thread of its own, which is left behind when time is up; `MAX_LOOKUPS`
    bounds how many can hang at once. Daemons, so that none holds up the end of the process.
    """

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(MAX_LOOKUPS)

    def resolve(self, host: str, deadline: Deadline) -> list[IPAddress]:
        literal = literal_address(host)
        if literal is not None:
            return [literal]
        lookup = _Lookup(host, self._places, deadline)
        while not lookup.done.wait(deadline.slice()):
            pass
        return lookup.addresses()


class _Lookup:
    def __init__(self, host: str, places: threading.BoundedSemaphore, deadline: Deadline) -> None:
        self.done = threading.Event()
        self._host = host
        self._places = places
        self._answers: list[tuple[Any, ...]] = []
        if not places.acquire(timeout=deadline.remaining()):
            raise ArticleTimeout(CANNOT_FETCH)
        threading.Thread(target=self._run, name="lookup", daemon=True).start()

    def _run(self) -> None:
        try:
            self._answers = socket.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            pass  # no answers, which `addresses` reports; what went wrong concerns nobody outside
        finally:
            self._places.release()
            self.done.set()

    def addresses(self) -> list[IPAddress]:
        if not self._answers:
            raise ArticleUnreachable(CANNOT_FETCH)
        return list(dict.fromkeys(ip_address(answer[4][0]) for answer in self._answers))
