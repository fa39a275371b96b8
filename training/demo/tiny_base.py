"""A GPT-2 of a few hundred thousand random weights, with a tokenizer made of the town's paper.

It knows nothing before it is trained; it stands in for a real base, so that a trial takes minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel

from service.prompts import MARKERS
from training.demo.town import Story
from training.pairing.training_text import END_OF_TEXT, START_OF_TEXT

CONTEXT = 256
_VOCAB = 1_500
_MODEL_TOML = f"""\
name = "{{name}}"
title = "Tiny GPT-2"
description = "Random weights, to try the training on."
family = "gpt2"
licence = "Apache-2.0"
context_length = {CONTEXT}
tasks = ["generate"]

[[sources]]
kind = "folder"
path = "weights"

[prompt]
format = "markers"
article_chars = 400

[build]
precision = "fp32"
"""


def write_tiny_base(folder: Path, stories: Sequence[Story], seed: int = 0) -> None:
    """A model folder that can be built, served and trained; its name is the folder's."""
    weights = folder / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(stories)
    tokenizer.save(str(weights / "tokenizer.json"))
    torch.manual_seed(seed)
    end = tokenizer.token_to_id(END_OF_TEXT)
    GPT2LMHeadModel(
        GPT2Config(
            vocab_size=tokenizer.get_vocab_size(),
            n_positions=CONTEXT,
            n_embd=64,
            n_layer=3,
            n_head=4,
            bos_token_id=end,
            eos_token_id=end,
        )
    ).save_pretrained(str(weights))
    (folder / "model.toml").write_text(_MODEL_TOML.format(name=folder.name), encoding="utf-8")


def _tokenizer(stories: Sequence[Story]) -> Tokenizer:
    """Byte-level BPE: any text can be written, the town's in few tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    markers = (END_OF_TEXT, START_OF_TEXT, *MARKERS)
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCAB,
        special_tokens=[AddedToken(marker, special=True) for marker in markers],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (" ".join((story.title, *story.paragraphs, story.tweet)) for story in stories)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
