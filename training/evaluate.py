"""The stage `evaluate`: a built model against held-out tweets, beside what costs nothing.

Every figure is of the served model: its graph, its engine, its prompts, its tweet rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.articles.article import Article
from service.engine.sampling_params import SamplingParams
from service.errors import TweetError
from service.prompts import article_example
from service.sentences import split_sentences
from service.tweets.postprocess import context_for
from service.tweets.selection import choose, default_best_of
from service.tweets.tweet import Candidate, TweetRules
from training.judging.metrics import Told, measure, rouge_l
from training.judging.served_model import GREEDY, MAX_TOKENS, ServedModel
from training.judging.table import Evaluation, Row
from training.pairs import Pair

_MAX_EXAMPLE_TOKENS = 1000
BODY, TITLE, OTHER_TITLE = "body", "title and body", "title unlike the tweet"
_SAME = 0.9
"""ROUGE-L from which a headline counts as the tweet: then to copy it is the perfect answer."""


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    best_of: int = default_best_of(1)
    """Candidates the service draws for one tweet."""
    temperature: float = SamplingParams().temperature
    seed: int = 0


def evaluate(
    voice: ServedModel,
    untrained: ServedModel,
    pairs: Sequence[Pair],
    options: EvaluateOptions,
) -> Evaluation:
    """Measure a voice and its baselines on the same pairs; what needs titles, on those with one."""
    titled = [pair for pair in pairs if pair.title]
    rows = [
        _row(voice, pairs, BODY, "first sentence", [first_sentence(p.article) for p in pairs]),
        _row(voice, pairs, BODY, "untrained base", _greedy(untrained, pairs, BODY)),
        _row(voice, pairs, BODY, "greedy", _greedy(voice, pairs, BODY)),
        _row(voice, pairs, BODY, "as served", _as_served(voice, pairs, BODY, options)),
    ]
    if titled:
        with_title = [
            _row(voice, titled, TITLE, "headline", [pair.title for pair in titled]),
            _row(voice, titled, TITLE, "untrained base", _greedy(untrained, titled, TITLE)),
            _row(voice, titled, TITLE, "greedy", _greedy(voice, titled, TITLE)),
            _row(voice, titled, TITLE, "as served", _as_served(voice, titled, TITLE, options)),
        ]
        rows += with_title + _where_titles_differ(voice, titled, with_title)
    loss = held_out_loss(voice, pairs)
    return Evaluation(voice.spec.name, loss, math.exp(loss), tuple(rows))


def _where_titles_differ(
    voice: ServedModel, titled: Sequence[Pair], rows: Sequence[Row]
) -> list[Row]:
    """The same tweets, of those pairs alone whose tweet is not the headline."""
    kept = [i for i, pair in enumerate(titled) if rouge_l(pair.tweet, pair.title) < _SAME]
    pairs = [titled[i] for i in kept]
    if not 0 < len(kept) < len(titled):
        return []
    return [_row(voice, pairs, OTHER_TITLE, row.name, [row.texts[i] for i in kept]) for row in rows]


def held_out_loss(model: ServedModel, pairs: Sequence[Pair]) -> float:
    """Mean loss a token of the tweets, end marker included, from the body alone."""
    examples = [
        article_example(
            model.tokenizer, model.spec, "", pair.article, pair.tweet, _MAX_EXAMPLE_TOKENS
        )
        for pair in pairs
    ]
    losses = model.losses(examples)
    return sum(losses) / len(losses)


def first_sentence(text: str) -> str:
    return next((s.strip() for s in split_sentences(text) if s.strip()), "")


def article_of(pair: Pair, given: str) -> Article:
    return Article(title="" if given == BODY else pair.title, text=pair.article)


def _row(
    voice: ServedModel, pairs: Sequence[Pair], given: str, name: str, texts: Sequence[str]
) -> Row:
    told = [
        Told(text, pair.tweet, article_of(pair, given))
        for text, pair in zip(texts, pairs, strict=True)
    ]
    return Row(name, given, measure(told, voice.memory), tuple(texts))


def _greedy(model: ServedModel, pairs: Sequence[Pair], given: str) -> list[str]:
    articles = [article_of(pair, given) for pair in pairs]
    drawn = model.draw(articles, GREEDY, f"{model.spec.name}, greedy, {given}")
    return [candidates[0].text.strip() for candidates in drawn]


def _as_served(
    model: ServedModel, pairs: Sequence[Pair], given: str, options: EvaluateOptions
) -> list[str]:
    """The tweet that the service would answer with; empty where it would refuse."""
    params = SamplingParams(
        temperature=options.temperature,
        max_tokens=MAX_TOKENS,
        seed=options.seed,
        n=options.best_of,
    )
    articles = [article_of(pair, given) for pair in pairs]
    drawn = model.draw(articles, params, f"{model.spec.name}, best of {params.n}, {given}")
    chosen = zip(articles, drawn, strict=True)
    return [_best(model, article, candidates) for article, candidates in chosen]


def _best(model: ServedModel, article: Article, candidates: Sequence[Candidate]) -> str:
    context = context_for(article, TweetRules(link="none"), model.memory)
    try:
        found = choose(context, _once(candidates), best_of=len(candidates), max_redraws=0)
    except TweetError:
        return ""
    return found.tweets[0].text


def _once(candidates: Sequence[Candidate]) -> Callable[[int, int], Sequence[Candidate]]:
    return lambda count, first: candidates[first : first + count]
