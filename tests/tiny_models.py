"""Tiny models and tokenizers for tests, made on the spot: no download, no real weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import AddedToken, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Backend

from service.models import ModelSpec, PromptSpec

CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TWEETS = ("<|doc|>", "<|endofdoc|>", "<|tweet|>", "<|endoftweet|>", "<|startoftext|>")
TEXT = (
    "The mayor opened the new bridge on Tuesday. It cost 3,000 crowns, and nobody fell in. "
    "Café owners were happy; the ferryman, who had rowed for forty years, was not. "
)
VOCAB = 320


def tokenizer_json(markers: tuple[str, ...] = CHATML + TWEETS, size: int = VOCAB) -> str:
    """A byte-level BPE of `size` tokens, all bytes among them, markers first."""
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[AddedToken(marker, special=True) for marker in markers],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator([TEXT * 20], trainer)
    return str(backend.to_str())


def model_spec(prompt: PromptSpec | None = None, name: str = "tiny") -> ModelSpec:
    return ModelSpec(
        name=name,
        title="Tiny",
        description="A model for tests.",
        family="llama",
        licence="Apache-2.0",
        context_length=64,
        tasks=("generate",),
        prompt=prompt or PromptSpec(format="chatml", system="Be brief."),
    )


LLAMA_CONFIG: dict[str, object] = {
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "vocab_size": VOCAB,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "hidden_act": "silu",
    "eos_token_id": 2,
}


def llama_tensors(seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Random weights of `LLAMA_CONFIG`, named as transformers names them."""
    shapes = {"model.embed_tokens.weight": (VOCAB, 32), "model.norm.weight": (32,)}
    for i in range(2):
        layer = f"model.layers.{i}"
        shapes |= {
            f"{layer}.input_layernorm.weight": (32,),
            f"{layer}.self_attn.q_proj.weight": (32, 32),
            f"{layer}.self_attn.k_proj.weight": (16, 32),
            f"{layer}.self_attn.v_proj.weight": (16, 32),
            f"{layer}.self_attn.o_proj.weight": (32, 32),
            f"{layer}.post_attention_layernorm.weight": (32,),
            f"{layer}.mlp.gate_proj.weight": (48, 32),
            f"{layer}.mlp.up_proj.weight": (48, 32),
            f"{layer}.mlp.down_proj.weight": (32, 48),
        }
    draw = np.random.default_rng(seed)
    return {name: draw.normal(0.0, 0.2, shape).astype(np.float32) for name, shape in shapes.items()}


def write_llama(folder: Path, seed: int = 0) -> Path:
    """A folder as transformers saves it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(LLAMA_CONFIG))
    (folder / "tokenizer.json").write_text(tokenizer_json())
    save_file(llama_tensors(seed), folder / "model.safetensors")
    return folder


MODEL_TOML = """
name = "{name}"
title = "Tiny"
description = "A model for tests."
family = "llama"
licence = "Apache-2.0"
context_length = 64
tasks = ["generate"]
[[sources]]
kind = "folder"
path = "weights"
[prompt]
format = "chatml"
system = "Be brief."
"""


def write_model(models_dir: Path, name: str = "tiny", seed: int = 0) -> Path:
    """`<models_dir>/<name>` with a `model.toml` and weights in `weights/`; its folder."""
    folder = models_dir / name
    write_llama(folder / "weights", seed)
    (folder / "model.toml").write_text(MODEL_TOML.format(name=name))
    return folder
