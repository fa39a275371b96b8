"""A site that misbehaves on purpose, and a resolver that says what a test wants."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from service.articles.address_guard import CANNOT_FETCH, IPAddress
from service.articles.deadline import Deadline
from service.articles.extract import Extractor
from service.articles.fetch import Fetcher
from service.articles.reading.hidden import prune_hidden
from service.articles.reading.page import parse
from service.config import FetchConfig
from service.errors import ArticleUnreachable

Handler = Callable[[socket.socket], None]
SENTENCE = "The bridge over the river was opened again on Monday after two years of works. "
PAGE = f"<html><head><title>Bridge reopens</title></head><body><p>{SENTENCE * 8}</p></body></html>"


def visible(html: str, before: str = "Before.") -> str:
    """What is left of a page's text when the hidden has gone."""
    tree = parse(f"<html><body><p>{before}</p>{html}<p>After.</p></body></html>")
    prune_hidden(tree)
    return " ".join(tree.xpath("//body//text()[not(parent::style)]"))


def response(body: bytes = PAGE.encode(), status: str = "200 OK", **headers: str) -> bytes:
    """A whole response; `content_type="…"` sets Content-Type, and so on."""
    fields = {"content_type": "text/html", "content_length": str(len(body)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body


class FaultServer:
    """Answers each path with the bytes, or the function of the socket, that a test gave it."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, bytes | Handler] = {}
        self.requests: list[bytes] = []
        self.num_connections = 0
        self._context = context
        self._count = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        scheme = "https" if self._context else "http"
        return f"{scheme}://{host}:{self.port}{path}"

    def serve(self, path: str, answer: bytes | Handler) -> str:
        self.routes[path] = answer
        return self.url(path)

    @property
    def paths(self) -> list[str]:
        return [request.split(b" ")[1].decode() for request in self.requests]

    def close(self) -> None:
        self._closing = True
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._closing:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        with self._count:
            self.num_connections += 1
        with contextlib.suppress(OSError), self._secured(connection) as secured:
            self._answer(secured)

    def _secured(self, connection: socket.socket) -> socket.socket:
        if not self._context:
            return connection
        try:
            return self._context.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            raise

    def _answer(self, connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(4096)
            if not piece:
                return
            request += piece
        self.requests.append(request)
        path = request.split(b" ")[1].decode()
        answer = self.routes.get(path, response(b"no", "404 Not Found"))
        if isinstance(answer, bytes):
            connection.sendall(answer)
        else:
            answer(connection)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


class FakeResolver:
    """Names to addresses; a list of lists answers one look-up after the other."""

    def __init__(self, **names: list[str] | list[list[str]]) -> None:
        self._names = {name.replace("_", "."): answers for name, answers in names.items()}
        self.lookups: list[str] = []

    def resolve(self, host: str, _deadline: Deadline) -> list[IPAddress]:
        with contextlib.suppress(ValueError):
            return [ip_address(host)]
        self.lookups.append(host)
        answers = self._names.get(host)
        if not answers:
            raise ArticleUnreachable(CANNOT_FETCH)
        turn = min(len(self.lookups), len(answers)) - 1
        texts = answers[turn] if isinstance(answers[0], list) else answers
        return [ip_address(text) for text in texts]


def open_config(**settings: object) -> FetchConfig:
    """Settings that let loopback in, with limits small enough for tests."""
    given = {
        "allowed_networks": ("127.0.0.0/8",),
        "allowed_ports": ("*",),
        "deadline_s": 2.0,
        "max_bytes": 200_000,
        "per_host_rate": 10_000.0,
        **settings,
    }
    return FetchConfig(**given)  # type: ignore[arg-type]


@pytest.fixture
def site() -> Iterator[FaultServer]:
    server = FaultServer()
    yield server
    with contextlib.suppress(OSError):
        server.close()


@pytest.fixture(scope="session")
def extractor() -> Iterator[Extractor]:
    """Children that all tests of reading share; with time enough for a busy machine."""
    made = Extractor(FetchConfig(extract_timeout_s=30))
    yield made
    made.close()


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher(open_config())
