"""Reads a GGUF file: weights are dequantised when taken, and get the names transformers uses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader, ReaderTensor
from gguf.quants import dequantize

from service.errors import SetupError
from training.export.checkpoint import Architecture, Checkpoint, FloatArray, Loader, TensorTable
from training.export.tokenizer_json import byte_level_bpe

_TOP = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}
_IN_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_LAYER_TENSOR = re.compile(r"blk\.(\d+)\.(\w+)\.(weight|bias)")


def read_gguf(path: Path) -> Checkpoint:
    """Read a checkpoint; the tensors themselves are read when taken.

    Raises:
        SetupError: the file is damaged, or its architecture or tokenizer is not supported.
    """
    try:
        reader = GGUFReader(path)
        fields = _Fields(reader)
        arch = _architecture(fields, {tensor.name for tensor in reader.tensors})
        loaders = dict(_loader(tensor, arch) for tensor in reader.tensors)
        tokenizer = _tokenizer_json(fields)
        eos = int(fields.get("tokenizer.ggml.eos_token_id"))
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise SetupError(f"{path} is damaged or not a supported GGUF ({error})") from None
    return Checkpoint(arch, TensorTable(loaders), tokenizer, (eos,))


class _Fields:
    """The metadata of a GGUF; `{arch}.x` keys by their last part."""

    def __init__(self, reader: GGUFReader) -> None:
        self._reader = reader
        self.architecture = str(self.get("general.architecture"))

    def get(self, key: str) -> Any:
        field = self._reader.get_field(key)
        if field is None:
            raise KeyError(f"no {key}")
        return field.contents()

    def of_arch(self, key: str, default: Any = None) -> Any:
        full = f"{self.architecture}.{key}"
        if default is not None and self._reader.get_field(full) is None:
            return default
        return self.get(full)


def _architecture(fields: _Fields, tensors: set[str]) -> Architecture:
    if fields.architecture != "llama":
        raise ValueError(f"the architecture {fields.architecture!r} is not supported")
    scaling = fields.of_arch("rope.scaling.type", "none")
    if scaling != "none":
        raise ValueError(f"the rope scaling {scaling!r} is not supported")
    hidden, heads = fields.of_arch("embedding_length"), fields.of_arch("attention.head_count")
    head_dim = fields.of_arch("rope.dimension_count", hidden // heads)
    return Architecture(
        family="llama",
        hidden_size=hidden,
        num_layers=fields.of_arch("block_count"),
        num_heads=heads,
        num_kv_heads=fields.of_arch("attention.head_count_kv", heads),
        head_dim=head_dim,
        vocab_size=len(fields.get("tokenizer.ggml.tokens")),
        context_length=fields.of_arch("context_length"),
        norm_eps=fields.of_arch("attention.layer_norm_rms_epsilon"),
        tied_embeddings="output.weight" not in tensors,
        rope_theta=fields.of_arch("rope.freq_base", 10000.0),
    )


def _loader(tensor: ReaderTensor, arch: Architecture) -> tuple[str, Loader]:
    heads = {"q_proj": arch.num_heads, "k_proj": arch.num_kv_heads}
    name = _transformers_name(tensor.name)
    num_heads = next((n for part, n in heads.items() if f".{part}." in name), None)

    def load() -> FloatArray:
        array = np.asarray(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        return array if num_heads is None else _unpermuted(array, num_heads)

    return name, load


def _transformers_name(name: str) -> str:
    """A name without a translation stays as it is, so that the export refuses the tensor."""
    layer = _LAYER_TENSOR.fullmatch(name)
    if layer and layer[2] in _IN_LAYER:
        return f"model.layers.{layer[1]}.{_IN_LAYER[layer[2]]}.{layer[3]}"
    stem, _, part = name.rpartition(".")
    return f"{_TOP[stem]}.{part}" if stem in _TOP else name


def _unpermuted(array: FloatArray, num_heads: int) -> FloatArray:
    """llama.cpp lays the two halves of a head side by side for its rotary kernel; undo it."""
    half = array.shape[0] // num_heads // 2
    split = array.reshape(num_heads, half, 2, *array.shape[1:])
    return split.swapaxes(1, 2).reshape(array.shape)


def _tokenizer_json(fields: _Fields) -> str:
    if fields.get("tokenizer.ggml.model") != "gpt2":
        raise ValueError("only byte-level BPE tokenizers are supported")
    return byte_level_bpe(
        fields.get("tokenizer.ggml.tokens"),
        fields.get("tokenizer.ggml.token_type"),
        fields.get("tokenizer.ggml.merges"),
        fields.get("tokenizer.ggml.pre"),
    )
