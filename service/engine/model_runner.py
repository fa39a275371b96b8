"""The graph on onnxruntime, with its key-value cache: the only module that imports onnxruntime.

Each layer's past and present are bound to the same memory, so that the operator writes new keys and
values in place and nothing is copied between steps. Memory and bindings are made once; a step
fills in numbers and runs. Prompts and single tokens may have a graph each, over the same cache.
Knows nothing of requests.
"""

from __future__ import annotations

import logging
import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]
from numpy.typing import NDArray

from service.errors import ModelDamaged
from service.models import LoadedModel, ModelDims

_log = logging.getLogger(__name__)
_FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class CacheShape:
    """Of the key-value cache, float32. Memory is touched, and so taken, only as rows fill up."""

    num_layers: int
    num_slots: int
    num_kv_heads: int
    max_model_len: int
    head_dim: int

    @classmethod
    def of(cls, dims: ModelDims, num_slots: int, max_model_len: int) -> CacheShape:
        return cls(dims.num_layers, num_slots, dims.num_kv_heads, max_model_len, dims.head_dim)

    @property
    def bytes_per_token(self) -> int:
        return 2 * self.num_layers * self.num_kv_heads * self.head_dim * _FLOAT_BYTES

    @property
    def num_bytes(self) -> int:
        """Of a cache that is full to the last token of every row."""
        return self.bytes_per_token * self.num_slots * self.max_model_len

    def describe(self) -> str:
        """One line for the log at start-up."""
        return (
            f"key-value cache of {self.num_slots} rows x {self.max_model_len} tokens, "
            f"at most {self.num_bytes / 1e6:,.0f} MB"
        )

    def zeros(self) -> NDArray[np.float32]:
        """Shape [layers × 2 (key, value), slots, kv heads, tokens, head dimension]."""
        shape = (
            2 * self.num_layers,
            self.num_slots,
            self.num_kv_heads,
            self.max_model_len,
            self.head_dim,
        )
        # numpy asks for huge pages, which would take whole rows at their first token.
        memory = mmap.mmap(-1, self.num_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        return np.frombuffer(memory, dtype=np.float32).reshape(shape)


class OnnxModelRunner:
    """A `ModelRunner` (see `llm_engine`). Make it after any fork: it starts threads.

    Args:
        num_slots: rows of the cache, those for prefill included.
        max_model_len: tokens a row holds.
        num_threads: of a step; 0 is one a core.
    Raises:
        ModelDamaged: onnxruntime cannot read the graph.
    """

    def __init__(
        self, model: LoadedModel, *, num_slots: int, max_model_len: int, num_threads: int = 0
    ) -> None:
        dims = model.dims
        self.cache_shape = CacheShape.of(dims, num_slots, max_model_len)
        self._decoder = open_session(model.graph, num_threads)
        self._prefiller = self._decoder
        if model.prefill_graph != model.graph:
            self._prefiller = open_session(model.prefill_graph, num_threads)
        self._cache = self.cache_shape.zeros()
        _log.info("%s: %s", model.spec.name, self.cache_shape.describe())
        self._ids = np.zeros(max(num_slots, max_model_len), dtype=np.int64)
        self._last_positions = np.zeros(num_slots, dtype=np.int32)
        self._total = np.zeros((), dtype=np.int32)
        self._logits = np.zeros((num_slots, dims.vocab_size), dtype=np.float32)
        self._prefill_bindings: dict[int, ort.IOBinding] = {}
        self._decode_bindings: dict[int, ort.IOBinding] = {}

    def prefill(self, slot: int, token_ids: Sequence[int], start: int) -> NDArray[np.float32]:
        """Compute a row's tokens from position `start` on. Returns: the last one's logits."""
        self._ids[: len(token_ids)] = token_ids
        self._last_positions[0] = start + len(token_ids) - 1
        if slot not in self._prefill_bindings:
            self._prefill_bindings[slot] = self._bind(self._prefiller, slot, 1)
        self._run(self._prefiller, self._prefill_bindings[slot], (1, len(token_ids)))
        row: NDArray[np.float32] = self._logits[0]
        return row

    def decode(self, token_ids: Sequence[int], lengths: Sequence[int]) -> NDArray[np.float32]:
        """Compute one token for each of the first rows, row i behind `lengths[i]` others.

        Returns: logits, [rows, vocab].
        """
        rows = len(token_ids)
        self._ids[:rows] = token_ids
        self._last_positions[:rows] = lengths
        if rows not in self._decode_bindings:
            self._decode_bindings[rows] = self._bind(self._decoder, 0, rows)
        self._run(self._decoder, self._decode_bindings[rows], (rows, 1))
        return self._logits[:rows]

    def copy_slot(self, source: int, target: int, length: int) -> None:
        self._cache[:, target, :, :length] = self._cache[:, source, :, :length]

    def _run(
        self, session: ort.InferenceSession, binding: ort.IOBinding, shape: tuple[int, int]
    ) -> None:
        """Shape: rows and tokens of `self._ids`."""
        self._total[...] = self._last_positions[: shape[0]].max() + 1
        _bind_input(binding, "input_ids", self._ids, shape)
        session.run_with_iobinding(binding)

    def _bind(self, session: ort.InferenceSession, first: int, rows: int) -> ort.IOBinding:
        """Of the cache's rows `[first, first + rows)`."""
        binding = session.io_binding()
        _bind_input(binding, "seqlens_k", self._last_positions, (rows,))
        _bind_input(binding, "total_sequence_length", self._total, ())
        _bind_output(binding, "logits", self._logits, (rows, self._logits.shape[1]))
        for i, layer in enumerate(self._cache):
            kind, number = ("key", "value")[i % 2], i // 2
            memory = layer[first : first + rows]
            _bind_input(binding, f"past_key_values.{number}.{kind}", memory, memory.shape)
            _bind_output(binding, f"present.{number}.{kind}", memory, memory.shape)
        return binding


def open_session(graph: Path, num_threads: int) -> ort.InferenceSession:
    """Open a graph on the threads that all graphs of the process share.

    Pools of their own would get in each other's way: the threads of the one that has just run spin
    on the cores that the other needs.

    Raises:
        ModelDamaged: onnxruntime cannot read the graph.
    """
    _share_threads(num_threads)
    options = ort.SessionOptions()
    options.use_per_session_threads = False
    try:
        return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions have no base of their own
        raise ModelDamaged(f"{graph} cannot be opened: {error}") from error


_shared_threads: list[int] = []
"""The size of the pool, once there is one."""


def _share_threads(num_threads: int) -> None:
    """Make the pool; there can be one a process, so the first caller's number holds."""
    if not _shared_threads:
        ort.set_global_thread_pool_sizes(num_threads, 1)
        _shared_threads.append(num_threads)


def _bind_input(
    binding: ort.IOBinding, name: str, memory: NDArray[np.generic], shape: tuple[int, ...]
) -> None:
    binding.bind_input(name, "cpu", 0, memory.dtype.type, shape, memory.ctypes.data)


def _bind_output(
    binding: ort.IOBinding, name: str, memory: NDArray[np.generic], shape: tuple[int, ...]
) -> None:
    binding.bind_output(name, "cpu", 0, memory.dtype.type, shape, memory.ctypes.data)
