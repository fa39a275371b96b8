"""What an article is, for everybody else in the project. Knows nothing of how it is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """The bytes of a page, as they came, decompressed."""

    url: str
    """The URL after redirects."""
    body: bytes
    content_type: str
    """The Content-Type header, parameters included; empty where the site sent none."""


@dataclass(frozen=True, slots=True)
class Article:
    """Normalised text (NFC, no control, zero-width or bidi characters), ready for a prompt."""

    title: str
    """Empty where none is known."""
    text: str
    """Paragraphs separated by one newline."""
    url: str | None = None
    """None where the caller sent the text himself."""
    authors: tuple[str, ...] = ()
    published: str | None = None
    """ISO 8601 date, with time where the page has one."""
    site_name: str | None = None
    language: str | None = None
    """ISO 639-1 code."""
    image_url: str | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    """Field name -> where its value came from: `json-ld`, `newspaper`, `trafilatura`, `request`."""
