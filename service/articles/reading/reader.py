"""One page to one article, in the child. What may go wrong has a name; nothing is `None`."""

from __future__ import annotations

from service.articles.article import Article, FetchedPage
from service.articles.language import detect_language
from service.articles.reading.body import article_text, too_little
from service.articles.reading.decode import decode_page
from service.articles.reading.hidden import prune_hidden
from service.articles.reading.metadata import Metadata
from service.articles.reading.page import parse
from service.articles.reading.titles import key
from service.articles.reading.walls import is_error_title, split_notices
from service.articles.text import normal_text, weight
from service.errors import TooLittleText


def read_page(page: FetchedPage, min_chars: int) -> Article:
    """
    Raises:
        TooLittleText: no article's text is there.
        ArticleTooLarge: the page is made to cost time.
    """
    text = decode_page(page.body, page.content_type)
    if _is_plain(page.content_type, text):
        return _plain_article(page, text, min_chars)
    tree = parse(text)
    # lxml makes an object of an element whenever it is passed by, unless one is still held.
    elements = list(tree.iter())
    metadata = Metadata(tree, page.url)
    prune_hidden(tree)
    metadata.look()
    del elements
    title = metadata.title()
    titles = (title, metadata.heading())
    if any(map(is_error_title, titles)):
        raise TooLittleText("The site says that there is no such page.")
    body, origin = article_text(tree, page.url, metadata.stated_body(), titles, min_chars)
    metadata.origins["text"] = origin
    return Article(
        title=title,
        text=_without_title(body, title),
        url=page.url,
        authors=metadata.authors(),
        published=metadata.published(),
        site_name=metadata.site_name(),
        language=metadata.language(body),
        image_url=metadata.image_url(),
        origins=metadata.origins,
    )


def _is_plain(content_type: str, text: str) -> bool:
    return content_type.strip().lower().startswith("text/plain") and "</" not in text[:2000]


def _plain_article(page: FetchedPage, text: str, min_chars: int) -> Article:
    body, kinds = split_notices(normal_text(text))
    if weight(body) < min_chars:
        raise too_little(kinds)
    language = detect_language(body)
    origins = {"text": "plain"} | ({"language": "text"} if language else {})
    return Article(title="", text=body, url=page.url, language=language, origins=origins)


def _without_title(body: str, title: str) -> str:
    """Extractors often take the heading for the first paragraph."""
    first, _, rest = body.partition("\n")
    return rest if rest and title and key(first) == key(title) else body
