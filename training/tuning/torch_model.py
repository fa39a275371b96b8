"""A checkpoint as a torch model: the same numbers that the export turns into a graph.

So what is trained and what is served start from the same weights, whatever file they lie in.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from service.errors import SetupError
from training.export.checkpoint import Architecture, Checkpoint

LORA_MODULES = {
    "llama": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    "gpt2": ("c_attn", "c_proj", "c_fc"),
}
"""All matrices of a layer: on few pairs better than attention alone."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a training run finds to run on."""

    cpu_only: bool
    bf16: bool

    @classmethod
    def detect(cls) -> Hardware:
        if torch.cuda.is_available():
            return cls(cpu_only=False, bf16=torch.cuda.is_bf16_supported())
        return cls(cpu_only=True, bf16=torch.ops.mkldnn._is_mkldnn_bf16_supported())


def torch_model(checkpoint: Checkpoint, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """Every tensor of a checkpoint in a model of its family.

    Raises:
        SetupError: a tensor is missing or of the wrong shape.
    """
    model = _empty(checkpoint)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(_tensor(checkpoint, name, parameter.shape))
    model.tie_weights()
    cast("nn.Module", model).to(dtype)
    return model


def save_weights(model: PreTrainedModel, tokenizer_json: str, folder: Path) -> None:
    """A folder as transformers saves it, tokenizer included: a source of a model."""
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer_json, encoding="utf-8")


def _tensor(checkpoint: Checkpoint, name: str, shape: torch.Size) -> torch.Tensor:
    array = checkpoint.tensors.take(name)
    if array.shape != tuple(shape):
        raise SetupError(f"{name} of the base is {array.shape}, not {tuple(shape)}")
    return torch.from_numpy(array)


def _empty(checkpoint: Checkpoint) -> PreTrainedModel:
    if checkpoint.architecture.family == "gpt2":
        return GPT2LMHeadModel(_gpt2(checkpoint))
    return LlamaForCausalLM(_llama(checkpoint))


def _llama(checkpoint: Checkpoint) -> LlamaConfig:
    arch = checkpoint.architecture
    gate = checkpoint.tensors.take("model.layers.0.mlp.gate_proj.weight")
    return LlamaConfig(
        vocab_size=arch.vocab_size,
        hidden_size=arch.hidden_size,
        intermediate_size=gate.shape[0],
        num_hidden_layers=arch.num_layers,
        num_attention_heads=arch.num_heads,
        num_key_value_heads=arch.num_kv_heads,
        head_dim=arch.head_dim,
        max_position_embeddings=arch.context_length,
        rms_norm_eps=arch.norm_eps,
        rope_parameters=_rope(arch),
        attention_bias="model.layers.0.self_attn.q_proj.bias" in checkpoint.tensors,
        tie_word_embeddings=arch.tied_embeddings,
        bos_token_id=_end(checkpoint),
        eos_token_id=_end(checkpoint),
        pad_token_id=_end(checkpoint),
    )


def _gpt2(checkpoint: Checkpoint) -> GPT2Config:
    arch = checkpoint.architecture
    return GPT2Config(
        vocab_size=arch.vocab_size,
        n_embd=arch.hidden_size,
        n_layer=arch.num_layers,
        n_head=arch.num_heads,
        n_positions=arch.context_length,
        layer_norm_epsilon=arch.norm_eps,
        tie_word_embeddings=arch.tied_embeddings,
        bos_token_id=_end(checkpoint),
        eos_token_id=_end(checkpoint),
        pad_token_id=_end(checkpoint),
    )


def _end(checkpoint: Checkpoint) -> int | None:
    """Nothing here reads it, but the saved folder then says where a text ends."""
    return checkpoint.eos_ids[0] if checkpoint.eos_ids else None


def _rope(arch: Architecture) -> dict[str, str | float]:
    scaling = arch.rope_scaling
    rope: dict[str, str | float] = {"rope_type": scaling.kind, "rope_theta": arch.rope_theta}
    if scaling.kind != "default":
        rope["factor"] = scaling.factor
    if scaling.kind == "llama3":
        rope["low_freq_factor"] = scaling.low_freq_factor
        rope["high_freq_factor"] = scaling.high_freq_factor
        rope["original_max_position_embeddings"] = scaling.original_context
    return rope
