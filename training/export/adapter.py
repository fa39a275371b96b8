"""Merges a LoRA adapter, as peft saves it, into a checkpoint's weights (Hu et al. 2021).

W + scale * B A, in float32; the file is small, so the whole of it is read at once.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from service.errors import SetupError
from training.export.checkpoint import Checkpoint, FloatArray
from training.export.safetensors_file import read_safetensors

_KEY = re.compile(r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<side>[AB])(?:\.\w+)?\.weight")
_REPLACED = re.compile(r"base_model\.model\.(?P<tensor>.+)")


def merge_adapter(checkpoint: Checkpoint, path: Path) -> Checkpoint:
    """The checkpoint with an adapter merged in.

    Args:
        path: `adapter_model.safetensors`, with `adapter_config.json` beside it.

    Raises:
        SetupError: it is damaged, of a kind other than plain LoRA, or made for another base.
    """
    scale = _read_scale(path.with_name("adapter_config.json"))
    transposed = checkpoint.architecture.family == "gpt2"  # its matrices are [in, out]
    tensors = {name: load() for name, load in read_safetensors(path).items()}
    changes = _changes(tensors, scale, transposed)
    foreign = sorted(name for name in changes if name not in checkpoint.tensors)
    if foreign or not changes:
        raise SetupError(f"{path} does not fit its base (no tensor {(foreign or ['at all'])[0]})")
    return Checkpoint(
        checkpoint.architecture,
        checkpoint.tensors.changed(changes),
        checkpoint.tokenizer_json,
        checkpoint.eos_ids,
    )


def _changes(
    tensors: dict[str, FloatArray], scale: float, transposed: bool
) -> dict[str, Callable[[FloatArray], FloatArray]]:
    changes: dict[str, Callable[[FloatArray], FloatArray]] = {}
    for name, array in tensors.items():
        key = _KEY.fullmatch(name)
        if key is None:  # a tensor trained in full: peft's `modules_to_save`
            changes[_replaced_name(name)] = _replacement(array)
        elif key["side"] == "A":
            pair = name.replace(".lora_A.", ".lora_B.")
            if pair not in tensors or tensors[pair].shape[1] != array.shape[0]:
                raise SetupError(f"the adapter has no {pair} that goes with its lora_A")
            changes[f"{key['module']}.weight"] = _addition(array, tensors[pair], scale, transposed)
    return changes


def _addition(
    a: FloatArray, b: FloatArray, scale: float, transposed: bool
) -> Callable[[FloatArray], FloatArray]:
    """a is [rank, in], b is [out, rank]."""

    def add(weight: FloatArray) -> FloatArray:
        change = np.float32(scale) * (b @ a)
        change = change.T if transposed else change
        if weight.shape != change.shape:
            raise SetupError(
                f"the adapter's matrix is {change.shape}, the base's is {weight.shape}"
            )
        return weight + change

    return add


def _replacement(array: FloatArray) -> Callable[[FloatArray], FloatArray]:
    def replace(weight: FloatArray) -> FloatArray:
        if weight.shape != array.shape:
            raise SetupError(f"the adapter's tensor is {array.shape}, the base's is {weight.shape}")
        return array

    return replace


def _replaced_name(name: str) -> str:
    match = _REPLACED.fullmatch(name)
    if match is None:
        raise SetupError(f"the adapter holds {name}, which is not understood")
    return match["tensor"].replace(".modules_to_save.default", "")


def _read_scale(path: Path) -> float:
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        patterns = [raw.get(key) for key in ("use_dora", "rank_pattern", "alpha_pattern")]
        plain = raw["peft_type"] == "LORA" and not any(patterns)
        rank, alpha = float(raw["r"]), float(raw["lora_alpha"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SetupError(f"{path} is damaged ({error})") from None
    if not plain:
        raise SetupError(f"{path}: only plain LoRA can be merged")
    return alpha / (math.sqrt(rank) if raw.get("use_rslora") else rank)
