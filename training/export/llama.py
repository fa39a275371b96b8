"""Llama-like layers: RMS norms, rotary attention with grouped heads, SwiGLU, optional biases."""

from __future__ import annotations

import numpy as np

from service.errors import SetupError
from training.export.checkpoint import Architecture, FloatArray, TensorTable
from training.export.decoder import Inputs, Stream
from training.export.formats import WeightFormat
from training.export.graph import CONTRIB, GraphBuilder
from training.export.rope import rotary_tables

_EMBEDDING, _HEAD, _FINAL_NORM = "model.embed_tokens.weight", "lm_head.weight", "model.norm"


class LlamaFamily:
    def __init__(
        self, g: GraphBuilder, arch: Architecture, tensors: TensorTable, fmt: WeightFormat
    ) -> None:
        self._g, self._arch, self._tensors, self._format = g, arch, tensors, fmt

    def embed(self, inputs: Inputs) -> str:
        table = self._tensors.take(_EMBEDDING)
        return self._format.embedding(self._g, inputs.input_ids, table, "embed_tokens")

    def rotary_tables(self) -> tuple[str, str] | None:
        if self._arch.head_dim % 16:
            raise SetupError(f"heads of {self._arch.head_dim} are not a multiple of 16")
        cos, sin = rotary_tables(self._arch)
        return self._g.constant("cos_cache", cos), self._g.constant("sin_cache", sin)

    def first_norm(self, x: str) -> Stream:
        name = "model.layers.0.input_layernorm"
        normed = self._g.node(
            "SimplifiedLayerNormalization",
            [x, self._norm_weight(name)],
            name,
            axis=-1,
            epsilon=self._arch.norm_eps,
        )
        return Stream(normed, x)

    def qkv(self, layer: int, x: str) -> str:
        parts = [f"model.layers.{layer}.self_attn.{p}_proj" for p in "qkv"]
        return self._merged(x, parts, f"layers.{layer}.qkv")

    def attention_output(self, layer: int, x: str) -> str:
        return self._merged(
            x, [f"model.layers.{layer}.self_attn.o_proj"], f"layers.{layer}.attention_output"
        )

    def norm_before_mlp(self, layer: int, x: str, residual: str) -> Stream:
        return self._skip_norm(x, residual, f"model.layers.{layer}.post_attention_layernorm")

    def norm_after_mlp(self, layer: int, x: str, residual: str) -> Stream:
        following = f"model.layers.{layer + 1}.input_layernorm"
        last = layer == self._arch.num_layers - 1
        return self._skip_norm(x, residual, _FINAL_NORM if last else following)

    def mlp(self, layer: int, x: str) -> str:
        prefix, name = f"model.layers.{layer}.mlp", f"layers.{layer}"
        both = self._merged(x, [f"{prefix}.gate_proj", f"{prefix}.up_proj"], f"{name}.gate_up")
        gate, up = f"{name}.gate", f"{name}.up"
        self._g.node("Split", [both], f"{name}.split", [gate, up], axis=-1, num_outputs=2)
        # QuickGelu with alpha 1 is x * sigmoid(x) in one pass.
        act = self._g.node("QuickGelu", [gate], f"{name}.silu", domain=CONTRIB, alpha=1.0)
        product = self._g.node("Mul", [act, up], f"{name}.gated")
        return self._merged(product, [f"{prefix}.down_proj"], f"{name}.down")

    def head(self, x: str, output: str) -> str:
        if self._arch.tied_embeddings:
            table = self._tensors.take(_EMBEDDING)
            return self._format.head(self._g, x, table, "embed_tokens", output)
        return self._format.head(self._g, x, self._tensors.take(_HEAD), "lm_head", output)

    def _merged(self, x: str, parts: list[str], name: str) -> str:
        """One product for projections that read the same input."""
        weight = np.concatenate([self._tensors.take(f"{part}.weight") for part in parts])
        return self._format.linear(self._g, x, weight, self._merged_bias(parts), name)

    def _merged_bias(self, parts: list[str]) -> FloatArray | None:
        biases = [self._tensors.take_optional(f"{part}.bias") for part in parts]
        present = [bias for bias in biases if bias is not None]
        if present and len(present) < len(parts):
            raise SetupError(f"some of {', '.join(parts)} have a bias, some have none")
        return np.concatenate(present) if present else None

    def _skip_norm(self, x: str, residual: str, name: str) -> Stream:
        outputs = [f"{name}.out", "", "", f"{name}.sum"]
        self._g.node(
            "SkipSimplifiedLayerNormalization",
            [x, residual, self._norm_weight(name)],
            name,
            outputs,
            domain=CONTRIB,
            epsilon=self._arch.norm_eps,
        )
        return Stream(outputs[0], outputs[3])

    def _norm_weight(self, name: str) -> str:
        return self._g.constant(f"{name}.weight", self._tensors.take(f"{name}.weight"))
