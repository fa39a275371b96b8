"""The base model that a voice is trained on: any model of the models folder, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

from service.config import Config, hub_endpoint, user_data_dir
from service.errors import TrainingDataError
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
        TrainingDataError: the settings are not those of a training.
        As `find_base`.
    """
    try:
        base, prompt_format = settings["base"], settings["prompt_format"]
        article_chars, style_only = settings["article_chars"], settings["style_only"]
    except KeyError as error:
        raise TrainingDataError(f"The report of the training lacks {error}: train again") from None
    if not isinstance(base, str) or prompt_format not in get_args(PromptFormat):
        raise TrainingDataError("The report of the training names no base or format: train again")
    if not isinstance(article_chars, int) or not isinstance(style_only, bool):
        raise TrainingDataError("The report of the training is damaged: train again")
    return find_base(
        store,
        base,
        prompt_format=cast("PromptFormat", prompt_format),
        article_chars=article_chars,
        style_only=style_only,
    )
