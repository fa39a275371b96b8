"""The stage `evaluate`: a built model against held-out tweets, beside what costs nothing.

Every figure is of the served model: its graph, its engine, its prompts, its tweet rules.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.articles.article import Article
from service.engine.sampling_params import SamplingParams
from service.errors import PromptTooLong, TrainingDataError, TweetError
from service.prompts import Example, article_example
from service.sentences import split_sentences
from service.tweets.postprocess import context_for
from service.tweets.selection import choose, default_best_of
from service.tweets.tweet import Candidate, TweetRules
from training.judging.metrics import Told, measure, rouge_l
from training.judging.served_model import GREEDY, MAX_TOKENS, ServedModel
from training.judging.table import AS_IT_COMES, BODY, OTHER_TITLE, TITLE, Evaluation, Row
from training.pairs import Pair

_MAX_EXAMPLE_TOKENS = 1000
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
    """Measure a voice and its baselines on the same pairs; what needs titles, on those with one.

    Raises:
        TrainingDataError: there is no pair to measure by.
    """
    loss = held_out_loss(voice, pairs)  # first: it finds in seconds what cannot be measured
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
        mixed = _as_it_comes(voice, pairs, rows, with_title) if len(titled) < len(pairs) else []
        rows += with_title + _where_titles_differ(voice, titled, with_title) + mixed
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


def _as_it_comes(
    voice: ServedModel, pairs: Sequence[Pair], body: Sequence[Row], with_title: Sequence[Row]
) -> list[Row]:
    """All pairs, each with what it has; of texts that the other rows drew."""
    bare = {row.name: row.texts for row in body}
    titled = {row.name: row.texts for row in with_title}
    ways = (
        ("headline, else first sentence", titled["headline"], bare["first sentence"]),
        ("greedy", titled["greedy"], bare["greedy"]),
        ("as served", titled["as served"], bare["as served"]),
    )
    return [_row(voice, pairs, AS_IT_COMES, name, _mixed(pairs, *told)) for name, *told in ways]


def _mixed(pairs: Sequence[Pair], titled: Sequence[str], bare: Sequence[str]) -> list[str]:
    """Of the pairs with a title the next of `titled`, of the others their own of `bare`."""
    told = iter(titled)
    return [next(told) if p.title else text for p, text in zip(pairs, bare, strict=True)]


def held_out_loss(model: ServedModel, pairs: Sequence[Pair]) -> float:
    """Mean loss a token of the tweets, end marker included, from the body alone.

    A tweet that alone is too long for the model is left out, and stderr says so.

    Raises:
        TrainingDataError: there is no pair, or none whose tweet the model has room for.
    """
    if not pairs:
        raise TrainingDataError(f"There is no held-out pair to measure {model.spec.name} by")
    room = min(_MAX_EXAMPLE_TOKENS, model.max_len)
    examples, too_long = _examples(model, pairs, room)
    if too_long:
        told = f"Too long for {room} tokens: {len(too_long)} tweets, first that of {too_long[0]}"
        if not examples:
            raise TrainingDataError(told)
        sys.stderr.write(f"{told}; the held-out loss is of the others\n")
    losses = model.losses(examples)
    return sum(losses) / len(losses)


def _examples(
    model: ServedModel, pairs: Sequence[Pair], room: int
) -> tuple[list[Example], list[str]]:
    """Those that fit, and the ids of the pairs that do not."""
    examples, too_long = [], []
    for pair in pairs:
        try:
            examples.append(
                article_example(model.tokenizer, model.spec, "", pair.article, pair.tweet, room)
            )
        except PromptTooLong:
            too_long.append(pair.id)
    return examples, too_long


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
