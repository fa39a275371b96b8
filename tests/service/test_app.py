from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SLOW = ("newspaper", "trafilatura", "onnx", "gguf", "sqlalchemy", "flask_limiter", "opentelemetry")


@pytest.mark.parametrize(
    ("module", "slow"),
    [
        ("service.app", SLOW),
        ("service.cli", (*SLOW, "flask", "numpy", "onnxruntime", "tokenizers")),
        ("service.gunicorn_worker", (*SLOW, "flask", "numpy", "onnxruntime")),
    ],
)
def test_a_start_waits_for_no_slow_import(module: str, slow: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert [name for name in slow if name in loaded] == []
