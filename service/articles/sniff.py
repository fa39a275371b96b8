"""Whether a response can be a page at all: by its Content-Type, and by its first bytes."""

from __future__ import annotations

from service.errors import NotAnArticle

_PAGE_TYPES = frozenset({"", "text/html", "application/xhtml+xml", "text/plain"})
# Wrong and frequent: servers that send `application/xml` or `text/xml` for XHTML.
_XML_TYPES = frozenset({"application/xml", "text/xml"})

# (offset, bytes) of what is no text, whatever its label says.
_MAGIC: tuple[tuple[int, bytes], ...] = (
    (0, b"%PDF-"),
    (0, b"\x89PNG\r\n"),
    (0, b"\xff\xd8\xff"),  # JPEG
    (0, b"GIF87a"),
    (0, b"GIF89a"),
    (0, b"RIFF"),  # WebP, WAV, AVI
    (0, b"PK\x03\x04"),  # zip, docx, epub
    (0, b"PK\x05\x06"),
    (0, b"\x1f\x8b"),  # gzip
    (0, b"BZh"),
    (0, b"\xfd7zXZ\x00"),
    (0, b"7z\xbc\xaf\x27\x1c"),
    (0, b"\x28\xb5\x2f\xfd"),  # zstd
    (0, b"\x7fELF"),
    (0, b"MZ\x90\x00"),
    (0, b"\x00asm"),
    (0, b"OggS"),
    (0, b"ID3"),
    (0, b"fLaC"),
    (0, b"\x1a\x45\xdf\xa3"),  # Matroska, WebM
    (0, b"wOFF"),
    (0, b"wOF2"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),  # old Office
    (0, b"{\\rtf"),
    (0, b"%!PS"),
    (0, b"II*\x00"),  # TIFF
    (0, b"MM\x00*"),
    (0, b"SQLite format 3\x00"),
    (4, b"ftyp"),  # MP4, HEIC, AVIF
    (257, b"ustar"),
)


def require_page_type(content_type: str) -> None:
    """Raises NotAnArticle where the label names anything but a page or plain text."""
    essence = content_type.partition(";")[0].strip().lower()
    if essence not in _PAGE_TYPES | _XML_TYPES:
        raise NotAnArticle("There is a file at this URL, not a page.")


def require_page_bytes(body: bytes) -> None:
    """Raises NotAnArticle where the bytes are a file or JSON, whatever their label."""
    head = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if any(body.startswith(magic, offset) for offset, magic in _MAGIC) or head.startswith(b"%PDF-"):
        raise NotAnArticle("There is a file at this URL, not a page.")
    if head[:1] in (b"{", b"[") and b"<" not in head:
        raise NotAnArticle("There is data at this URL, not a page.")
