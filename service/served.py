"""Which models there are and which are served, by the settings. Loads nothing."""

from __future__ import annotations

from service.config import Config, user_data_dir
from service.errors import ModelNotFound
from service.models import ModelStore, default_models_dir

_DEFAULT = ("smollm2-135m-instruct", "newsroom")


def model_store(config: Config) -> ModelStore:
    """The store that the settings name."""
    return ModelStore(config.server.models_dir or default_models_dir(user_data_dir()))


def served_names(config: Config) -> list[str]:
    """The models to serve, the first being the default.

    Raises:
        ModelNotFound: the settings name one that is not there.
    """
    there = model_store(config).names()
    for name in config.server.models:
        if name not in there:
            raise ModelNotFound(name, there)
    return list(config.server.models) or [name for name in _DEFAULT if name in there]
