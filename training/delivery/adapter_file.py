"""The trained adapter as a small file: half precision, and a config that names no machine."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

WEIGHTS, CONFIG = "adapter.safetensors", "adapter_config.json"
_KEPT = ("peft_type", "task_type", "r", "lora_alpha", "target_modules", "fan_in_fan_out", "bias")
"""What says how the weights are to be used; the rest are peft's defaults."""


def write_adapter(source: Path, folder: Path, base: str) -> Path:
    """Copy what peft saved in `source` into a model folder.

    Returns: the file of weights, float16: a 16th of a per mille off, and half the size.
    """
    tensors = load_file(source / "adapter_model.safetensors")
    halves = {name: tensor.to(torch.float16).contiguous() for name, tensor in tensors.items()}
    save_file(halves, folder / WEIGHTS)
    raw = json.loads((source / CONFIG).read_text(encoding="utf-8"))
    config = {key: raw[key] for key in _KEPT} | {"base_model_name_or_path": base}
    config["target_modules"] = sorted(config["target_modules"])
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    (folder / WEIGHTS).chmod(0o644)
    return folder / WEIGHTS
