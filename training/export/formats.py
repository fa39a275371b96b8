"""How a weight matrix is stored and multiplied: plain float32, or 8 bits in one of two ways.

Each format turns (input, weights) into nodes; the families do not know which one they use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.model_spec import Precision
from training.export.checkpoint import FloatArray
from training.export.graph import CONTRIB, GraphBuilder

_BLOCKS = (64, 32)
"""Weights that share a scale. 64 is faster; with 128 and more a row alone and the same row among
others come out with different bits (onnxruntime 1.31)."""
_ZERO_POINT = 128
"""What `MatMulNBits` and `GatherBlockQuantized` take for zero in 8 bits when not told otherwise."""


class WeightFormat(Protocol):
    """A name stands for one table: a head tied to the embedding passes the same one."""

    def embedding(self, g: GraphBuilder, ids: str, table: FloatArray, name: str) -> str:
        """Rows of `table` [vocab, hidden] -> [rows, tokens, hidden]."""

    def linear(
        self, g: GraphBuilder, x: str, weight: FloatArray, bias: FloatArray | None, name: str
    ) -> str:
        """x [..., in] times `weight` [out, in], plus `bias` [out] -> [..., out]."""

    def head(self, g: GraphBuilder, x: str, table: FloatArray, name: str, output: str) -> str:
        """x [rows, hidden] times `table` [vocab, hidden] -> logits [rows, vocab]."""


class Float32:
    def embedding(self, g: GraphBuilder, ids: str, table: FloatArray, name: str) -> str:
        return g.node("Gather", [g.constant(name, table), ids], f"{name}.embed")

    def linear(
        self, g: GraphBuilder, x: str, weight: FloatArray, bias: FloatArray | None, name: str
    ) -> str:
        out = g.node("MatMul", [x, g.constant(f"{name}.weight", weight.T)], name)
        if bias is None:
            return out
        return g.node("Add", [out, g.constant(f"{name}.bias", bias)], f"{name}.add_bias")

    def head(self, g: GraphBuilder, x: str, table: FloatArray, name: str, output: str) -> str:
        # Gemm can transpose the table itself, so that a tied one is stored once.
        return g.node("Gemm", [x, g.constant(name, table)], f"{name}.head", [output], transB=1)


class Int8Blocks:
    """Symmetric round-to-nearest, one float32 scale a block; activations are quantised to 8 bits
    inside the operator (`accuracy_level` 4), row by row. The faster way for few tokens."""

    def embedding(self, g: GraphBuilder, ids: str, table: FloatArray, name: str) -> str:
        hidden = table.shape[1]
        block = block_size(hidden)
        if hidden % block:  # blocks could not be put side by side again
            return Float32().embedding(g, ids, table, f"{name}.float32")
        values, scales = quantize_blocks(table, block)
        # The head, where it is tied, finds the values under the same name; its operator wants the
        # scales in another shape.
        weight = g.constant(f"{name}.q8", values)
        blocks = g.node(
            "GatherBlockQuantized",
            [weight, ids, g.constant(f"{name}.embed_scales", scales[..., None])],
            f"{name}.embed",
            domain=CONTRIB,
            bits=8,
            block_size=block,
            gather_axis=0,
            quantize_axis=2,
        )
        shape = g.constant("embedding_shape", np.array([0, 0, hidden], np.int64))
        return g.node("Reshape", [blocks, shape], f"{name}.join_blocks")

    def linear(
        self, g: GraphBuilder, x: str, weight: FloatArray, bias: FloatArray | None, name: str
    ) -> str:
        return self._product(g, x, weight, bias, name, f"{name}.out")

    def head(self, g: GraphBuilder, x: str, table: FloatArray, name: str, output: str) -> str:
        return self._product(g, x, table, None, name, output)

    def _product(
        self,
        g: GraphBuilder,
        x: str,
        weight: FloatArray,
        bias: FloatArray | None,
        name: str,
        output: str,
    ) -> str:
        block = block_size(weight.shape[1])
        values, scales = quantize_blocks(weight, block)
        inputs = [x, g.constant(f"{name}.q8", values), g.constant(f"{name}.scales", scales)]
        if bias is not None:
            inputs += ["", "", g.constant(f"{name}.bias", bias)]
        size = {"N": weight.shape[0], "K": weight.shape[1], "bits": 8, "block_size": block}
        return g.node(
            "MatMulNBits", inputs, name, [output], domain=CONTRIB, accuracy_level=4, **size
        )


class Int8Channels(Int8Blocks):
    """One scale an output channel and one a token, so that the sums between are whole numbers. The
    faster way for many tokens; embedding and head are those of `Int8Blocks`.

    A token's result depends on that token alone: a scale for the whole input, as the runtime's own
    `DynamicQuantizeLinear` takes it, would make it depend on its neighbours.
    Source: Yao et al. 2022 (ZeroQuant), token-wise quantisation.
    """

    def linear(
        self, g: GraphBuilder, x: str, weight: FloatArray, bias: FloatArray | None, name: str
    ) -> str:
        largest = self._largest(g, x, name)
        step = g.constant("step_127", np.array(1 / 127, np.float32))
        zero = g.constant("zero_128", np.array(_ZERO_POINT, np.uint8))
        shares = g.node("Div", [x, largest], f"{name}.shares")
        codes = g.node("QuantizeLinear", [shares, step, zero], f"{name}.codes")
        values, scales = quantize_channels(weight)
        stored = g.constant(f"{name}.i8", values.T), g.constant(f"{name}.channels", scales)
        product = g.node(
            "MatMulIntegerToFloat",
            [codes, stored[0], step, stored[1], zero],
            f"{name}.product",
            domain=CONTRIB,
        )
        out = g.node("Mul", [product, largest], f"{name}.scaled")
        if bias is None:
            return out
        return g.node("Add", [out, g.constant(f"{name}.bias", bias)], f"{name}.add_bias")

    def _largest(self, g: GraphBuilder, x: str, name: str) -> str:
        """Each token's largest magnitude [..., 1], never zero."""
        axis = g.constant("axis_last", np.array([-1], np.int64))
        sizes = g.node("Abs", [x], f"{name}.sizes")
        largest = g.node("ReduceMax", [sizes, axis], f"{name}.largest", keepdims=1)
        return g.node("Max", [largest, g.constant("tiny", np.array(1e-9, np.float32))], f"{name}.m")


