"""How fast training goes, beside the library's Trainer as it comes. One run, one table.

    python -m bench.training_speed --pairs pairs.jsonl

Both train the same adapter on the same pairs. Plain is float32, batches of 8 in random order with
padding, logits of every token; ours is what `doc2tweet-train finetune` does.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import Trainer, TrainingArguments

from training.bases import DEFAULT_BASE, find_base, open_store
from training.pairs import read_pairs
from training.tuning.examples import PairDataset, WeightedExample
from training.tuning.options import Base, FinetuneOptions
from training.tuning.run import make_data, make_model
from training.tuning.torch_model import Hardware
from training.tuning.trainer import TweetTrainer

_PLAIN = Hardware(cpu_only=True, bf16=False)


def plain_collate(examples: Sequence[WeightedExample]) -> dict[str, torch.Tensor]:
    """What the library's own collators make."""
    ids = [torch.tensor(example.token_ids) for example in examples]
    labels = [row.clone() for row in ids]
    for row, example in zip(labels, examples, strict=True):
        row[: example.num_prompt_tokens] = -100
    padded = pad_sequence(ids, batch_first=True)
    mask = pad_sequence([torch.ones_like(row) for row in ids], batch_first=True)
    return {
        "input_ids": padded,
        "attention_mask": mask,
        "labels": pad_sequence(labels, batch_first=True, padding_value=-100),
    }


def seconds(trainer: Trainer) -> float:
    started = time.perf_counter()
    trainer.train()
    return time.perf_counter() - started


def arguments(folder: str, **options: Any) -> TrainingArguments:
    return TrainingArguments(
        output_dir=folder,
        num_train_epochs=1,
        use_cpu=True,
        report_to="none",
        save_strategy="no",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        **options,
    )


def plain(base: Base, options: FinetuneOptions, data: PairDataset, folder: str) -> float:
    model = make_model(base, options, _PLAIN)
    args = arguments(folder)
    return seconds(Trainer(model, args, data_collator=plain_collate, train_dataset=data))


def ours(base: Base, options: FinetuneOptions, data: PairDataset, folder: str) -> float:
    hardware = Hardware.detect()
    micro = options.micro_batch_size
    args = arguments(
        folder,
        bf16=hardware.bf16,
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=options.batch_size // micro,
    )
    return seconds(TweetTrainer(data, data, model=make_model(base, options, hardware), args=args))


@click.command()
@click.option("--pairs", "path", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--base", "name", default=DEFAULT_BASE)
@click.option("--num-pairs", default=48, show_default=True)
def main(path: Path, name: str, num_pairs: int) -> None:
    base, options = find_base(open_store(), name), FinetuneOptions()
    pairs = read_pairs(path)[:num_pairs]
    data = make_data(base, pairs, pairs, options).train
    num_tokens = sum(data.lengths())
    click.echo(f"{len(data)} pairs, {num_tokens:,} tokens, {torch.get_num_threads()} threads")
    with tempfile.TemporaryDirectory() as folder:
        for label, method in (("plain Trainer", plain), ("doc2tweet", ours)):
            took = method(base, options, data, folder)
            click.echo(f"{label:<14} {took:6.1f} s  {num_tokens / took:6.0f} tokens/s")


if __name__ == "__main__":
    main()
