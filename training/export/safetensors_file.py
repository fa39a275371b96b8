"""Reads `.safetensors`: a JSON header, then the tensors, mapped and widened to float32 when taken.

The library's numpy reader does not know bfloat16, in which most weights are kept; the format is
simple enough to read (https://huggingface.co/docs/safetensors, "Format").
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from service.errors import SetupError
from training.export.checkpoint import FloatArray, Loader

_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def read_safetensors(path: Path) -> dict[str, Loader]:
    """Loaders of all tensors of a file.

    Raises:
        SetupError: it is cut off, is no safetensors file, or holds a type that no weights have.
    """
    try:
        header, start = _header(path)
        size = path.stat().st_size
        infos = {name: info for name, info in header.items() if name != "__metadata__"}
        return {name: _loader(path, info, start, size) for name, info in infos.items()}
    except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
        raise SetupError(f"{path} is damaged or no safetensors file ({error})") from None


def _header(path: Path) -> tuple[dict[str, Any], int]:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > path.stat().st_size:
            raise ValueError("the header is cut off")
        header: dict[str, Any] = json.loads(file.read(length))
    return header, 8 + length


def _loader(path: Path, info: dict[str, Any], start: int, size: int) -> Loader:
    first, end = info["data_offsets"]
    dtype, shape, kind = _DTYPES[info["dtype"]], tuple(info["shape"]), info["dtype"]
    if start + end > size:
        raise ValueError("the file is cut off")

    def load() -> FloatArray:
        raw = np.memmap(path, dtype=dtype, mode="r", offset=start + first, shape=shape)
        if kind == "BF16":  # the upper half of a float32
            return (raw.astype(np.uint32) << 16).view(np.float32)
        return raw.astype(np.float32)

    return load
