"""What a voice is trained on in tests: a random GPT-2, and pairs from an invented town."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from transformers import GPT2Config, GPT2LMHeadModel, set_seed

from service.models import ModelStore
from tests.tiny_models import tokenizer_json
from training.bases import base_of, builder, find_base
from training.build import Builder
from training.deliver import Delivery, deliver
from training.finetune import finetune
from training.pairs import Pair, write_pairs
from training.reports import StageReport
from training.tuning.options import FinetuneOptions
from training.workspace import Workspace

CONTEXT = 256
MODEL_TOML = f"""
name = "tiny-gpt2"
title = "Tiny"
description = "A model for tests."
family = "gpt2"
licence = "Apache-2.0"
context_length = {CONTEXT}
tasks = ["generate"]
[[sources]]
kind = "folder"
path = "weights"
[prompt]
format = "plain"
"""
_PLACES = ("bridge", "ferry", "market", "library", "tower", "bakery", "harbour", "school")
_DEEDS = ("opens", "closes", "burns", "moves", "wins", "hires", "floods", "sings")


def write_gpt2(models_dir: Path) -> Path:
    """`tiny-gpt2` in a models folder: random weights, a tokenizer of 320 tokens."""
    folder = models_dir / "tiny-gpt2"
    set_seed(0)
    config = GPT2Config(
        vocab_size=320,
        n_embd=32,
        n_layer=2,
        n_head=2,
        n_positions=CONTEXT,
        bos_token_id=0,
        eos_token_id=0,
    )
    GPT2LMHeadModel(config).save_pretrained(folder / "weights")
    (folder / "weights" / "tokenizer.json").write_text(tokenizer_json())
    (folder / "model.toml").write_text(MODEL_TOML)
    return folder


def invented_pair(number: int) -> Pair:
    place, deed = _PLACES[number % 8], _DEEDS[number // 8 % 8]
    return Pair(
        id=str(number),
        title=f"The {place} {deed}",
        article=f"The {place} of Ostwick {deed} on day {number}. The mayor was there. Rain fell.",
        tweet=f"Ostwick's {place} {deed} [LINK]",
        split="dev" if number % 8 == 7 else "test" if number % 8 == 6 else "train",
    )


def write_workspace(root: Path, num_pairs: int = 64) -> Workspace:
    workspace = Workspace(root)
    write_pairs(workspace.pairs, [invented_pair(number) for number in range(num_pairs)])
    return workspace


def read_samples(workspace: Workspace) -> list[dict[str, object]]:
    path = workspace.trained / "samples.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


@dataclass(frozen=True)
class Workshop:
    """A voice in the making: its pairs, and the models folder it is delivered to."""

    workspace: Workspace
    store: ModelStore
    builder: Builder

    def deliver(self, delivery: Delivery) -> StageReport:
        base = base_of(self.workspace, self.store)
        return deliver(self.workspace, self.store, self.builder, base, delivery)


def make_workshop(root: Path, options: FinetuneOptions) -> Workshop:
    write_gpt2(root / "models")
    store = ModelStore(root / "models")
    workspace = write_workspace(root / "work")
    finetune(workspace, find_base(store, "tiny-gpt2"), options)
    return Workshop(workspace, store, builder(store))
