"""The stage `export`: from a training run to a model that `doc2tweet serve --model NAME` serves.

Writes the model's folder, builds its graph, and compares that with the trained model.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError

from service.errors import SetupError, TrainingDataError
from service.model_spec import MODEL_NAME, AdapterSpec, FolderSource, ModelSpec, file_sha256
from service.models import ModelStore
from service.tweets.overlap import FILE_NAME, build_index
from training.build import CACHE_DIR, Builder
from training.delivery.adapter_file import write_adapter
from training.delivery.model_toml import model_toml
from training.delivery.parity import Parity, check_parity
from training.delivery.set_aside import set_aside
from training.pairs import Pair, read_pairs, tweets_learnt
from training.reports import StageReport
from training.tuning.options import Base
from training.tuning.torch_model import save_weights
from training.tuning.trained_model import trained_model
from training.workspace import Workspace

MAX_CHECKED_PAIRS = 100


DESCRIPTION = "Trained with doc2tweet on pairs of articles and tweets."


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is said of the new model."""

    name: str
    title: str = ""
    description: str = DESCRIPTION
    merge: bool = False
    """Write whole weights instead of an adapter on the base: larger, and no base is needed."""


def deliver(
    workspace: Workspace, store: ModelStore, builder: Builder, base: Base, delivery: Delivery
) -> StageReport:
    """Make the model folder, build it and check it; else what was there before stays.

    Raises:
        TrainingDataError: nothing was trained here yet, nothing is held out to compare by, or the
            name is of no use.
        SetupError: the graph is not what was trained, or the disk is full.
    """
    check_name(store, base.name, delivery.name)
    held_out, folder = _held_out(workspace), store.models_dir / delivery.name
    with _one_line_errors(folder), set_aside(folder, store.models_dir / CACHE_DIR):
        spec = _write_weights(workspace, folder, base, delivery)
        _write_spec(folder, spec)
        _write_index(workspace, folder)
        if delivery.merge and spec.adapter is not None:
            _merge(store, builder, folder, spec)
        builder.build(delivery.name)
        parity = check_parity(store, builder, delivery.name, held_out)
    report = _report(delivery, parity, folder)
    workspace.record(report)
    return report


def check_name(store: ModelStore, base: str, name: str) -> None:
    """Raises TrainingDataError where a voice cannot be called so, or would replace another model
    than a voice, its own base included."""
    if not MODEL_NAME.fullmatch(name):
        raise TrainingDataError(
            f"A model cannot be called {name!r}: 1 to 64 letters, digits, dots, dashes and "
            "underscores, a letter or digit first"
        )
    bases = [spec.name for spec in store.lineage(base)]
    is_other = name in store.names() and not (store.folder(name) / FILE_NAME).is_file()
    if name in bases or is_other:
        raise TrainingDataError(f"There is a model {name} already, which this would replace")


@contextmanager
def _one_line_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except SafetensorError as error:
        raise SetupError(f"What was trained is damaged ({error}); run `finetune` again") from None
    except OSError as error:
        reason = error.strerror or "not every file could be copied"
        raise SetupError(f"{error.filename or folder}: {reason}") from None


def _write_weights(workspace: Workspace, folder: Path, base: Base, delivery: Delivery) -> ModelSpec:
    adapter, weights = workspace.trained / "adapter", workspace.trained / "weights"
    spec = replace(
        base.spec,
        name=delivery.name,
        title=delivery.title or delivery.name,
        description=delivery.description,
        tasks=("tweet", "generate") if base.spec.prompt.start else ("tweet",),
        sources=(),
        adapter=None,
    )
    if adapter.is_dir():
        path = write_adapter(adapter, folder, base.name)
        return replace(spec, base=base.name, adapter=AdapterSpec(path.name, file_sha256(path)))
    if weights.is_dir():
        shutil.copytree(weights, folder / "weights", dirs_exist_ok=True)
        return replace(spec, base=None, sources=(FolderSource("weights"),))
    raise TrainingDataError(f"There is nothing in {workspace.trained}: run `finetune` first")


def _write_spec(folder: Path, spec: ModelSpec) -> None:
    (folder / "model.toml").write_text(model_toml(spec), encoding="utf-8")


def _write_index(workspace: Workspace, folder: Path) -> None:
    index = build_index(tweets_learnt(read_pairs(workspace.pairs)))
    (folder / FILE_NAME).write_bytes(index.to_bytes())


def _merge(store: ModelStore, builder: Builder, folder: Path, spec: ModelSpec) -> None:
    """Put the adapter into the base's weights, and forget both."""
    model = trained_model(store, builder, spec.name).merge_and_unload()  # type: ignore[operator]
    save_weights(model, builder.read(spec.name).tokenizer_json, folder / "weights")
    assert spec.adapter is not None
    (folder / spec.adapter.file).unlink()
    (folder / "adapter_config.json").unlink()
    _write_spec(folder, replace(spec, base=None, adapter=None, sources=(FolderSource("weights"),)))


def _held_out(workspace: Workspace) -> list[Pair]:
    """Raises TrainingDataError where there is none."""
    pairs = [pair for pair in read_pairs(workspace.pairs) if pair.split in ("dev", "test")]
    if not pairs:
        raise TrainingDataError(f"{workspace.pairs} has no held-out pair to compare the graph by")
    return pairs[:MAX_CHECKED_PAIRS]


def _report(delivery: Delivery, parity: Parity, folder: Path) -> StageReport:
    counts = {
        "greedy texts compared": parity.num_texts,
        "equal": parity.num_equal,
        "perplexity, float32": parity.perplexity,
        "perplexity, served": parity.served_perplexity,
        "rise, per cent": 100 * parity.rise,
    }
    return StageReport("export", counts, {"name": delivery.name, "folder": folder.name})
