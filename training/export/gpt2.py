"""GPT-2's layers: layer norms, learned positions, one head per key, GELU by tanh, biases."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from training.export.checkpoint import Architecture, TensorTable
from training.export.decoder import Inputs, Stream
from training.export.formats import WeightFormat
from training.export.graph import CONTRIB, GraphBuilder

_EMBEDDING, _POSITIONS = "transformer.wte.weight", "transformer.wpe.weight"


class Gpt2Family:
    def __init__(
        self, g: GraphBuilder, arch: Architecture, tensors: TensorTable, fmt: WeightFormat
    ) -> None:
        self._g, self._arch, self._tensors, self._format = g, arch, tensors, fmt

    def embed(self, inputs: Inputs) -> str:
        table = self._tensors.take(_EMBEDDING)
        tokens = self._format.embedding(self._g, inputs.input_ids, table, "wte")
        positions = self._g.constant("wpe", self._tensors.take(_POSITIONS))
        places = self._g.node("Gather", [positions, self._positions(inputs)], "wpe.embed")
        return self._g.node("Add", [tokens, places], "embed")

    def rotary_tables(self) -> tuple[str, str] | None:
        return None

    def first_norm(self, x: str) -> Stream:
        name = "transformer.h.0.ln_1"
        normed = self._g.node(
            "LayerNormalization",
            [x, *self._norm_weights(name)],
            name,
            axis=-1,
            epsilon=self._arch.norm_eps,
        )
        return Stream(normed, x)

    def qkv(self, layer: int, x: str) -> str:
        return self._conv1d(x, f"transformer.h.{layer}.attn.c_attn")

    def attention_output(self, layer: int, x: str) -> str:
        return self._conv1d(x, f"transformer.h.{layer}.attn.c_proj")

    def norm_before_mlp(self, layer: int, x: str, residual: str) -> Stream:
        return self._skip_norm(x, residual, f"transformer.h.{layer}.ln_2")

    def norm_after_mlp(self, layer: int, x: str, residual: str) -> Stream:
        last = layer == self._arch.num_layers - 1
        following = f"transformer.h.{layer + 1}.ln_1"
        return self._skip_norm(x, residual, "transformer.ln_f" if last else following)

    def mlp(self, layer: int, x: str) -> str:
        prefix = f"transformer.h.{layer}.mlp"
        wide = self._conv1d(x, f"{prefix}.c_fc")
        act = self._g.node("Gelu", [wide], f"{prefix}.gelu", approximate="tanh")
        return self._conv1d(act, f"{prefix}.c_proj")

    def head(self, x: str, output: str) -> str:
        if self._arch.tied_embeddings:
            table = self._tensors.take(_EMBEDDING)
            return self._format.head(self._g, x, table, "wte", output)
        table = self._tensors.take("lm_head.weight")
        return self._format.head(self._g, x, table, "lm_head", output)

    def _positions(self, inputs: Inputs) -> str:
        """Place of each token in its row, [rows, tokens]: the row's length less what follows."""
        g = self._g
        tokens = g.node("Shape", [inputs.input_ids], "positions.tokens", start=1, end=2)
        count = g.node("Squeeze", [tokens], "positions.count")
        zero, one = (g.constant(f"int_{i}", np.array(i, np.int64)) for i in (0, 1))
        first_to_last = g.node("Range", [zero, count, one], "positions.range")
        lengths = g.node("Cast", [inputs.seqlens_k], "positions.cast", to=TensorProto.INT64)
        end = g.node("Add", [lengths, one], "positions.end")
        start = g.node("Sub", [end, count], "positions.start")
        axis = g.constant("axis_1", np.array([1], np.int64))
        column = g.node("Unsqueeze", [start, axis], "positions.column")
        return g.node("Add", [column, first_to_last], "positions")

    def _conv1d(self, x: str, name: str) -> str:
        """GPT-2 keeps its matrices as [in, out]."""
        weight = self._tensors.take(f"{name}.weight").T
        return self._format.linear(self._g, x, weight, self._tensors.take(f"{name}.bias"), name)

    def _skip_norm(self, x: str, residual: str, name: str) -> Stream:
        outputs = [f"{name}.out", "", "", f"{name}.sum"]
        self._g.node(
            "SkipLayerNormalization",
            [x, residual, *self._norm_weights(name)],
            name,
            outputs,
            domain=CONTRIB,
            epsilon=self._arch.norm_eps,
        )
        return Stream(outputs[0], outputs[3])

    def _norm_weights(self, name: str) -> tuple[str, str]:
        weight, bias = (
            self._g.constant(f"{name}.{part}", self._tensors.take(f"{name}.{part}"))
            for part in ("weight", "bias")
        )
        return weight, bias
