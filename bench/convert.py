"""Makes what onnxruntime-genai reads from the GGUF: `python -m bench.convert GGUF FOLDER`.

Runs in the peers' environment (torch, transformers). The builder has no 8-bit blocks for the CPU,
so its 4-bit ones are taken.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

_OPTIONS = ("int4_accuracy_level=4", "int4_block_size=32")


def main(gguf: str, folder: str) -> None:
    path = Path(gguf)
    source = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    loaded = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    del loaded.config.quantization_config
    plain = LlamaForCausalLM(loaded.config)
    plain.load_state_dict(loaded.state_dict())
    with tempfile.TemporaryDirectory() as temp:
        plain.save_pretrained(temp)
        AutoTokenizer.from_pretrained(**source).save_pretrained(temp)
        builder = [sys.executable, "-m", "onnxruntime_genai.models.builder"]
        arguments = ["-i", temp, "-o", folder, "-p", "int4", "-e", "cpu", "-c", f"{temp}/cache"]
        subprocess.run([*builder, *arguments, "--extra_options", *_OPTIONS], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
