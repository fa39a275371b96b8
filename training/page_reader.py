"""The service's own way to an article, with the manners of a scraper."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from service.articles import Article, ArticleReader
from service.config import FetchConfig

_DEADLINE_S = 30.0
"""Nobody waits for a page here, so a slow site gets its time."""


@dataclass(frozen=True, slots=True)
class PageReader:
    """From a URL to its article; pickles, since a process builds its reader when it needs one."""

    config: FetchConfig
    spacing_s: float

    def __call__(self, url: str) -> Article:
        return _reader(polite(self.config, self.spacing_s)).read(url).article


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


@lru_cache(maxsize=1)
def _reader(config: FetchConfig) -> ArticleReader:
    return ArticleReader(config)
