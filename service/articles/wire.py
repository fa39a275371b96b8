"""What goes over the pipe between the service and its extraction children.

JSON in frames with a length before each: nothing that comes from a page is ever unpickled.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, BinaryIO

from service.articles.article import Article, FetchedPage
from service.errors import ArticleError, ArticleTooLarge, NotAnArticle, TooLittleText

LENGTH_BYTES = 4
MAX_ANSWER_BYTES = 32_000_000
READY = b"{}"

_REFUSALS: dict[str, type[ArticleError]] = {
    refusal.type: refusal for refusal in (TooLittleText, NotAnArticle, ArticleTooLarge)
}


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload


def read_frame(stream: BinaryIO) -> bytes:
    """The next frame's payload.

    Raises:
        EOFError: the other side has closed.
    """
    size = int.from_bytes(_read_exactly(stream, LENGTH_BYTES), "big")
    return _read_exactly(stream, size)


def encode_page(page: FetchedPage) -> bytes:
    """A line of JSON, then the body as it is."""
    head = json.dumps({"url": page.url, "content_type": page.content_type})
    return head.encode() + b"\n" + page.body


def decode_page(payload: bytes) -> FetchedPage:
    head, _, body = payload.partition(b"\n")
    fields = json.loads(head)
    return FetchedPage(url=fields["url"], body=body, content_type=fields["content_type"])


def encode_article(article: Article) -> bytes:
    return json.dumps({"article": asdict(article)}).encode()


def encode_refusal(error: ArticleError) -> bytes:
    return json.dumps({"refusal": error.type, "detail": error.detail}).encode()


def decode_answer(payload: bytes) -> Article:
    """
    Raises:
        ArticleError: what the child refused the page with.
        ValueError, KeyError, TypeError, AttributeError: it sent something else.
    """
    answer: dict[str, Any] = json.loads(payload)
    if "refusal" in answer:
        raise _REFUSALS[answer["refusal"]](answer["detail"])
    fields = answer["article"]
    article = Article(**{**fields, "authors": tuple(fields["authors"])})
    _require_text(article.title, article.text, *article.authors, *article.origins.values())
    optional = (article.url, article.published, article.site_name, article.language)
    _require_text(*(value for value in (*optional, article.image_url) if value is not None))
    return article


def _require_text(*values: object) -> None:
    """A child that a page has taken over may send anything."""
    if not all(isinstance(value, str) for value in values):
        raise TypeError("an article's field is no text")


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
