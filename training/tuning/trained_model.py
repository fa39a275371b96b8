"""A finished voice in torch again: here peft puts the adapter on, not the export."""

from __future__ import annotations

from typing import cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import PreTrainedModel

from service.models import ModelStore
from training.build import Builder
from training.tuning.torch_model import torch_model


def trained_model(store: ModelStore, builder: Builder, name: str) -> PreTrainedModel | PeftModel:
    """A model of the store in float32.

    Raises:
        ModelNotFound, SourceUnavailable, ModelDamaged.
    """
    spec, folder = store.spec(name), store.folder(name)
    if spec.base is None or spec.adapter is None:
        return torch_model(builder.read(name))
    config = LoraConfig.from_pretrained(str(folder))
    config.base_model_name_or_path = None  # a name of this project, which peft would look up
    model = cast("PeftModel", get_peft_model(torch_model(builder.read(spec.base)), config))
    tensors = load_file(folder / spec.adapter.file)
    set_peft_model_state_dict(model, {k: v.to(torch.float32) for k, v in tensors.items()})
    return model
