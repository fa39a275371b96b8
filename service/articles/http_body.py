"""The bytes of a response: framed, decompressed and counted. Knows no socket and no URL.

Every stage hands on pieces of bounded size and counts what it made, so that a bomb costs no more
memory than the limit, however deep it is wrapped.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from email.message import Message
from typing import BinaryIO, Protocol

import brotli

from service.errors import ArticleTooLarge, ArticleUnreachable, NotAnArticle

ACCEPT_ENCODING = "gzip, deflate, br"
PIECE_BYTES = 65_536
MAX_CODINGS = 2
MAX_LINE_BYTES = 4096
MAX_TRAILERS = 64
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r?\n")


def framed(stream: BinaryIO, headers: Message, max_bytes: int) -> Iterator[bytes]:
    """The pieces of a body by RFC 9112, section 6.3.

    Stricter than `http.client`, which takes a chunk of size -1 for "all there is" and the early end
    of a body for its end.

    Raises:
        ArticleTooLarge: the length that is announced is over `max_bytes` already.
        ArticleUnreachable: wrong lengths, or an early end.
    """
    codings = ",".join(headers.get_all("Transfer-Encoding", [])).strip().lower()
    lengths = {text.strip() for text in headers.get_all("Content-Length", [])}
    if codings:
        if codings != "chunked":
            raise ArticleUnreachable("The page arrived damaged.")
        return _chunked(stream)
    if not lengths:
        return _to_the_end(stream)
    length = lengths.pop()
    if lengths or not re.fullmatch("[0-9]{1,15}", length):
        raise ArticleUnreachable("The page arrived damaged.")
    if int(length) > max_bytes:
        raise ArticleTooLarge(f"The page is larger than {max_bytes} bytes.")
    return _exactly(stream, int(length))


def _to_the_end(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(PIECE_BYTES):
        yield piece


def _exactly(stream: BinaryIO, length: int) -> Iterator[bytes]:
    while length:
        piece = stream.read(min(length, PIECE_BYTES))
        if not piece:
            raise ArticleUnreachable("The page arrived cut short.")
        length -= len(piece)
        yield piece


def _chunked(stream: BinaryIO) -> Iterator[bytes]:
    while size := _chunk_size(stream):
        yield from _exactly(stream, size)
        if stream.readline(3) not in (b"\r\n", b"\n"):
            raise ArticleUnreachable("The page arrived damaged.")
    for _ in range(MAX_TRAILERS):
        if stream.readline(MAX_LINE_BYTES) in (b"\r\n", b"\n", b""):
            return
    raise ArticleUnreachable("The page arrived damaged.")


def _chunk_size(stream: BinaryIO) -> int:
    match = _CHUNK_SIZE.fullmatch(stream.readline(MAX_LINE_BYTES))
    if match is None:
        raise ArticleUnreachable("The page arrived damaged.")
    return int(match[1], 16)


class _Decoder(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def finished(self) -> bool: ...


def read_body(
    pieces: Iterator[bytes], content_encoding: str, max_bytes: int, check: Callable[[], object]
) -> bytes:
    """Join the decoded pieces.

    `check` is called for each piece, so that a deadline also ends what only costs time.

    Raises:
        ArticleTooLarge: more than `max_bytes`, on the wire or decoded.
        ArticleUnreachable: the stream is damaged or cut short.
        NotAnArticle: a coding that was not asked for.
    """
    codings = [c for c in content_encoding.lower().replace(" ", "").split(",") if c]
    codings = [c for c in codings if c != "identity"]
    if len(codings) > MAX_CODINGS:
        raise NotAnArticle("The page is compressed in a way that is not read here.")
    stream = _counted(pieces, max_bytes, check)
    for coding in reversed(codings):
        stream = _counted(_decoded(stream, coding), max_bytes, check)
    return b"".join(stream)


def _counted(
    pieces: Iterator[bytes], max_bytes: int, check: Callable[[], object]
) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        check()
        total += len(piece)
        if total > max_bytes:
            raise ArticleTooLarge(f"The page is larger than {max_bytes} bytes.")
        yield piece


def _decoded(pieces: Iterator[bytes], coding: str) -> Iterator[bytes]:
    decoder: _Decoder | None = None
    for piece in pieces:
        if decoder is None:
            decoder = _decoder(coding, piece)
        try:
            yield from decoder.feed(piece)
        except (zlib.error, brotli.error):
            raise ArticleUnreachable("The page arrived damaged.") from None
    if decoder is not None and not decoder.finished():
        raise ArticleUnreachable("The page arrived cut short.")


def _decoder(coding: str, first: bytes) -> _Decoder:
    if coding in ("gzip", "x-gzip"):
        return _Zlib(16 + zlib.MAX_WBITS)
    if coding == "deflate":
        # Sites mean either zlib's wrapping (RFC 9110) or the bare stream; the first byte tells.
        return _Zlib(zlib.MAX_WBITS if first[:1] and first[0] & 0x0F == 8 else -zlib.MAX_WBITS)
    if coding == "br":
        return _Brotli()
    raise NotAnArticle("The page is compressed in a way that is not read here.")


class _Zlib:
    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._inner = zlib.decompressobj(wbits)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while True:
            piece = self._inner.decompress(data, PIECE_BYTES)
            yield piece
            data = self._inner.unconsumed_tail
            if self._inner.eof:
                data = self._next_member()
            # A full piece may have more behind it although all input is taken in.
            if not data and len(piece) < PIECE_BYTES:
                return

    def _next_member(self) -> bytes:
        """A gzip file may be several in a row; anything else behind the end is ignored."""
        rest = self._inner.unused_data
        if self._wbits <= zlib.MAX_WBITS or not rest.startswith(b"\x1f\x8b"):
            return b""
        self._inner = zlib.decompressobj(self._wbits)
        return rest

    def finished(self) -> bool:
        return self._inner.eof


class _Brotli:
    def __init__(self) -> None:
        self._inner = brotli.Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        piece = self._inner.process(data, output_buffer_limit=PIECE_BYTES)
        while piece:
            yield piece
            piece = self._inner.process(b"", output_buffer_limit=PIECE_BYTES)

    def finished(self) -> bool:
        return bool(self._inner.is_finished())
