from __future__ import annotations

import torch

from tests.tiny_voices import invented_pair
from training.tuning.batches import GroupedSampler, collate
from training.tuning.examples import PairDataset, WeightedExample

EXAMPLES = [
    WeightedExample((5, 6, 7, 8), 2, (1.0, 0.5)),
    WeightedExample((9, 10), 1, (1.0,)),
]


class Lengths(PairDataset):
    """A data set of which only the lengths are asked."""

    def __init__(self, num: int) -> None:
        self.pairs = [invented_pair(i) for i in range(num)]

    def lengths(self) -> list[int]:
        return [37 * i % 101 for i in range(len(self))]


def order(num: int, *, epoch: int = 0, seed: int = 0) -> list[int]:
    sampler = GroupedSampler(Lengths(num), 8, seed)
    sampler.set_epoch(epoch)
    return list(sampler)


def test_logits_are_wanted_where_an_answer_comes_next() -> None:
    batch = collate(EXAMPLES)
    assert batch["logits_to_keep"].tolist() == [
        [False, True, True, False],
        [True, False, False, False],
    ]


def test_labels_and_weights_are_in_the_order_of_those_logits() -> None:
    batch = collate(EXAMPLES)
    assert batch["labels"].tolist() == [7, 8, 10]
    assert torch.equal(batch["weights"], torch.tensor([1.0, 0.5, 1.0]))


def test_every_pair_comes_once_an_epoch() -> None:
    assert sorted(order(203)) == list(range(203))


def test_the_order_is_that_of_seed_and_epoch() -> None:
    assert order(100, epoch=1) == order(100, epoch=1)
    assert order(100, epoch=1) != order(100, epoch=2)
    assert order(100, seed=1) != order(100, seed=2)


def test_batches_hold_pairs_alike_in_length() -> None:
    lengths, found = Lengths(128).lengths(), order(128)
    spreads = [
        max(lengths[i] for i in found[a : a + 8]) - min(lengths[i] for i in found[a : a + 8])
        for a in range(0, 128, 8)
    ]
    assert sum(spreads) / len(spreads) < 20
