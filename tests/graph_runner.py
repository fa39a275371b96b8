"""Runs an exported graph as the engine does: one cache, bound as input and output at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.engine.model_runner import open_session
from service.models import ModelDims

Floats = NDArray[np.float32]


class GraphRunner:
    """Args: the graph, its dimensions, and the size of the cache."""

    def __init__(self, graph: Path, dims: ModelDims, rows: int, max_len: int) -> None:
        self._session = open_session(graph, 2)
        shape = (rows, dims.num_kv_heads, max_len, dims.head_dim)
        parts = [f"{i}.{part}" for i in range(dims.num_layers) for part in ("key", "value")]
        self.cache = {part: np.zeros(shape, np.float32) for part in parts}

    def step(self, first_row: int, ids: list[list[int]], starts: list[int]) -> Floats:
        """Feed `ids[r]`, of one length, to the rows from `first_row` on; logits [rows, vocab].

        `starts[r]` tokens of the row are in the cache already.
        """
        num = len(ids[0])
        binding = self._session.io_binding()
        feeds = {
            "input_ids": np.array(ids, np.int64),
            "seqlens_k": np.array(starts, np.int32) + np.int32(num - 1),
            "total_sequence_length": np.array(max(starts) + num, np.int32),
        }
        for name, array in feeds.items():
            binding.bind_cpu_input(name, array)
        for part, cache in self.cache.items():
            rows = cache[first_row : first_row + len(ids)]
            place = ("cpu", 0, np.float32, rows.shape, rows.ctypes.data)
            binding.bind_input(f"past_key_values.{part}", *place)
            binding.bind_output(f"present.{part}", *place)
        binding.bind_output("logits", "cpu")
        self._session.run_with_iobinding(binding)
        logits: Floats = binding.get_outputs()[-1].numpy()
        return logits
