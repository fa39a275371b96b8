"""Sites that are slow, endless, broken or explosive: refused in time, in bounded memory."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest

from service.articles.fetch import Fetcher
from service.errors import (
    ArticleError,
    ArticleTimeout,
    ArticleTooLarge,
    ArticleUnreachable,
    NotAnArticle,
    RequestAborted,
)
from tests.service.articles.conftest import PAGE, FaultServer, open_config, response

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
BOMB = b"<p>word</p>" * 2_000_000
WIRE = {
    "gzip": gzip.compress(BOMB),
    "x-gzip": gzip.compress(BOMB),
    "deflate": zlib.compress(BOMB),
    "br": brotli.compress(BOMB, quality=5),
    "gzip, gzip": gzip.compress(gzip.compress(BOMB)),
    "br, gzip": gzip.compress(brotli.compress(BOMB, quality=5)),
}


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def drip(data: bytes, pause: float = 0.05) -> Callable[[socket.socket], None]:
    def send(connection: socket.socket) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(pause)

    return send


def endless(piece: bytes, head: bytes = HEAD + b"\r\n") -> Callable[[socket.socket], None]:
    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)

    return send


def silence(head: bytes) -> Callable[[socket.socket], None]:
    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        connection.recv(1)  # until the client has gone

    return send


def reset(head: bytes) -> Callable[[socket.socket], None]:
    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    return send


@pytest.mark.parametrize("coding", WIRE)
def test_a_bomb_is_too_large_and_memory_stays_flat(
    site: FaultServer, fetcher: Fetcher, coding: str
) -> None:
    url = site.serve("/", response(WIRE[coding], content_encoding=coding))
    tracemalloc.start()
    with pytest.raises(ArticleTooLarge) as caught:
        fetcher.fetch(url)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.status == 422
    assert peak < 5_000_000


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("br", brotli.compress),
        ("gzip, br", lambda data: brotli.compress(gzip.compress(data))),
        ("gzip", lambda data: gzip.compress(data[:100]) + gzip.compress(data[100:])),
        ("identity", bytes),
        ("", bytes),
    ],
)
def test_what_is_asked_for_is_decoded(
    site: FaultServer, fetcher: Fetcher, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    data = PAGE.encode() * 50
    url = site.serve("/", response(pack(data), content_encoding=coding))
    assert fetcher.fetch(url).body == data


@pytest.mark.parametrize("coding", ["zstd", "compress", "aes128gcm", "gzip, gzip, gzip"])
def test_other_codings_are_refused(site: FaultServer, fetcher: Fetcher, coding: str) -> None:
    with pytest.raises(NotAnArticle):
        fetcher.fetch(site.serve("/", response(b"data", content_encoding=coding)))


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 10000000000\r\n\r\n",
        endless(b"a" * 65536),
        endless(b"<p>" * 100),
        endless(
            b"10000\r\n" + b"a" * 65536 + b"\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        ),
    ],
    ids=["announced", "endless", "endless in small pieces", "endless in chunks"],
)
def test_a_body_without_end_is_too_large(
    site: FaultServer, fetcher: Fetcher, answer: bytes | Callable[[socket.socket], None]
) -> None:
    with pytest.raises(ArticleTooLarge):
        fetcher.fetch(site.serve("/", answer))


@pytest.mark.parametrize(
    "answer",
    [
        drip(HEAD),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0.02),
        drip(HEAD + b"\r\n" + PAGE.encode(), 0.02),
        drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 1000, 0.02),
        silence(b""),
        silence(HEAD),
        silence(HEAD + b"\r\n"),
        silence(HEAD + b"Content-Length: 100\r\n\r\n<p>"),
        silence(HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b"),
    ],
    ids=[
        *("slow headers", "continue", "slow body", "slow chunks", "silence", "half headers"),
        *("silence after headers", "half a body", "half a gzip"),
    ],
)
def test_slow_sites_meet_the_total_deadline(
    site: FaultServer, answer: Callable[[socket.socket], None]
) -> None:
    start = time.monotonic()
    with pytest.raises(ArticleTimeout) as caught:
        Fetcher(open_config(deadline_s=0.4)).fetch(site.serve("/", answer))
    assert time.monotonic() - start < 0.4 + 1
    assert (caught.value.status, caught.value.retryable) == (504, True)


def test_redirects_share_one_deadline(site: FaultServer) -> None:
    def slowly(connection: socket.socket) -> None:
        time.sleep(0.15)
        connection.sendall(response(b"", "302 Found", location="/"))

    with pytest.raises(ArticleTimeout):
        Fetcher(open_config(deadline_s=0.4)).fetch(site.serve("/", slowly))


def test_a_silent_address_is_504() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    full = [socket.socket() for _ in range(4)]
    for waiting in full:
        waiting.setblocking(False)
        waiting.connect_ex(listener.getsockname())
    with pytest.raises(ArticleTimeout):
        Fetcher(open_config(deadline_s=0.4)).fetch(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    for held in (*full, listener):
        held.close()


@pytest.mark.parametrize(
    "answer",
    [
        reset(b""),
        reset(HEAD),
        reset(HEAD + b"Content-Length: 100\r\n\r\n<p>"),
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        HEAD + b"Content-Length: 100\r\n\r\nshort",
        HEAD + b"Content-Length: -1\r\n\r\nx",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        HEAD + b"Content-Length: 0x10\r\n\r\nhello",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n10\r\nshort",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + b"a" * 1000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 5000 + b"\r\n",
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello" * 100)[:-12],
        HEAD + b"Content-Encoding: gzip\r\n\r\nnot gzip at all",
        HEAD + b"Content-Encoding: br\r\n\r\n" + brotli.compress(b"hello" * 100)[:-3],
        HEAD + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(b"hello" * 100)[:-9],
    ],
)
def test_broken_answers_are_502(
    site: FaultServer, fetcher: Fetcher, answer: bytes | Callable[[socket.socket], None]
) -> None:
    with pytest.raises(ArticleUnreachable) as caught:
        fetcher.fetch(site.serve("/", answer))
    assert (caught.value.status, caught.value.retryable) == (502, True)


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
        HEAD + b"Transfer-Encoding: Chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 5\r\n\r\nhello and more",
        HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        HEAD + b"\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"\r\nhello",
    ],
)
def test_unusual_but_right_answers_are_read(
    site: FaultServer, fetcher: Fetcher, answer: bytes
) -> None:
    assert fetcher.fetch(site.serve("/", answer)).body == b"hello"


def test_a_client_that_left_ends_the_fetch(site: FaultServer, fetcher: Fetcher) -> None:
    left = threading.Event()

    def then_leave(connection: socket.socket) -> None:
        left.set()
        silence(HEAD)(connection)

    with pytest.raises(RequestAborted):
        fetcher.fetch(site.serve("/", then_leave), cancelled=left.is_set)


def test_no_refusal_repeats_what_the_site_sent(site: FaultServer, fetcher: Fetcher) -> None:
    for status in ("500 secret-word", "404 secret-word"):
        with pytest.raises(ArticleError) as caught:
            fetcher.fetch(site.serve("/", response(b"secret-word", status)))
        assert "secret-word" not in str(vars(caught.value))
        assert caught.value.__cause__ is None
