"""The part that all decoder-only families share: attention over a cache, and one residual stream.

The graph's inputs and outputs, which the engine binds (all rows share one call):

    input_ids               int64   [rows, tokens]
    seqlens_k               int32   [rows]   tokens of a row after this step, less one
    total_sequence_length   int32   []       longest row after this step
    past_key_values.{i}.key|value   float32 [rows, kv_heads, max_len, head_dim]
    present.{i}.key|value           the same shape; bind it to the same buffer: in place
    logits                  float32 [rows, vocab], of each row's last position

One row may take many tokens at once on top of its past (chunked prefill); many rows take one each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from onnx import TensorProto

from training.export.checkpoint import Architecture
from training.export.graph import CONTRIB, GraphBuilder


@dataclass(frozen=True, slots=True)
class Inputs:
    """Names of the graph's inputs."""

    input_ids: str
    seqlens_k: str
    total_sequence_length: str


@dataclass(frozen=True, slots=True)
class Stream:
    """The residual stream, and what the next part reads: its normalised copy."""

    normed: str
    residual: str


class Family(Protocol):
    """What differs between architectures. `x` is always [rows, tokens, hidden]."""

    def embed(self, inputs: Inputs) -> str: ...
    def first_norm(self, x: str) -> Stream: ...
    def qkv(self, layer: int, x: str) -> str:
        """-> [rows, tokens, (heads + 2 * kv_heads) * head_dim]"""

    def rotary_tables(self) -> tuple[str, str] | None: ...
    def attention_output(self, layer: int, x: str) -> str: ...
    def norm_before_mlp(self, layer: int, x: str, residual: str) -> Stream: ...
    def mlp(self, layer: int, x: str) -> str: ...
    def norm_after_mlp(self, layer: int, x: str, residual: str) -> Stream:
        """The norm of the next layer, or the final one."""

    def head(self, x: str, output: str) -> str:
        """[rows, hidden] -> logits"""


def build_decoder(
    g: GraphBuilder, family: Family, arch: Architecture, on_layer: Callable[[], object]
) -> None:
    """Add the whole model; `on_layer` is called after each layer, for a progress bar."""
    inputs = _inputs(g)
    rotary = family.rotary_tables()
    stream = family.first_norm(family.embed(inputs))
    for i in range(arch.num_layers):
        attended = _attention(g, arch, inputs, family.qkv(i, stream.normed), i, rotary)
        residual = stream.residual
        if i == arch.num_layers - 1:  # nothing after attention looks at other positions
            attended = last_position(g, attended, "last.attended")
            residual = last_position(g, residual, "last.residual")
        stream = family.norm_before_mlp(i, family.attention_output(i, attended), residual)
        stream = family.norm_after_mlp(i, family.mlp(i, stream.normed), stream.residual)
        on_layer()
    _logits(g, family, arch, stream.normed)


def last_position(g: GraphBuilder, x: str, name: str) -> str:
    """[rows, tokens, width] -> [rows, 1, width]"""
    index = g.constant("last_index", np.array([-1], np.int64))
    return g.node("Gather", [x, index], name, axis=1)


def _inputs(g: GraphBuilder) -> Inputs:
    return Inputs(
        g.input("input_ids", TensorProto.INT64, ["rows", "tokens"]),
        g.input("seqlens_k", TensorProto.INT32, ["rows"]),
        g.input("total_sequence_length", TensorProto.INT32, []),
    )


def _attention(
    g: GraphBuilder,
    arch: Architecture,
    inputs: Inputs,
    qkv: str,
    layer: int,
    rotary: tuple[str, str] | None,
) -> str:
    """Causal attention of `qkv` over the layer's cache -> [rows, tokens, heads * head_dim]."""
    shape: list[int | str] = ["rows", arch.num_kv_heads, "max_len", arch.head_dim]
    past, present = (
        [f"{prefix}.{layer}.{part}" for part in ("key", "value")]
        for prefix in ("past_key_values", "present")
    )
    for name in past:
        g.input(name, TensorProto.FLOAT, shape)
    for name in present:
        g.output(name, TensorProto.FLOAT, shape)
    lengths = [inputs.seqlens_k, inputs.total_sequence_length]
    return g.node(
        "GroupQueryAttention",
        [qkv, "", "", *past, *lengths, *(rotary or ())],
        f"layers.{layer}.attention",
        [f"layers.{layer}.attention.out", *present],
        domain=CONTRIB,
        num_heads=arch.num_heads,
        kv_num_heads=arch.num_kv_heads,
        do_rotary=int(rotary is not None),
    )


def _logits(g: GraphBuilder, family: Family, arch: Architecture, x: str) -> None:
    axis = g.constant("axis_1", np.array([1], np.int64))
    last = g.node("Squeeze", [x, axis], "last.squeeze")
    name = family.head(last, "logits")
    g.output(name, TensorProto.FLOAT, ["rows", arch.vocab_size])
