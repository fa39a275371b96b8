"""LoRA merged in numpy against peft's own merge, and adapters that cannot be merged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.numpy import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM
from transformers import PreTrainedModel as Reference

from service.errors import SetupError
from tests.tiny_models import tokenizer_json
from training.export.adapter import merge_adapter
from training.export.checkpoint import Checkpoint
from training.export.reader import read_checkpoint

# peft reads an attribute that transformers has renamed.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


def llama() -> Reference:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=300,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=1,
            num_attention_heads=4,
            num_key_value_heads=2,
        )
    )


def gpt2() -> Reference:
    return GPT2LMHeadModel(GPT2Config(vocab_size=300, n_embd=32, n_layer=1, n_head=2))


@pytest.mark.parametrize(
    ("make", "targets", "options"),
    [
        (llama, ["q_proj", "v_proj"], {}),
        (llama, ["gate_proj", "down_proj"], {"use_rslora": True}),
        (llama, ["o_proj"], {"modules_to_save": ["lm_head"]}),
        # c_proj of GPT-2's attention is square, so its shape would not tell that it is transposed.
        (gpt2, ["c_attn", "c_proj"], {"fan_in_fan_out": True}),
    ],
)
def test_merged_weights_are_those_of_peft(
    tmp_path: Path,
    make: Callable[[], Reference],
    targets: list[str],
    options: dict[str, object],
) -> None:
    torch.manual_seed(0)
    base = make()
    save_base(base, tmp_path / "base")
    config = LoraConfig(r=4, lora_alpha=6, target_modules=targets, task_type="CAUSAL_LM", **options)  # type: ignore[arg-type]
    model = get_peft_model(base, config)
    for parameter in model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter)
    model.save_pretrained(str(tmp_path / "adapter"))
    merged = merge_adapter(
        read_checkpoint(tmp_path / "base"), tmp_path / "adapter" / "adapter_model.safetensors"
    )
    expected = model.merge_and_unload().state_dict()
    for name in merged.tensors.untaken():
        np.testing.assert_allclose(
            merged.tensors.take(name), expected[name].numpy(), rtol=0, atol=1e-5, err_msg=name
        )


def save_base(model: Reference, folder: Path) -> None:
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer_json(size=300))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `base` and `adapter`."""
    folder = tmp_path_factory.mktemp("trained")
    save_base(llama(), folder / "base")
    model = get_peft_model(llama(), LoraConfig(r=2, target_modules=["q_proj"]))
    model.save_pretrained(str(folder / "adapter"))
    return folder


@pytest.fixture
def base(trained: Path) -> Checkpoint:
    return read_checkpoint(trained / "base")


@pytest.fixture
def adapter(trained: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return shutil.copytree(trained / "adapter", tmp_path / "adapter") / "adapter_model.safetensors"


@pytest.mark.parametrize(
    "change",
    [
        {"use_dora": True},
        {"peft_type": "IA3"},
        {"rank_pattern": {"q_proj": 4}},
        {"alpha_pattern": {"q_proj": 4}},
    ],
)
def test_other_adapters_are_refused(
    base: Checkpoint, adapter: Path, change: dict[str, object]
) -> None:
    path = adapter.with_name("adapter_config.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SetupError, match="only plain LoRA"):
        merge_adapter(base, adapter)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"peft_type": "LORA", "r": null}'])
def test_a_damaged_config_is_named(base: Checkpoint, adapter: Path, text: str) -> None:
    adapter.with_name("adapter_config.json").write_text(text)
    with pytest.raises(SetupError, match=r"adapter_config\.json is damaged"):
        merge_adapter(base, adapter)


def test_an_adapter_of_another_model_is_refused(base: Checkpoint, adapter: Path) -> None:
    tensors = {k.replace("layers.0", "layers.9"): v for k, v in load_file(adapter).items()}
    save_file(tensors, adapter)
    with pytest.raises(SetupError, match=r"does not fit its base .*layers\.9"):
        merge_adapter(base, adapter)


def test_an_adapter_of_another_size_is_refused(base: Checkpoint, adapter: Path) -> None:
    tensors = load_file(adapter)
    narrow = {k: v[:, :5].copy() if ".lora_A." in k else v for k, v in tensors.items()}
    save_file(narrow, adapter)
    merged = merge_adapter(base, adapter)
    with pytest.raises(SetupError, match="the adapter's matrix is"):
        merged.tensors.take("model.layers.0.self_attn.q_proj.weight")


@pytest.mark.parametrize("rank", [None, 1])
def test_half_a_pair_is_refused(base: Checkpoint, adapter: Path, rank: int | None) -> None:
    tensors = load_file(adapter)
    (b,) = (name for name in tensors if ".lora_B." in name)
    whole = tensors.pop(b)
    rest = {} if rank is None else {b: whole[:, :rank].copy()}
    save_file(tensors | rest, adapter)
    with pytest.raises(SetupError, match="that goes with its lora_A"):
        merge_adapter(base, adapter)


def test_an_empty_adapter_is_refused(base: Checkpoint, adapter: Path) -> None:
    save_file({}, adapter)
    with pytest.raises(SetupError, match="does not fit its base"):
        merge_adapter(base, adapter)
