"""Which part of a tweet its prompt does not bear out: names and numbers a model could only invent.

What counts as borne out is the same as for the tweets that are served (`service.tweets`).
"""

from __future__ import annotations

from service.articles.article import Article
from service.tweets.grounding import facts_of, ungrounded

NOWHERE = facts_of(Article(title="", text=""))


def unsupported_spans(tweet: str, source: str) -> list[tuple[int, int]]:
    """Where in the UTF-8 bytes of `tweet` stands what `source` does not hold; ascending."""
    spans, at = [], 0
    for claim in ungrounded(tweet, facts_of(Article(title="", text=source))):
        start = tweet.find(claim.text, at)
        if start < 0:
            continue
        at = start + len(claim.text)
        spans.append((len(tweet[:start].encode()), len(tweet[:at].encode())))
    return spans


def num_claims(tweet: str) -> int:
    """Names, numbers, dates, handles, hashtags and links that a tweet holds."""
    return len(ungrounded(tweet, NOWHERE))
