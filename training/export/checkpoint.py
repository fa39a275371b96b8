"""Weights in memory, whatever file they came from: an architecture and a table of tensors.

Tensors carry the names transformers gives them, and are read one at a time. Knows nothing of
files or graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.errors import SetupError
from service.model_spec import Family

FloatArray = NDArray[np.float32]
Loader = Callable[[], FloatArray]
RopeKind = Literal["default", "linear", "llama3"]


@dataclass(frozen=True, slots=True)
class RopeScaling:
    """How rotary frequencies are stretched; see `rope.py`."""

    kind: RopeKind = "default"
    factor: float = 1.0
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0
    original_context: int = 8192


@dataclass(frozen=True, slots=True)
class Architecture:
    family: Family
    hidden_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    vocab_size: int
    context_length: int
    norm_eps: float
    tied_embeddings: bool
    rope_theta: float = 10000.0
    rope_scaling: RopeScaling = RopeScaling()


class TensorTable:
    """Tensors by name, loaded when taken; remembers which were, so that none is forgotten."""

    def __init__(self, loaders: Mapping[str, Loader]) -> None:
        self._loaders = dict(loaders)
        self._taken: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._loaders

    def take(self, name: str) -> FloatArray:
        """One tensor in float32.

        Raises:
            SetupError: the weights lack it.
        """
        if name not in self._loaders:
            raise SetupError(f"the weights have no tensor {name}")
        self._taken.add(name)
        return np.ascontiguousarray(self._loaders[name](), dtype=np.float32)

    def take_optional(self, name: str) -> FloatArray | None:
        """As `take`, for tensors that an architecture may do without, such as biases."""
        return self.take(name) if name in self else None

    def untaken(self) -> list[str]:
        return sorted(set(self._loaders) - self._taken)

    def changed(self, changes: Mapping[str, Callable[[FloatArray], FloatArray]]) -> TensorTable:
        """A table in which some tensors pass through a function when taken."""
        loaders = dict(self._loaders)
        for name, change in changes.items():
            loaders[name] = _composed(loaders[name], change)
        return TensorTable(loaders)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All there is to know of a model before it becomes a graph."""

    architecture: Architecture
    tensors: TensorTable
    tokenizer_json: str
    eos_ids: tuple[int, ...]


def _composed(loader: Loader, change: Callable[[FloatArray], FloatArray]) -> Loader:
    return lambda: change(loader())
