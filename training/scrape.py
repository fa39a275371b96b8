"""The stage `scrape`: the articles behind the tweets' links.

How a page is fetched and read is the service's own affair (`service.articles`), so a link out of
an archive meets the same guard as one from a stranger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tqdm import tqdm

from service.articles.article import Article
from service.errors import Doc2TweetError
from service.executor import Executor
from training.article_store import ArticleStore, Outcome, ScrapedArticle
from training.reports import StageReport
from training.tweets import Tweet, read_tweets
from training.workspace import Workspace

Read = Callable[[str], Article]
"""From a URL to its article, which knows its final URL; raises Doc2TweetError."""


@dataclass(frozen=True, slots=True)
class ScrapeOptions:
    spacing_s: float = 1.0
    """Between the starts of two requests to one host; never two at once."""
    retry: bool = False
    """Also links that failed for a reason that may have passed."""
    max_links: int | None = None
    """The newest so many; None: all."""


@dataclass(frozen=True, slots=True)
class ReadLink:
    """What is done to each link, here or on another machine; it pickles if `read` does."""

    read: Read

    def __call__(self, link: str) -> Outcome:
        try:
            article = self.read(link)
        except Doc2TweetError as error:
            return Outcome(link, error=error.type, detail=error.detail, retryable=error.retryable)
        return Outcome(
            link,
            ScrapedArticle(
                url=canonical(article.url or link),
                title=article.title,
                text=article.text,
                published=article.published or "",
                language=article.language or "",
            ),
        )


def scrape(
    workspace: Workspace, read: Read, executor: Executor, options: ScrapeOptions
) -> StageReport:
    """Try every link once; whatever was tried before is left as it is.

    Raises:
        TrainingDataError: there are no tweets yet, or the store is damaged.
        SetupError: the disk is full.
    """
    links = links_of(read_tweets(workspace.tweets), options.max_links)
    with workspace.locked(), ArticleStore(workspace.articles) as store:
        pending = store.pending(links, retry=options.retry)
        outcomes = executor.map_unordered(
            ReadLink(read), pending, key=host_of, spacing_s=options.spacing_s
        )
        with tqdm(
            total=len(links), initial=len(links) - len(pending), unit="link", disable=None
        ) as bar:
            for outcome in outcomes:
                store.record(outcome)
                bar.update()
        report = _report(store, links, options)
    workspace.record(report)
    return report


def links_of(tweets: Iterable[Tweet], max_links: int | None) -> list[str]:
    """Each link once, those of the newest tweets first."""
    newest_first = sorted(tweets, key=lambda tweet: tweet.created_at, reverse=True)
    return list(dict.fromkeys(link for tweet in newest_first for link in tweet.links))[:max_links]


def host_of(link: str) -> str:
    """What is asked politely; links that are none share the empty host and fail at once."""
    try:
        return (urlsplit(link).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def canonical(url: str) -> str:
    """Without fragment and tracking parameters, so that one article has one name."""
    parts = urlsplit(url)
    query = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not name.lower().startswith("utm_") and name.lower() not in _TRACKING
    ]
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path, urlencode(query), ""))


_TRACKING = {"fbclid", "gclid", "igshid", "mc_cid", "mc_eid", "ref_src", "smid", "cmpid"}


def _report(store: ArticleStore, links: list[str], options: ScrapeOptions) -> StageReport:
    wanted = set(links)
    found = [article for link, article in store.articles().items() if link in wanted]
    failures = store.failures(links)
    counts = {
        "links": len(links),
        "read": len(found),
        "different articles": len({article.url for article in found}),
        "failed": failures.total(),
    }
    counts |= {f"failed: {error}": number for error, number in failures.most_common()}
    return StageReport("scrape", counts, {"spacing_s": options.spacing_s})
