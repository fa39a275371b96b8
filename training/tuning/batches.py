"""Examples in batches: alike in length, padded to the right, with logits wanted for answers only.

Padding on the right needs no mask: causal attention never looks there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler

from training.tuning.examples import PairDataset, WeightedExample

IGNORED = -100
"""A label that counts for nothing; the Trainer counts the others."""
_BATCHES_A_GROUP = 16


def collate(examples: Sequence[WeightedExample]) -> dict[str, torch.Tensor]:
    """One batch, in the Trainer's own form.

    Returns:
        `input_ids` [rows, tokens]; `logits_to_keep` [rows, tokens], true where the next token is
        one of the answer; `labels` and `weights` [answer tokens], in the order of those logits.
    """
    width = max(len(example.token_ids) for example in examples)
    ids = torch.zeros((len(examples), width), dtype=torch.long)
    keep = torch.zeros((len(examples), width), dtype=torch.bool)
    for row, example in enumerate(examples):
        length = len(example.token_ids)
        ids[row, :length] = torch.tensor(example.token_ids)
        keep[row, example.num_prompt_tokens - 1 : length - 1] = True
    return {
        "input_ids": ids,
        "logits_to_keep": keep,
        "labels": ids[:, 1:][keep[:, :-1]],
        "weights": torch.tensor([w for example in examples for w in example.weights]),
    }


class GroupedSampler(Sampler[int]):
    """A new order each epoch in which neighbours have about the same length.

    The order depends on seed and epoch alone, so that a run that was stopped goes on in it.
    """

    def __init__(self, dataset: PairDataset, batch_size: int, seed: int) -> None:
        self._dataset, self._batch_size, self._seed = dataset, batch_size, seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Also of the data, whose lengths this order depends on."""
        self._epoch = epoch
        self._dataset.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self._dataset)

    def __iter__(self) -> Iterator[int]:
        rng = random.Random(f"{self._seed}:{self._epoch}")  # noqa: S311
        lengths, order = self._dataset.lengths(), list(range(len(self._dataset)))
        rng.shuffle(order)
        size = self._batch_size * _BATCHES_A_GROUP
        batches: list[list[int]] = []
        for start in range(0, len(order), size):
            group = sorted(order[start : start + size], key=lambda i: lengths[i])
            batches += _chunks(group, self._batch_size)
        # The short batch stays last: anywhere else it would shift the borders of all others.
        short = [batch for batch in batches if len(batch) < self._batch_size]
        full = [batch for batch in batches if len(batch) == self._batch_size]
        rng.shuffle(full)
        return (index for batch in [*full, *short] for index in batch)


def _chunks(items: list[int], size: int) -> list[list[int]]:
    return [items[i : i + size] for i in range(0, len(items), size)]
