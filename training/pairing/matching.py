"""Which tweet goes with which article, and what of the two is to be learnt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from training.article_store import ScrapedArticle
from training.pairs import Pair
from training.tweets import Tweet

Target = Literal["tweet", "title"]


def match(
    tweets: Iterable[Tweet], articles: Mapping[str, ScrapedArticle], target: Target
) -> list[Pair]:
    """A pair for each tweet with an article, or, of target `title`, for each titled article.

    `articles` maps a link to what it led to; of a tweet's links the first with an article counts.
    """
    found = (
        (tweet, next((articles[link] for link in tweet.links if link in articles), None))
        for tweet in tweets
    )
    if target == "tweet":
        return [_pair(tweet, article) for tweet, article in found if article]
    titled = {
        article.url: _title_pair(tweet, article)
        for tweet, article in found
        if article and article.title
    }
    return list(titled.values())


def style_only(tweets: Iterable[Tweet]) -> list[Pair]:
    """Every tweet without an article: how it is said, whatever it is about."""
    return [Pair(id=tweet.id, tweet=tweet.text, created_at=tweet.created_at) for tweet in tweets]


def _pair(tweet: Tweet, article: ScrapedArticle) -> Pair:
    return Pair(
        id=tweet.id,
        tweet=tweet.text,
        article=article.text,
        title=article.title,
        url=article.url,
        created_at=tweet.created_at,
    )


def _title_pair(tweet: Tweet, article: ScrapedArticle) -> Pair:
    """The title is what is learnt, so it may not stand in the prompt too."""
    return Pair(
        id=tweet.id,
        tweet=article.title,
        article=article.text,
        url=article.url,
        created_at=tweet.created_at,
    )
