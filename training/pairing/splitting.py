"""Doubles out, and the rest in three parts that share neither an article nor a tweet."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from service.errors import TrainingDataError
from service.executor import Executor
from training.pairing.near_duplicates import similar_pairs
from training.pairs import Pair, Split

DOUBLE = 0.8
"""Tweets so alike say the same in other punctuation or with one word changed: one is enough."""
RELATED = 0.5
"""Texts so alike may be two cuts of one; they may both be learnt from, but not one held out."""

_FOLD_SEED = 1


def without_doubles(pairs: Sequence[Pair], executor: Executor | None = None) -> list[Pair]:
    """Of tweets that are nearly the same, the first."""
    doubles: set[int] = set()
    for earlier, later, _ in similar_pairs([pair.tweet for pair in pairs], DOUBLE, executor):
        if earlier not in doubles:
            doubles.add(later)
    return [pair for number, pair in enumerate(pairs) if number not in doubles]


def split(
    pairs: Sequence[Pair],
    dev_share: float,
    test_share: float,
    executor: Executor | None = None,
) -> list[Pair]:
    """Every pair with its split: the newest go to `test`, those before them to `dev`.

    What shares an article, or nearly a tweet, goes the same way whole; pairs without a date count
    as the oldest, in an order that depends on their text alone.

    Raises:
        TrainingDataError: so many are alike that no part can be held out, or none is left to learn.
    """
    groups = _groups(pairs, executor)
    groups.sort(key=lambda group: _age(pairs, group), reverse=True)
    held: dict[int, Split] = {}
    names: tuple[tuple[Split, float], ...] = (("test", test_share), ("dev", dev_share))
    for name, share in names:
        room = round(share * len(pairs))
        for group in groups:
            if group[0] not in held and len(group) <= room:
                room -= len(group)
                held |= dict.fromkeys(group, name)
        if share and name not in held.values():
            raise TrainingDataError(
                f"The {len(pairs)} pairs are too few or too alike to hold {share:.0%} of them out "
                f"for {name}"
            )
    if len(held) == len(pairs):
        raise TrainingDataError(
            f"{test_share:.0%} held out for test and {dev_share:.0%} for dev leave none of the "
            f"{len(pairs)} pairs to train on"
        )
    return [replace(pair, split=held.get(number, "train")) for number, pair in enumerate(pairs)]


def folds(pairs: Sequence[Pair], num: int) -> list[list[Pair]]:
    """Parts of about the same size for cross-fitting; what belongs together is in one of them.

    Raises:
        TrainingDataError: there are fewer groups than parts.
    """
    groups = _groups(pairs, None)
    random.Random(_FOLD_SEED).shuffle(groups)  # noqa: S311
    parts: list[list[int]] = [[] for _ in range(num)]
    for group in groups:
        min(parts, key=len).extend(group)
    if not all(parts):
        raise TrainingDataError(f"{len(pairs)} pairs are too few or too alike for {num} parts")
    return [[pairs[number] for number in sorted(part)] for part in parts]


def _groups(pairs: Sequence[Pair], executor: Executor | None) -> list[list[int]]:
    """Indices of pairs that belong together, each once."""
    parents = list(range(len(pairs)))
    for one, other in _related(pairs, executor):
        parents[_root(parents, other)] = _root(parents, one)
    groups: dict[int, list[int]] = {}
    for number in range(len(pairs)):
        groups.setdefault(_root(parents, number), []).append(number)
    return list(groups.values())


def _related(pairs: Sequence[Pair], executor: Executor | None) -> Iterable[tuple[int, int]]:
    first_of: dict[str, int] = {}
    for number, pair in enumerate(pairs):
        if pair.url:
            yield first_of.setdefault(pair.url, number), number
    for texts in ([pair.article for pair in pairs], [pair.tweet for pair in pairs]):
        for one, other, _ in similar_pairs(texts, RELATED, executor):
            yield one, other


def _root(parents: list[int], number: int) -> int:
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = parents[number]
    return number


def _age(pairs: Sequence[Pair], group: Sequence[int]) -> tuple[str, str]:
    """Sorts the newest last; the digest settles what has no date."""
    newest = max(pairs[number].created_at for number in group)
    text = min(pairs[number].article + pairs[number].tweet for number in group)
    return newest, hashlib.sha256(text.encode()).hexdigest()
