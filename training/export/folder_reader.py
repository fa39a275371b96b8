"""Reads a folder as transformers saves it: config.json, *.safetensors, tokenizer.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from service.errors import SetupError
from training.export.checkpoint import Architecture, Checkpoint, Loader, RopeScaling, TensorTable
from training.export.safetensors_file import read_safetensors
from training.export.tokenizer_json import with_special_tokens

_LLAMA_LIKE = ("llama", "mistral", "qwen2")
_MUST_BE: dict[str, tuple[object, ...]] = {
    # Settings that change what the model computes in ways the graph does not.
    "hidden_act": ("silu",),
    "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
    "scale_attn_weights": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "use_sliding_window": (False,),
    "pretraining_tp": (1,),
}


def read_folder(folder: Path) -> Checkpoint:
    """Read a checkpoint; the tensors themselves are read when taken.

    Raises:
        SetupError: a file is missing or damaged, or the model is of a kind that is not supported.
    """
    config = _read_json(folder / "config.json")
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise SetupError(f"{folder} holds no .safetensors file")
    loaders = {name: load for file in files for name, load in read_safetensors(file).items()}
    try:
        arch = _architecture(config)
    except (KeyError, ValueError, TypeError) as error:
        raise SetupError(f"{folder / 'config.json'}: {error}") from None
    tensors = TensorTable(_prefixed(loaders) if arch.family == "gpt2" else loaders)
    tokenizer = with_special_tokens(_read_text(folder / "tokenizer.json"))
    return Checkpoint(arch, tensors, tokenizer, _eos_ids(folder, config))


def _architecture(config: Mapping[str, Any]) -> Architecture:
    for key, allowed in _MUST_BE.items():
        if config.get(key, allowed[0]) not in allowed:
            raise ValueError(f"{key} = {config[key]!r} is not supported")
    kind = config["model_type"]
    if kind == "gpt2":
        return _gpt2(config)
    if kind in _LLAMA_LIKE:
        return _llama(config)
    raise ValueError(f"models of the type {kind!r} are not supported")


def _llama(config: Mapping[str, Any]) -> Architecture:
    if config["model_type"] == "mistral" and config.get("sliding_window") is not None:
        raise ValueError("sliding_window is not supported")
    heads = config["num_attention_heads"]
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    return Architecture(
        family="llama",
        hidden_size=config["hidden_size"],
        num_layers=config["num_hidden_layers"],
        num_heads=heads,
        num_kv_heads=config.get("num_key_value_heads") or heads,
        head_dim=config.get("head_dim") or config["hidden_size"] // heads,
        vocab_size=config["vocab_size"],
        context_length=config["max_position_embeddings"],
        norm_eps=config["rms_norm_eps"],
        tied_embeddings=config.get("tie_word_embeddings", False),
        rope_theta=rope.get("rope_theta") or config.get("rope_theta") or 10000.0,
        rope_scaling=_rope_scaling(rope),
    )


def _rope_scaling(rope: Mapping[str, Any]) -> RopeScaling:
    kind = rope.get("rope_type") or rope.get("type") or "default"
    if kind == "default":
        return RopeScaling()
    if kind == "linear":
        return RopeScaling("linear", rope["factor"])
    if kind == "llama3":
        keys = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
        return RopeScaling("llama3", *(rope[key] for key in keys))
    raise ValueError(f"rope_type {kind!r} is not supported")


def _gpt2(config: Mapping[str, Any]) -> Architecture:
    return Architecture(
        family="gpt2",
        hidden_size=config["n_embd"],
        num_layers=config["n_layer"],
        num_heads=config["n_head"],
        num_kv_heads=config["n_head"],
        head_dim=config["n_embd"] // config["n_head"],
        vocab_size=config["vocab_size"],
        context_length=config["n_positions"],
        norm_eps=config["layer_norm_epsilon"],
        tied_embeddings=config.get("tie_word_embeddings", True),
    )


def _prefixed(loaders: Mapping[str, Loader]) -> dict[str, Loader]:
    """The hub's GPT-2 was saved without its head, and so without the prefix."""
    roots = ("transformer.", "lm_head.")
    return {
        name if name.startswith(roots) else f"transformer.{name}": load
        for name, load in loaders.items()
    }


def _eos_ids(folder: Path, config: Mapping[str, Any]) -> tuple[int, ...]:
    path = folder / "generation_config.json"
    configs = [config, _read_json(path)] if path.is_file() else [config]
    found = [c.get("eos_token_id") for c in configs]
    ids = chain.from_iterable(x if isinstance(x, list) else [x] for x in found)
    return tuple(sorted({id_ for id_ in ids if isinstance(id_, int)}))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(_read_text(path))
    except ValueError as error:
        raise SetupError(f"{path} is damaged ({error})") from None
    if not isinstance(value, dict):
        raise SetupError(f"{path} is damaged (no JSON object)")
    return value


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{path} cannot be read ({error})") from None
