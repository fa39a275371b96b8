"""What a model folder is: find, check, load. Imports no runtime; `engine/` opens the graph.

    <models_dir>/<name>/model.toml      what it is (`ModelSpec`)
    <models_dir>/<name>/build/          what `doc2tweet-train build` made of it
        model.onnx …                    the graph, see `GRAPH_VERSION`
        prefill.onnx                    the same for prompts, where that is faster another way
        tokenizer.json
        manifest.json                   sizes, digests, dimensions, and what it was built from

The models that come with the project lie in `models/` of a checkout, else in the package; where
that is not the models folder itself, only their builds go there.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from service.errors import ConfigError, ModelDamaged, ModelNotBuilt, ModelNotFound
from service.model_spec import (
    AdapterSpec,
    BuildSpec,
    FolderSource,
    HubSource,
    ModelSpec,
    Precision,
    PromptSpec,
    Source,
    Task,
    WheelSource,
    file_sha256,
    read_spec,
)

__all__ = [
    "GRAPH_VERSION",
    "AdapterSpec",
    "BuildSpec",
    "BuiltFile",
    "FolderSource",
    "HubSource",
    "LoadedModel",
    "Manifest",
    "ModelDims",
    "ModelSpec",
    "ModelStore",
    "Precision",
    "PromptSpec",
    "Source",
    "WheelSource",
    "bundled_models_dir",
    "default_for",
    "default_models_dir",
]

GRAPH_VERSION = 2
"""Of the graph's inputs, outputs and numbers; a build of another version is made anew."""
GRAPH_FILE, PREFILL_FILE = "model.onnx", "prefill.onnx"
TOKENIZER_FILE, MANIFEST_FILE = "tokenizer.json", "manifest.json"
_PACKAGE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class ModelDims:
    """What the engine must know to make its buffers."""

    num_layers: int
    num_kv_heads: int
    head_dim: int
    vocab_size: int
    context_length: int
    eos_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BuiltFile:
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    fingerprint: str
    """Of the specification and the graph version; see `ModelStore.fingerprint`."""
    precision: Precision
    dims: ModelDims
    files: tuple[BuiltFile, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Raises: ValueError, KeyError or TypeError when it is no manifest."""
        raw: dict[str, Any] = json.loads(text)
        dims = raw.pop("dims")
        files = tuple(BuiltFile(**file) for file in raw.pop("files"))
        return cls(
            dims=ModelDims(**{**dims, "eos_ids": tuple(dims["eos_ids"])}), files=files, **raw
        )


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model whose files are there and whole."""

    spec: ModelSpec
    dims: ModelDims
    precision: Precision
    folder: Path
    """Where `model.toml` lies, and whatever else belongs to the model."""
    graph: Path
    prefill_graph: Path
    """For prompts; the same file as `graph` where one does for both."""
    tokenizer: Path
    num_bytes: int
    """Of all built files."""


class ModelStore:
    """The models of one folder, and those that come with the project.

    Args:
        models_dir: holds the user's models and every build; need not exist.
        bundled_dir: the `model.toml` files that come with the project.
    """

    def __init__(self, models_dir: Path, bundled_dir: Path | None = None) -> None:
        self.models_dir = models_dir
        self.bundled_dir = bundled_models_dir() if bundled_dir is None else bundled_dir

    def names(self) -> list[str]:
        """Every model there is a `model.toml` of, built or not, sorted."""
        files = (f for d in self._homes() if d.is_dir() for f in d.glob("*/model.toml"))
        return sorted({file.parent.name for file in files})

    def folder(self, name: str) -> Path:
        """Where the model's `model.toml` lies.

        Raises:
            ModelNotFound: nowhere.
        """
        # Compared with the names found, never joined to a path first: a name may come from outside.
        if name not in self.names():
            raise ModelNotFound(name, self.names())
        return next(d / name for d in self._homes() if (d / name / "model.toml").is_file())

    def build_dir(self, name: str) -> Path:
        return self.models_dir / name / "build"

    def spec(self, name: str) -> ModelSpec:
        """Raises: ModelNotFound, or ConfigError when its `model.toml` is wrong."""
        return read_spec(self.folder(name) / "model.toml")

    def lineage(self, name: str) -> list[ModelSpec]:
        """The model, its base, the base's base …; the last one has sources of its own.

        Raises:
            ModelNotFound, ConfigError: of any of them, or when they go round in a circle.
        """
        specs = [self.spec(name)]
        while (base := specs[-1].base) is not None:
            if base in (spec.name for spec in specs):
                raise ConfigError(f"the model {base} is based on itself")
            specs.append(self.spec(base))
        return specs

    def fingerprint(self, name: str) -> str:
        """Digest of all a build of this model depends on, its base included."""
        parts = [GRAPH_VERSION, *(spec.build_inputs() for spec in self.lineage(name))]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def is_built(self, name: str) -> bool:
        """Whether there is a build of what `model.toml` says now; its files are not read.
        A model that runs on another server needs none."""
        try:
            if self.spec(name).upstream is None:
                self.manifest(name)
        except (ModelNotBuilt, ModelDamaged):
            return False
        return True

    def manifest(self, name: str) -> Manifest:
        """What was built.

        Raises:
            ModelNotBuilt: nothing was, or of another `model.toml` or graph version.
            ModelDamaged: the manifest cannot be read.
        """
        path = self.build_dir(name) / MANIFEST_FILE
        fingerprint = self.fingerprint(name)
        try:
            manifest = Manifest.from_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ModelNotBuilt(f"{name} is not built; {_build_it(name)}") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ModelDamaged(f"{path} is damaged; {_build_it(name)}") from None
        if manifest.fingerprint != fingerprint:
            raise ModelNotBuilt(f"the build of {name} is out of date; {_build_it(name)}")
        return manifest

    def load(self, name: str) -> LoadedModel:
        """Check every built file by size and digest (about 0.1 s for 150 MB).

        Raises:
            ModelNotFound, ModelNotBuilt.
            ModelDamaged: a file is missing or not as it was built; one line names it.
        """
        manifest, build = self.manifest(name), self.build_dir(name)
        for file in manifest.files:
            _check_file(build / file.name, file, name)
        names = {file.name for file in manifest.files}
        return LoadedModel(
            spec=self.spec(name),
            dims=manifest.dims,
            precision=manifest.precision,
            folder=self.folder(name),
            graph=build / GRAPH_FILE,
            prefill_graph=build / (PREFILL_FILE if PREFILL_FILE in names else GRAPH_FILE),
            tokenizer=build / TOKENIZER_FILE,
            num_bytes=sum(file.size for file in manifest.files),
        )

    def _homes(self) -> tuple[Path, Path]:
        return self.models_dir, self.bundled_dir


def default_for(task: Task, specs: list[ModelSpec]) -> ModelSpec:
    """The model that serves a task unless a request names another: the first made for it."""
    return next((spec for spec in specs if task in spec.tasks), specs[0])


def bundled_models_dir() -> Path:
    """Where the `model.toml` files that come with the project lie."""
    packaged = _PACKAGE / "bundled_models"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "models"


def default_models_dir(user_data_dir: Path) -> Path:
    """`models/` of a checkout, else `models/` in the user's data folder."""
    checkout = _PACKAGE.parent
    return (checkout if (checkout / "pyproject.toml").is_file() else user_data_dir) / "models"


def _build_it(name: str) -> str:
    return f"run: doc2tweet-train build {name}"


def _check_file(path: Path, file: BuiltFile, name: str) -> None:
    if not path.is_file():
        raise ModelDamaged(f"{path} is missing; {_build_it(name)} --force")
    if path.stat().st_size != file.size or file_sha256(path) != file.sha256:
        raise ModelDamaged(f"{path} is damaged; {_build_it(name)} --force")
