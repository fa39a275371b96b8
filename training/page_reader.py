"""The service's own way to an article, with the manners of a scraper."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from service.articles import Article, ArticleReader
from service.config import FetchConfig

_DEADLINE_S = 30.0
"""Nobody waits for a page here, so a slow site gets its time."""

_readers: dict[FetchConfig, ArticleReader] = {}
"""One a process, built when first needed: a reader has sockets and children, and cannot travel."""
_building = threading.Lock()


@dataclass(frozen=True, slots=True)
class PageReader:
    """From a URL to its article. Pickles; leaving it as a context ends this process's reader."""

    config: FetchConfig
    spacing_s: float

    def __call__(self, url: str) -> Article:
        config = polite(self.config, self.spacing_s)
        with _building:
            reader = _readers.get(config) or _readers.setdefault(config, ArticleReader(config))
        return reader.read(url).article

    def __enter__(self) -> PageReader:
        return self

    def __exit__(self, *_: object) -> None:
        with _building:
            reader = _readers.pop(polite(self.config, self.spacing_s), None)
        if reader is not None:
            reader.close()


def polite(config: FetchConfig, spacing_s: float) -> FetchConfig:
    """robots.txt is asked always, and a host that many redirects lead to is not hurried either."""
    return replace(
        config,
        obey_robots=True,
        per_host_concurrency=1,
        per_host_rate=1.0 / max(spacing_s, 0.01),
        deadline_s=max(config.deadline_s, _DEADLINE_S),
        cache_size=0,
    )