@dataclass(frozen=True, slots=True)
class Formats:
    """How a precision multiplies. Which of the two a token meets depends on whether it belongs to
    a prompt, never on what else runs."""

    decode: WeightFormat
    prefill: WeightFormat | None = None
    """None: as `decode`."""


FORMATS: dict[Precision, Formats] = {
    "fp32": Formats(Float32()),
    "int8": Formats(Int8Blocks(), Int8Channels()),
}


def block_size(columns: int) -> int:
    """The largest block that divides a row, else the smallest one."""
    return next((size for size in _BLOCKS if columns % size == 0), _BLOCKS[-1])


def quantize_blocks(weight: FloatArray, block: int) -> tuple[NDArray[np.uint8], FloatArray]:
    """[rows, columns] -> values [rows, blocks, block] around 128, scales [rows, blocks].

    The last block is filled up with zeros. Q8_0 weights of a GGUF come out of blocks of 32 as they
    went in.
    """
    rows, columns = weight.shape
    padded = np.pad(weight, ((0, 0), (0, -columns % block)))
    values, scales = _quantize(padded.reshape(rows, -1, block))
    return (values + _ZERO_POINT).astype(np.uint8), scales


def quantize_channels(weight: FloatArray) -> tuple[NDArray[np.int8], FloatArray]:
    """[rows, columns] -> values of the same shape, scales [rows]."""
    values, scales = _quantize(weight)
    return values.astype(np.int8), scales


def _quantize(groups: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Round [..., n] to whole numbers in [-127, 127] with one scale for each n."""
    scales = np.abs(groups).max(axis=-1, keepdims=True) / np.float32(127)
    inverse = np.divide(1, scales, out=np.zeros_like(scales), where=scales > 0)
    return np.rint(groups * inverse), scales[..., 0]
