"""The import rules of docs/architecture.md, read from the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*ROOT.glob("service/**/*.py"), *ROOT.glob("training/**/*.py")])

# Package -> the only places that may import it (path prefixes).
ROOMS = {
    "flask": ("service/app.py", "service/api/"),
    "flask_limiter": ("service/app.py", "service/api/"),
    "onnxruntime": ("service/engine/model_runner.py",),
    "ray": ("service/cluster.py", "training/cluster/"),
    "sqlalchemy": ("service/drafts/",),
    "alembic": ("service/drafts/",),
}
NEVER_IN_SERVICE = {"training", "torch", "transformers", "peft", "accelerate"}

# What each room of `service` may know of the others; a module not named here is a leaf.
LOWER = {"config", "errors"}
MAY_IMPORT = {
    "engine": LOWER | {"models", "model_spec"},
    "articles": LOWER | {"sentences"},
    "tweets": LOWER | {"articles", "sentences"},
    "tokenizer": LOWER,
    "models": LOWER | {"model_spec"},
    "model_spec": LOWER,
    "prompts": LOWER | {"model_spec", "tokenizer", "sentences"},
    "executor": LOWER | {"cluster"},
    "cluster": LOWER | {"executor"},
    "workers": {"engine"},
    "upstream": LOWER | {"engine", "model_spec", "pipeline", "tokenizer"},
    "bulk": LOWER | {"executor", "pipeline", "shapes", "tweets"},
    "drafts": LOWER | {"tweets"},
    "posting": LOWER | {"drafts"},
    "desk": LOWER | {"drafts", "posting"},
    "sentences": set(),
    "errors": set(),
    "config": {"errors"},
    "generation": LOWER | {"engine", "tokenizer"},
}


def imports(source: str) -> Iterator[str]:
    """Dotted names of everything a module imports, inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the layers"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def violations(path: str, source: str) -> list[str]:
    """What the module at `path` (relative to the project) imports although it must not."""
    found = []
    for name in set(imports(source)):
        top, room = name.split(".")[0], [*name.split("."), ""][1]
        if top in ROOMS and not path.startswith(ROOMS[top]):
            found.append(f"{path}: {top} belongs to {ROOMS[top]}")
        if path.startswith("service/") and top in NEVER_IN_SERVICE:
            found.append(f"{path}: service must not import {top}")
        own = path.removeprefix("service/").split("/")[0].removesuffix(".py")
        allowed = MAY_IMPORT.get(own) if path.startswith("service/") else None
        if top == "service" and room and allowed is not None and room not in allowed | {own}:
            found.append(f"{path}: {own} must not import service.{room}")
    return found


@pytest.mark.parametrize("path", [str(p.relative_to(ROOT)) for p in SOURCES])
def test_module_keeps_to_its_layer(path: str) -> None:
    assert violations(path, (ROOT / path).read_text()) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("service/pipeline.py", "from training.pairs import read_pairs"),
        ("service/pipeline.py", "import training"),
        ("service/engine/sampler.py", "def f():\n    import torch"),
        ("service/pipeline.py", "import flask"),
        ("service/cli.py", "from flask import request"),
        ("service/engine/worker.py", "import onnxruntime as ort"),
        ("training/evaluate.py", "import onnxruntime"),
        ("service/engine/worker.py", "from service.tokenizer import Tokenizer"),
        ("service/engine/worker.py", "from service import tokenizer"),
        ("service/tweets/clean.py", "from service.pipeline import Pipeline"),
    ],
)
def test_a_forbidden_import_is_found(path: str, source: str) -> None:
    assert violations(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("service/api/routes.py", "import flask"),
        ("service/engine/model_runner.py", "import onnxruntime as ort"),
        ("training/pairs.py", "from service.articles.article import Article"),
        ("service/pipeline.py", "from service.engine.worker import EngineWorker"),
    ],
)
def test_an_allowed_import_passes(path: str, source: str) -> None:
    assert violations(path, source) == []
