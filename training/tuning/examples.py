"""Pairs as token ids to train on, made by the very functions that serving makes prompts with.

Each epoch sees a pair afresh: with its title or without, since many articles come without one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch.utils.data import Dataset

from service.errors import PromptTooLong, TrainingDataError
from service.model_spec import ModelSpec
from service.prompts import Example, article_example, text_example
from service.tokenizer import Tokenizer
from training.pairs import Pair
from training.tuning.casing import Casing, is_title_case, sentence_case
from training.tuning.support import unsupported_spans

MIN_PAIRS = 20


@dataclass(frozen=True, slots=True)
class ExampleOptions:
    max_tokens: int = 512
    """Of prompt and tweet together."""
    title_drop: float = 0.5
    """Share of epochs in which a pair is seen without its title."""
    sentence_case: bool = False
    """Write targets in title case as sentences, so that capitals mean names. Not where the prompt
    shows a title in title case: a small model that changes every word's case changes words too."""
    max_teaser: float = 1.0
    """Pairs that tease more than this are left out; see `training/pairing/teasers.py`."""
    ungrounded_weight: float = 1.0
    """Of the tokens of names and numbers that the prompt does not hold; 0: not learned."""

    def as_given(self) -> ExampleOptions:
        """The same with every token counted, to measure by."""
        return replace(self, ungrounded_weight=1.0)


@dataclass(frozen=True, slots=True)
class WeightedExample:
    token_ids: tuple[int, ...]
    num_prompt_tokens: int
    weights: tuple[float, ...]
    """How much each token's loss counts; one a token of the answer, its end marker included."""


class ExampleMaker:
    """Turns a pair into an example. Knows the model's prompt format, not the model."""

    def __init__(
        self, tokenizer: Tokenizer, spec: ModelSpec, options: ExampleOptions, corpus: Casing
    ) -> None:
        self._tokenizer, self._spec = tokenizer, spec
        self._options, self._corpus = options, corpus

    def target(self, pair: Pair, title: str) -> str:
        """The tweet as it is to be learned beside the title that the prompt shows, if any."""
        if not self._options.sentence_case or is_title_case(title):
            return pair.tweet
        return sentence_case(pair.tweet, pair.article, self._corpus)

    def make(self, pair: Pair, *, with_title: bool) -> WeightedExample:
        """Raises PromptTooLong where the template and the tweet alone do not fit."""
        target = self.target(pair, pair.title if with_title else "")
        example = self._example(pair, target, with_title=with_title)
        ids, num_prompt = example.token_ids, example.num_prompt_tokens
        weights = [pair.weight] * (len(ids) - num_prompt)
        if self._options.ungrounded_weight < 1 and pair.article:
            self._weigh_down(weights, target, ids[num_prompt:-1], ids[:num_prompt])
        return WeightedExample(ids, num_prompt, tuple(weights))

    def _example(self, pair: Pair, target: str, *, with_title: bool) -> Example:
        if not pair.article:
            return text_example(self._tokenizer, self._spec, target)
        title, limit = pair.title if with_title else "", self._options.max_tokens
        return article_example(self._tokenizer, self._spec, title, pair.article, target, limit)

    def fitting(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Those whose tweet has room beside the template."""
        return [pair for pair in pairs if self._fits(pair)]

    def _fits(self, pair: Pair) -> bool:
        targets = {self.target(pair, title) for title in ("", pair.title)}
        try:
            made = [self._example(pair, target, with_title=False) for target in targets]
        except PromptTooLong:
            return False
        return all(len(example.token_ids) <= self._options.max_tokens for example in made)

    def _weigh_down(
        self, weights: list[float], target: str, answer: Sequence[int], prompt: Sequence[int]
    ) -> None:
        spans = unsupported_spans(target, self._tokenizer.decode(prompt))
        start = 0
        for i, token in enumerate(answer):
            # Offsets in bytes, as tokens have them; the spans are made to fit.
            end = start + len(self._tokenizer.token_bytes(token))
            if any(start < b and end > a for a, b in spans):
                weights[i] *= self._options.ungrounded_weight
            start = end


class PairDataset(Dataset[WeightedExample]):
    """The pairs of a split. `set_epoch` decides anew which are seen with their title."""

    def __init__(
        self, pairs: Sequence[Pair], maker: ExampleMaker, *, title_drop: float, seed: int = 0
    ) -> None:
        self.pairs = list(pairs)
        self._maker, self._title_drop, self._seed = maker, title_drop, seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> WeightedExample:
        pair = self.pairs[index]
        draw = random.Random(f"{self._seed}:{self._epoch}:{pair.id}").random()  # noqa: S311
        return self._maker.make(pair, with_title=draw >= self._title_drop)

    def lengths(self) -> list[int]:
        """Tokens of each example of this epoch."""
        return [len(self[i].token_ids) for i in range(len(self))]


def require_kind(pairs: Sequence[Pair], *, style_only: bool) -> None:
    """Raises TrainingDataError where a voice without articles is given some, or the reverse."""
    other = next((pair for pair in pairs if bool(pair.article) == style_only), None)
    if other is not None and style_only:
        raise TrainingDataError(
            f"The pair {other.id} has an article, so --style-only would learn nothing from it: "
            "leave the option out, or make pairs with `pairs --style-only`"
        )
    if other is not None:
        raise TrainingDataError(
            f"The pair {other.id} has no article; to learn from tweets alone add --style-only"
        )


def is_learnt_from(pair: Pair, max_teaser: float) -> bool:
    return pair.teaser <= max_teaser and pair.weight > 0


def training_pairs(pairs: Sequence[Pair], max_teaser: float) -> list[Pair]:
    """Those worth learning from.

    Raises:
        TrainingDataError: too few are left.
    """
    kept = [pair for pair in pairs if is_learnt_from(pair, max_teaser)]
    if len(kept) < MIN_PAIRS:
        raise TrainingDataError(
            f"{len(kept)} pairs are left to train on, and at least {MIN_PAIRS} are needed: from "
            "fewer a model only learns them by heart. Some hundreds give a voice."
        )
    return kept
