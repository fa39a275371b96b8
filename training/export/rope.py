"""Rotary position tables (Su et al. 2021, arXiv:2104.09864), plain or stretched."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.export.checkpoint import Architecture, FloatArray, RopeScaling


def rotary_tables(arch: Architecture) -> tuple[FloatArray, FloatArray]:
    """Cosines and sines, each [context_length, head_dim / 2]."""
    exponents = np.arange(0, arch.head_dim, 2, dtype=np.float64) / arch.head_dim
    frequencies = _stretched(arch.rope_theta**-exponents, arch.rope_scaling)
    angles = np.outer(np.arange(arch.context_length, dtype=np.float64), frequencies)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def _stretched(frequencies: NDArray[np.float64], scaling: RopeScaling) -> NDArray[np.float64]:
    if scaling.kind == "default":
        return frequencies
    if scaling.kind == "linear":
        return frequencies / scaling.factor
    # Llama 3.1: long waves are stretched, short ones kept, those between blended.
    turns = scaling.original_context * frequencies / (2 * np.pi)
    low, high = scaling.low_freq_factor, scaling.high_freq_factor
    keep = np.clip((turns - low) / (high - low), 0.0, 1.0)
    stretched: NDArray[np.float64] = frequencies * (keep + (1 - keep) / scaling.factor)
    return stretched
