"""How a weight matrix is stored and multiplied: plain float32, or 8 bits in blocks of 32.

Each format turns (input, weights) into nodes; the families do not know which one they use.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.model_spec import Precision
from training.export.checkpoint import FloatArray
from training.export.graph import CONTRIB, GraphBuilder

BLOCK = 32
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
    """Symmetric round-to-nearest, one float32 scale for 32 weights; activations are quantised
    to 8 bits inside the operator (`accuracy_level` 4), row by row."""

    def embedding(self, g: GraphBuilder, ids: str, table: FloatArray, name: str) -> str:
        hidden = table.shape[1]
        if hidden % BLOCK:  # blocks could not be put side by side again
            return Float32().embedding(g, ids, table, f"{name}.float32")
        values, scales = quantize_blocks(table)
        # The head, where it is tied, finds the values under the same name; its operator wants the
        # scales in another shape.
        weight = g.constant(f"{name}.q8", values)
        blocks = g.node(
            "GatherBlockQuantized",
            [weight, ids, g.constant(f"{name}.embed_scales", scales[..., None])],
            f"{name}.embed",
            domain=CONTRIB,
            bits=8,
            block_size=BLOCK,
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
        inputs = [x, *self._stored(g, weight, name)]
        if bias is not None:
            inputs += ["", "", g.constant(f"{name}.bias", bias)]
        size = {"N": weight.shape[0], "K": weight.shape[1], "bits": 8, "block_size": BLOCK}
        return g.node(
            "MatMulNBits", inputs, name, [output], domain=CONTRIB, accuracy_level=4, **size
        )

    def _stored(self, g: GraphBuilder, weight: FloatArray, name: str) -> tuple[str, str]:
        values, scales = quantize_blocks(weight)
        return g.constant(f"{name}.q8", values), g.constant(f"{name}.scales", scales)


FORMATS: dict[Precision, WeightFormat] = {"fp32": Float32(), "int8": Int8Blocks()}


def quantize_blocks(weight: FloatArray) -> tuple[NDArray[np.uint8], FloatArray]:
    """[rows, columns] -> values [rows, blocks, 32] around 128, scales [rows, blocks].

    The last block is filled up with zeros. Q8_0 weights of a GGUF come out as they went in.
    """
    rows, columns = weight.shape
    padded = np.pad(weight, ((0, 0), (0, -columns % BLOCK)))
    blocks = padded.reshape(rows, -1, BLOCK)
    scales = np.abs(blocks).max(axis=2, keepdims=True) / np.float32(127)
    steps = np.divide(blocks, scales, out=np.zeros_like(blocks), where=scales > 0)
    return (np.rint(steps) + _ZERO_POINT).astype(np.uint8), scales[..., 0]
