"""Makes a model's built files from its `model.toml`: fetch, read, merge, export, move into place.

Everything is written to a temporary folder beside the final one and renamed at the end, so that an
interrupted build leaves nothing half done. One build of a model runs at a time.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from service.errors import ModelDamaged, ModelNotBuilt, SetupError
from service.model_spec import ModelSpec, Precision, file_sha256
from service.models import (
    GRAPH_FILE,
    MANIFEST_FILE,
    TOKENIZER_FILE,
    BuiltFile,
    Manifest,
    ModelDims,
    ModelStore,
)
from service.tokenizer import Tokenizer
from training.export.adapter import merge_adapter
from training.export.checkpoint import Checkpoint
from training.export.reader import read_checkpoint
from training.export_onnx import export_onnx, model_dims
from training.locks import file_lock
from training.sources import SourceFinder

CACHE_DIR = ".cache"
"""In the models folder: downloads, shared by the models that are made of them."""


class Builder:
    """Builds models of one store."""

    def __init__(self, store: ModelStore, hub_endpoint: str) -> None:
        self._store = store
        self._finder = SourceFinder(store.models_dir / CACHE_DIR, hub_endpoint)

    def build(
        self, name: str, *, precision: Precision | None = None, force: bool = False
    ) -> Manifest:
        """Build a model unless a whole and current build is there.

        Args:
            precision: of the weights; default: what `model.toml` says.
            force: build even so.

        Raises:
            ModelNotFound, ConfigError.
            SourceUnavailable: the weights cannot be had.
            SetupError: they cannot be used, or the disk is full; one line.
        """
        spec = self._store.spec(name)
        wanted = precision or spec.build.precision
        target = self._store.build_dir(name)
        with _one_line_os_errors(target), file_lock(target.with_name("build.lock")):
            if not force and self._is_whole(name, wanted):
                return self._store.manifest(name)
            with _replacement_of(target) as temp:
                return self._build_into(temp, spec, wanted)

    def read(self, name: str) -> Checkpoint:
        """The weights of a model, its adapter merged in.

        Raises:
            As `build`.
        """
        *voices, root = self._store.lineage(name)
        folder = self._store.folder(root.name)
        checkpoint = read_checkpoint(self._finder.find(root.name, root.sources, folder))
        if checkpoint.architecture.family != root.family:
            raise SetupError(
                f"{root.name} is a {root.family} model by its model.toml, "
                f"but its weights are {checkpoint.architecture.family}"
            )
        for spec in reversed(voices):
            if spec.adapter is not None:
                path = self._store.folder(spec.name) / spec.adapter.file
                _check_adapter(path, spec.adapter.sha256)
                checkpoint = merge_adapter(checkpoint, path)
        return checkpoint

    def _is_whole(self, name: str, precision: Precision) -> bool:
        try:
            return self._store.load(name).precision == precision
        except (ModelNotBuilt, ModelDamaged):
            return False

    def _build_into(self, folder: Path, spec: ModelSpec, precision: Precision) -> Manifest:
        dims, files = write_build(self.read(spec.name), folder, precision, spec.name)
        manifest = Manifest(
            fingerprint=self._store.fingerprint(spec.name),
            precision=precision,
            dims=dims,
            files=tuple(map(_built_file, files)),
        )
        (folder / MANIFEST_FILE).write_text(manifest.to_json(), encoding="utf-8")
        return manifest


def write_build(
    checkpoint: Checkpoint, folder: Path, precision: Precision, name: str
) -> tuple[ModelDims, list[Path]]:
    """Graphs and tokenizer into a folder: all of a build but its manifest.

    Args:
        name: what the progress bar says is built.
    """
    tokenizer = folder / TOKENIZER_FILE
    tokenizer.write_text(checkpoint.tokenizer_json, encoding="utf-8")
    layers = checkpoint.architecture.num_layers
    with tqdm(total=layers, desc=f"building {name}", unit="layer") as bar:
        graph = export_onnx(checkpoint, folder / GRAPH_FILE, precision, bar.update)
    return _dims(checkpoint, tokenizer), [*graph, tokenizer]


def _check_adapter(path: Path, sha256: str) -> None:
    if not path.is_file():
        raise ModelDamaged(f"the adapter {path} is missing; restore it or train it again")
    if file_sha256(path) != sha256:
        raise ModelDamaged(f"the adapter {path} is not the one that model.toml names (sha256)")


def _dims(checkpoint: Checkpoint, tokenizer: Path) -> ModelDims:
    """The graph's dimensions, with every marker that ends a text in this tokenizer."""
    dims = model_dims(checkpoint)
    eos_ids = Tokenizer.from_file(tokenizer, dims.eos_ids).eos_ids
    return ModelDims(
        num_layers=dims.num_layers,
        num_kv_heads=dims.num_kv_heads,
        head_dim=dims.head_dim,
        vocab_size=dims.vocab_size,
        context_length=dims.context_length,
        eos_ids=tuple(sorted(eos_ids)),
    )


def _built_file(path: Path) -> BuiltFile:
    return BuiltFile(path.name, path.stat().st_size, file_sha256(path))


@contextmanager
def _replacement_of(target: Path) -> Iterator[Path]:
    """A new folder that takes the place of `target` when the block ends well, else vanishes."""
    for leftover in target.parent.glob(f"{target.name}.tmp-*"):  # of a build that was killed
        shutil.rmtree(leftover)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.name}.tmp-") as temp:
        new, old = Path(temp) / "new", Path(temp) / "old"
        new.mkdir()
        yield new
        for path in (*new.iterdir(), new):
            _sync(path)
        if target.exists():
            target.rename(old)
        new.rename(target)
        _sync(target.parent)


def _sync(path: Path) -> None:
    """Have the system write a file or folder to disk, so that a power cut cannot empty it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _one_line_os_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SetupError(f"{error.filename or target}: {error.strerror or error}") from None
