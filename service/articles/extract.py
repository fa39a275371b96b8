"""Turn fetched pages into articles, in children that can be killed.

Hostile HTML costs libraries seconds or gigabytes. Here it costs one child, which is replaced, while
other requests go on with the others. Knows nothing of how a page is read; `reading/` does.
"""

from __future__ import annotations

import math
import queue
import threading
from dataclasses import dataclass

from service.articles import sniff, wire
from service.articles.article import Article, FetchedPage
from service.articles.child import Child, ChildFailed
from service.config import FetchConfig
from service.errors import ArticleTimeout, ArticleTooLarge, NotAnArticle

MAX_PAGES_PER_CHILD = 500
"""Then it is replaced, so that what libraries keep for themselves is given back."""


@dataclass(frozen=True, slots=True)
class ExtractStats:
    pages: int = 0
    killed: int = 0
    """Children that overran their limits or failed."""


class Extractor:
    """A fixed number of children, started at once and kept warm; safe to share between threads.

    Build it after the server has forked: the children belong to the process that started them.
    """

    def __init__(self, config: FetchConfig) -> None:
        self._config = config
        self._closed = False
        self._count = threading.Lock()
        self._stats = ExtractStats()
        self._idle: queue.SimpleQueue[Child] = queue.SimpleQueue()
        for _ in range(config.extract_children):
            self._idle.put(self._start())

    def extract(self, page: FetchedPage) -> Article:
        """
        Raises:
            NotAnArticle, TooLittleText, ArticleTooLarge: what the page is instead.
            ArticleTimeout: all children are busy for too long.
        """
        sniff.require_page_bytes(page.body)
        payload = wire.encode_page(page)
        child = self._take()
        try:
            answer = child.ask(payload, self._config.extract_timeout_s)
        except ChildFailed:
            self._replace()
            self._add(killed=1)
            raise ArticleTooLarge("The page is too complex to be read.") from None
        self._give_back(child)
        self._add(pages=1)
        try:
            return wire.decode_answer(answer)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NotAnArticle("The page cannot be read.") from None

    def stats(self) -> ExtractStats:
        with self._count:
            return self._stats

    def close(self) -> None:
        """End the children that are idle; those at work end with their pages."""
        self._closed = True
        while True:
            try:
                self._idle.get_nowait().kill()
            except queue.Empty:
                return

    def _start(self) -> Child:
        cpu_seconds = math.ceil(self._config.extract_timeout_s)
        return Child(cpu_seconds, self._config.extract_memory_mb, self._config.min_text_chars)

    def _take(self) -> Child:
        # Twice a page's time: whoever waits longer stands behind a row of hostile pages.
        try:
            return self._idle.get(timeout=2 * self._config.extract_timeout_s)
        except queue.Empty:
            raise ArticleTimeout(
                "Too many pages are being read at once.", status=503, retry_after=5
            ) from None

    def _give_back(self, child: Child) -> None:
        if self._closed or child.num_pages >= MAX_PAGES_PER_CHILD:
            child.kill()
            self._replace()
        else:
            self._idle.put(child)

    def _replace(self) -> None:
        if not self._closed:
            self._idle.put(self._start())

    def _add(self, pages: int = 0, killed: int = 0) -> None:
        with self._count:
            self._stats = ExtractStats(self._stats.pages + pages, self._stats.killed + killed)
