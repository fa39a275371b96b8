"""The base model that a voice is trained on: any model of the models folder, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from service.config import Config, hub_endpoint, user_data_dir
from service.model_spec import PromptFormat
from service.models import ModelStore, default_models_dir
from training.build import Builder
from training.reports import Value
from training.tuning.options import Base
from training.tuning.voices import ARTICLE_CHARS, usual_format, voice_prompt
from training.workspace import Workspace

DEFAULT_BASE = "smollm2-135m-instruct"


def open_store(models_dir: Path | None = None) -> ModelStore:
    """The models folder that the service would use, unless another is named."""
    folder = models_dir or Config.from_env().server.models_dir
    return ModelStore(folder or default_models_dir(user_data_dir()))


def builder(store: ModelStore) -> Builder:
    return Builder(store, hub_endpoint())


def find_base(
    store: ModelStore,
    name: str,
    *,
    prompt_format: PromptFormat | None = None,
    article_chars: int = ARTICLE_CHARS,
    style_only: bool = False,
) -> Base:
    """The weights of a model, and the prompts that a voice trained on them will have.

    Raises:
        ModelNotFound, SourceUnavailable.
    """
    spec = store.spec(name)
    chosen = prompt_format or usual_format(spec.family)
    prompt = voice_prompt(chosen, article_chars, style_only=style_only)
    return Base(name, replace(spec, prompt=prompt), builder(store).read(name))


def base_of(workspace: Workspace, store: ModelStore) -> Base:
    """The base and the prompts that a finished run was trained with.

    Raises:
        TrainingDataError: nothing was trained there yet.
    """
    return find_again(store, workspace.report("finetune").settings)


def find_again(store: ModelStore, settings: Mapping[str, Value]) -> Base:
    """What `Base.settings` tells of.

    Raises:
        As `find_base`.
    """
    return find_base(
        store,
        str(settings["base"]),
        prompt_format=cast("PromptFormat", settings["prompt_format"]),
        article_chars=int(settings["article_chars"] or 0),
        style_only=bool(settings["style_only"]),
    )
