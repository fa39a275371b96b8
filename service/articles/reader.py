"""`ArticleReader`: from a URL, or from what the caller sent, to an `Article`.

The only door to this room for the pipeline and for training's scraper.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from service.articles.article import Article
from service.articles.cache import CacheStats, FlightCache
from service.articles.deadline import Deadline, never
from service.articles.extract import Extractor, ExtractStats
from service.articles.fetch import Fetcher
from service.articles.language import detect_language
from service.articles.resolver import Resolver
from service.articles.text import normal_line, normal_text
from service.config import FetchConfig
from service.errors import ArticleError, TooLittleText


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """An article and what it cost, in milliseconds; both costs are 0 for one from the cache."""

    article: Article
    fetch_ms: float = 0.0
    extract_ms: float = 0.0
    cached: bool = False


@dataclass(frozen=True, slots=True)
class ReaderStats:
    """Counters since the start, for metrics."""

    cache: CacheStats
    extract: ExtractStats
    refusals: Mapping[str, int] = field(default_factory=dict)
    """An error's type -> how often a page was refused with it."""


class ArticleReader:
    """Build it once a process, after any fork; safe to share between threads."""

    def __init__(self, config: FetchConfig, resolver: Resolver | None = None) -> None:
        # A request that waits for another's flight waits as long as that may take.
        self._patience_s = config.deadline_s + 3 * config.extract_timeout_s
        self._fetcher = Fetcher(config, resolver)
        self._extractor = Extractor(config)
        self._cache: FlightCache[ReadArticle] = FlightCache(
            config.cache_size, config.cache_ttl_s, config.cache_failure_ttl_s
        )
        self._refusals: Counter[str] = Counter()
        self._counting = threading.Lock()

    def read(
        self,
        url: str,
        *,
        deadline_s: float | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> ReadArticle:
        """Fetch and extract; the same URL at the same time, or again soon, only once.

        Raises:
            ArticleError: why there is no article; see `errors.py`.
            RateLimited: too many pages of this host are asked for.
            RequestAborted: `cancelled()` became true while fetching.
        """
        patience = Deadline(self._patience_s, cancelled)
        try:
            page_url = self._fetcher.canonical(url)
            found = self._cache.get(
                page_url,
                lambda: self._read(page_url, deadline_s, cancelled),
                patience.slice,
            )
        except ArticleError as error:
            with self._counting:
                self._refusals[error.type] += 1
            raise
        return ReadArticle(found.value.article, cached=True) if found.cached else found.value

    def from_text(self, title: str, text: str) -> Article:
        """What the caller sent in the place of a URL, in the same form as what pages yield.

        Raises:
            TooLittleText: nothing visible is in it.
        """
        body = normal_text(text)
        if not body:
            raise TooLittleText("The text is empty.", hint="Send the article's text in `text`.")
        language = detect_language(body)
        return Article(
            title=normal_line(title),
            text=body,
            language=language,
            origins={"title": "request", "text": "request"}
            | ({"language": "text"} if language else {}),
        )

    def stats(self) -> ReaderStats:
        with self._counting:
            refusals = dict(self._refusals)
        return ReaderStats(self._cache.stats(), self._extractor.stats(), refusals)

    def close(self) -> None:
        self._extractor.close()

    def _read(
        self, url: str, deadline_s: float | None, cancelled: Callable[[], bool]
    ) -> ReadArticle:
        start = time.perf_counter()
        page = self._fetcher.fetch(url, deadline_s=deadline_s, cancelled=cancelled)
        fetched = time.perf_counter()
        article = self._extractor.extract(page)
        done = time.perf_counter()
        return ReadArticle(article, 1000 * (fetched - start), 1000 * (done - fetched))
