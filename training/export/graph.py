"""Writes an ONNX graph node by node; weights go straight to the data file beside it.

Knows nothing of language models. Names given to nodes show up in onnxruntime's profiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

CONTRIB = "com.microsoft"
OPSET, IR_VERSION = 21, 10
_INLINE_BYTES = 1024
"""Smaller constants stay in the graph, where onnxruntime can fold them."""
_ALIGNMENT = 4096
"""A page, so that onnxruntime maps the data instead of copying it."""
Dim = int | str


class TensorFile:
    """The data file `<path>`, which graphs in the same folder may share; a name stands for one
    array, whoever adds it again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._data = path.open("wb")
        self._tensors: dict[str, TensorProto] = {}

    def __enter__(self) -> TensorFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._data.close()

    def add(self, name: str, array: NDArray[Any]) -> TensorProto:
        if name not in self._tensors:
            array = np.ascontiguousarray(array)
            small = array.nbytes <= _INLINE_BYTES
            make = onnx.numpy_helper.from_array if small else self._external
            self._tensors[name] = make(array, name)
        return self._tensors[name]

    def _external(self, array: NDArray[Any], name: str) -> TensorProto:
        offset = -(-self._data.tell() // _ALIGNMENT) * _ALIGNMENT
        self._data.seek(offset)
        self._data.write(array.data)
        tensor = TensorProto(
            name=name,
            data_type=helper.np_dtype_to_tensor_dtype(array.dtype),
            dims=array.shape,
            data_location=TensorProto.EXTERNAL,
        )
        entries = {"location": self.path.name, "offset": offset, "length": array.nbytes}
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=str(value))
        return tensor


class GraphBuilder:
    """Collects nodes and constants, then writes `<path>`; large constants go to `tensors`."""

    def __init__(self, path: Path, tensors: TensorFile) -> None:
        self._path = path
        self._tensors = tensors
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, dtype: int, shape: Sequence[Dim]) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, dtype, list(shape)))
        return name

    def output(self, name: str, dtype: int, shape: Sequence[Dim]) -> str:
        self._outputs.append(helper.make_tensor_value_info(name, dtype, list(shape)))
        return name

    def constant(self, name: str, array: NDArray[Any]) -> str:
        """Add a constant; a name stands for one array, whoever adds it again."""
        self._constants[name] = self._tensors.add(name, array)
        return name

    def node(
        self,
        op: str,
        inputs: Sequence[str],
        name: str,
        outputs: Sequence[str] | None = None,
        domain: str = "",
        **attributes: Any,
    ) -> str:
        """Add a node and return the name of its first output, by default `<name>.out`.

        An empty string among `inputs` or `outputs` is one that is left out.
        """
        names = [f"{name}.out"] if outputs is None else list(outputs)
        self._nodes.append(
            helper.make_node(op, list(inputs), names, name=name, domain=domain, **attributes)
        )
        return names[0]

    def save(self) -> Path:
        """Write the graph. The data file is whole once it is closed."""
        graph = helper.make_graph(
            self._nodes, "doc2tweet", self._inputs, self._outputs, list(self._constants.values())
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="doc2tweet"
        )
        self._path.write_bytes(model.SerializeToString())
        return self._path
