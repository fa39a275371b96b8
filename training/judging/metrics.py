"""What can be measured of tweets: likeness to the true ones, variety, the service's own rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rouge_score.rouge_scorer import RougeScorer  # type: ignore[import-untyped]
from sacrebleu import corpus_bleu

from service.articles.article import Article
from service.tweets.grounding import facts_of, ungrounded
from service.tweets.length import is_postable
from service.tweets.overlap import OverlapIndex, is_memorised
from service.tweets.tweet import TweetRules
from service.tweets.words import words
from training.tuning.support import num_claims


@dataclass(frozen=True, slots=True)
class Scores:
    """Of a list of tweets; all but `num` and `words` in per cent."""

    num: int
    rouge_1: float
    rouge_2: float
    rouge_l: float
    """Mean F-measure with stemming (Lin 2004)."""
    bleu: float
    """Of the whole list (Post 2018)."""
    distinct_1: float
    distinct_2: float
    """Different n-grams among all (Li et al. 2016)."""
    ungrounded: float
    """Of the names and numbers, those that the article does not have."""
    ungrounded_tweets: float
    """Tweets with one of them."""
    memorised: float
    """Tweets that repeat one of the training."""
    postable: float
    words: float
    """Mean number in a tweet."""


@dataclass(frozen=True, slots=True)
class Told:
    """A tweet beside the true one and the article it tells of."""

    text: str
    reference: str
    article: Article


def measure(told: Sequence[Told], memory: OverlapIndex) -> Scores:
    """Raises ValueError for an empty list."""
    texts = [t.text for t in told]
    found = [_rouge(t.reference, t.text) for t in told]
    claims = [num_claims(text) for text in texts]
    # What a machine can check is looked for in the whole article, not in the head the model saw.
    foreign = [len(ungrounded(t.text, facts_of(t.article))) for t in told]
    rules = TweetRules()
    return Scores(
        num=len(told),
        rouge_1=_percent([row[0] for row in found]),
        rouge_2=_percent([row[1] for row in found]),
        rouge_l=_percent([row[2] for row in found]),
        bleu=corpus_bleu(texts, [[t.reference for t in told]]).score,
        distinct_1=_distinct(texts, 1),
        distinct_2=_distinct(texts, 2),
        ungrounded=100 * sum(foreign) / max(1, sum(claims)),
        ungrounded_tweets=_percent([count > 0 for count in foreign]),
        memorised=_percent([is_memorised(memory.overlap(text), rules) for text in texts]),
        postable=_percent([is_postable(text) for text in texts]),
        words=sum(len(text.split()) for text in texts) / len(texts),
    )


_SCORER = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)


def rouge_l(reference: str, text: str) -> float:
    """F-measure, 0 to 1."""
    return _rouge(reference, text)[2]


def likeness(reference: str, text: str) -> float:
    """Mean of the F-measures of ROUGE-1, -2 and -L, 0 to 1."""
    return sum(_rouge(reference, text)) / 3


def _rouge(reference: str, text: str) -> tuple[float, float, float]:
    scores = _SCORER.score(reference, text)
    return tuple(scores[name].fmeasure for name in ("rouge1", "rouge2", "rougeL"))


def _distinct(texts: Sequence[str], size: int) -> float:
    grams = [
        tuple(found[i : i + size])
        for text in texts
        for found in [words(text)]
        for i in range(len(found) - size + 1)
    ]
    return 100 * len(set(grams)) / max(1, len(grams))


def _percent(values: Sequence[float]) -> float:
    return 100 * sum(values) / len(values)
