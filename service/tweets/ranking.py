"""Which tweet is the best, by a weighted sum of parts that can each be looked at.

Deterministic: equal scores keep the order in which the model drew them. The weights come from
`bench/tune_ranking.py`; docs/quality.md says what they gain.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import fields

from service.tweets.tweet import Claim, Overlap, ScoreParts, Tweet
from service.tweets.words import content_words, words

WEIGHTS = ScoreParts(
    likelihood=4.0, lead=0.5, grounding=4.0, originality=1.0, headline=4.0, length=0.5, form=1.0
)
DUPLICATE_SHARE = 0.8
"""Two texts that share more of their words than this say the same."""
_SHORT = 50
_FULL_SHARE = 0.9


def score(parts: ScoreParts, weights: ScoreParts = WEIGHTS) -> float:
    """The weighted mean of the parts, 0 to 1."""
    names = [field.name for field in fields(ScoreParts)]
    total = sum(float(getattr(weights, name)) for name in names)
    return sum(float(getattr(weights, n)) * float(getattr(parts, n)) for n in names) / total


def rank(tweets: Iterable[Tweet]) -> list[Tweet]:
    """Best first."""
    return sorted(tweets, key=lambda tweet: (-tweet.score, tweet.index))


def distinct(tweets: Sequence[Tweet]) -> list[Tweet]:
    """The same order without what repeats an earlier one, word for word or nearly."""
    kept: list[Tweet] = []
    for tweet in tweets:
        if not any(is_duplicate(tweet.text, other.text) for other in kept):
            kept.append(tweet)
    return kept


def is_duplicate(a: str, b: str) -> bool:
    """Whether two texts have nearly the same words, in whatever order and form."""
    first, second = set(words(a)), set(words(b))
    if not first or not second:
        return a == b
    return len(first & second) / len(first | second) > DUPLICATE_SHARE


def headline_overlap(text: str, title: str) -> float:
    """Share of a text's words that stand in the headline in the same order (the longest common
    subsequence), 0 to 1."""
    said, headline = words(text), words(title)
    if not said or not headline:
        return 0.0
    row = [0] * (len(headline) + 1)
    for word in said:
        above = row[:]
        for j, other in enumerate(headline, start=1):
            row[j] = above[j - 1] + 1 if word == other else max(above[j], row[j - 1])
    return row[-1] / len(said)


def likelihood(mean_logprob: float) -> float:
    return math.exp(min(mean_logprob, 0.0))


def lead_cover(text: str, lead: frozenset[str]) -> float:
    """Share of the words of the shorter of text and lead that the other has too."""
    said = set(content_words(text))
    if not said or not lead:
        return 0.0
    return len(said & lead) / min(len(said), len(lead))


def grounding(claims: Sequence[Claim]) -> float:
    return 1 / (1 + len(claims))


def originality(overlap: Overlap) -> float:
    return 1 - overlap.share


def own_words(echo: float) -> float:
    """1 up to a half of headline, falling to 0 for nothing else."""
    return min(1.0, 2 * (1 - echo))


def length_fit(length: int, limit: int) -> float:
    """1 for a text that is neither a stub nor pressed to the limit."""
    if length < _SHORT:
        return length / _SHORT
    spare = limit * (1 - _FULL_SHARE)
    return min(1.0, 0.5 + 0.5 * max(0.0, limit - length) / spare)


def form(text: str, *, truncated: bool, num_removed: int) -> float:
    """1 less 0.4 for a cut, 0.2 for each of two things taken out, and the share of repeats."""
    said = content_words(text)
    repeated = 1 - len(set(said)) / len(said) if said else 1.0
    return max(0.0, 1 - 0.4 * truncated - 0.2 * min(num_removed, 2) - repeated)
