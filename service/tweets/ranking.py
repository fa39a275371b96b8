"""Which tweet is the best, by a weighted sum of parts that can each be looked at.

Deterministic: equal scores keep the order in which the model drew them. The weights come from
`bench/tune_ranking.py`; docs/quality.md says what they gain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace

from service.tweets.tweet import Claim, Overlap, ScoreParts, Tweet
from service.tweets.words import content_words, words

WEIGHTS = ScoreParts(
    likelihood=1.0,
    lead=1.0,
    consensus=4.0,
    grounding=16.0,
    originality=1.0,
    headline=1.0,
    length=0.5,
    form=4.0,
)
DUPLICATE_SHARE = 0.8
"""Two texts that share more of their words than this say the same."""
BARE_ECHO, OWN = 0.8, 0.5
"""Shares of headline words: from the one on a text is a bare echo, up to the other its own."""
_OF_LEAD = 0.5
_AS_LIKELY = 0.7
"""Of what the model gives an echo, a word: what is far less likely is mostly wrong."""
_SHORT = 50
_FULL_SHARE = 0.9


def score(parts: ScoreParts, weights: ScoreParts = WEIGHTS) -> float:
    """The weighted mean of the parts, 0 to 1."""
    names = [field.name for field in fields(ScoreParts)]
    total = sum(float(getattr(weights, name)) for name in names)
    return sum(float(getattr(weights, n)) * float(getattr(parts, n)) for n in names) / total


def rank(tweets: Sequence[Tweet]) -> list[Tweet]:
    """Best first; a bare echo of the headline behind what is its own and nearly as likely.

    That is a rule and no weight: candidates agree most where they all repeat the headline.
    """
    echoes = [tweet.score_parts.likelihood for tweet in tweets if is_bare_echo(tweet)]
    bar = _AS_LIKELY * max(echoes, default=0.0)
    has_own = any(_has_own_words(t) and t.score_parts.likelihood >= bar for t in tweets)
    return sorted(tweets, key=lambda t: (has_own and is_bare_echo(t), -t.score, t.index))


def is_bare_echo(tweet: Tweet) -> bool:
    return tweet.headline_overlap >= BARE_ECHO


def _has_own_words(tweet: Tweet) -> bool:
    """Words of its own, nothing foreign in them, and half of them in the article's lead.

    Free inventions often hold no claim that could be foreign, and nothing of the article either.
    """
    is_of_lead = tweet.score_parts.lead >= _OF_LEAD
    return tweet.headline_overlap <= OWN and not tweet.ungrounded and is_of_lead


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
    said = words(text)
    return _num_common(said, words(title)) / len(said) if said else 0.0


def with_consensus(
    tweets: Sequence[Tweet], weights: ScoreParts = WEIGHTS, link: str = ""
) -> list[Tweet]:
    """The same candidates of one article, scored anew now that each can be held against the others.

    What many candidates say in like words the model means; what one alone says may be a slip. This
    is minimum Bayes risk decoding over samples (Eikema and Aziz 2020, "Is MAP Decoding All You
    Need?"; 2022), with the F-measure of the longest common subsequence as the gain.

    Args:
        link: what all may hold and none is like another for.
    """
    said = [words(tweet.text.replace(link, " ") if link else tweet.text) for tweet in tweets]
    shared = {(i, j): _likeness(a, said[j]) for i, a in enumerate(said) for j in range(i)}
    return [
        _rescored(tweet, weights, [v for pair, v in shared.items() if i in pair])
        for i, tweet in enumerate(tweets)
    ]


def _rescored(tweet: Tweet, weights: ScoreParts, likeness: Sequence[float]) -> Tweet:
    consensus = sum(likeness) / len(likeness) if likeness else 0.0
    parts = replace(tweet.score_parts, consensus=consensus)
    return replace(tweet, score=score(parts, weights), score_parts=parts)


def _likeness(a: Sequence[str], b: Sequence[str]) -> float:
    """ROUGE-L's F-measure without stemming, 0 to 1."""
    return 2 * _num_common(a, b) / (len(a) + len(b)) if a and b else 0.0


def _num_common(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for word in a:
        above = row[:]
        for j, other in enumerate(b, start=1):
            row[j] = above[j - 1] + 1 if word == other else max(above[j], row[j - 1])
    return row[-1]


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
    """1 up to a half of headline, falling to 0 for a bare echo.

    A copy with a slip in it is no more its own than the copy, so neither gains anything here.
    """
    return min(1.0, max(0.0, (BARE_ECHO - echo) / (BARE_ECHO - OWN)))


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
