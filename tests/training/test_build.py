"""Builds: whole or not at all, one at a time, once."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file

from service.errors import Doc2TweetError, ModelDamaged, ModelNotFound, SetupError
from service.models import ModelStore
from tests.graph_runner import GraphRunner
from tests.tiny_models import MODEL_TOML, write_model
from training import build as build_module
from training.build import Builder
from training.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    write_model(tmp_path / "models")
    return tmp_path / "models"


def builder(models: Path) -> Builder:
    return Builder(ModelStore(models, models), "http://127.0.0.1:9")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_build_loads_and_runs(models: Path) -> None:
    builder(models).build("tiny")
    model = ModelStore(models, models).load("tiny")
    logits = GraphRunner(model.graph, model.dims, 1, 16).step(0, [[1, 2, 3]], [0])
    assert logits.shape == (1, model.dims.vocab_size)
    assert np.isfinite(logits).all()
    assert names(models / "tiny") == ["build", "build.lock", "model.toml", "weights"]


def test_a_whole_build_is_not_made_again(models: Path) -> None:
    first = builder(models).build("tiny")
    shutil.rmtree(models / "tiny" / "weights")
    assert builder(models).build("tiny") == first


@pytest.mark.parametrize("change", ["damage", "force", "precision"])
def test_what_calls_for_a_new_build(models: Path, change: str) -> None:
    builder(models).build("tiny")
    graph = models / "tiny" / "build" / "model.onnx"
    before = graph.stat().st_ino
    if change == "damage":
        (models / "tiny" / "build" / "model.onnx.data").write_bytes(b"")
    builder(models).build(
        "tiny", force=change == "force", precision="fp32" if change == "precision" else None
    )
    assert graph.stat().st_ino != before
    expected = "fp32" if change == "precision" else "int8"
    assert ModelStore(models, models).load("tiny").precision == expected


def test_a_failed_build_leaves_the_old_one(models: Path) -> None:
    builder(models).build("tiny")
    (models / "tiny" / "weights" / "model.safetensors").write_bytes(b"")
    with pytest.raises(SetupError, match=r"model\.safetensors is damaged"):
        builder(models).build("tiny", force=True)
    ModelStore(models, models).load("tiny")
    assert "build" in names(models / "tiny")
    assert not [name for name in names(models / "tiny") if "tmp" in name]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_an_interrupted_build_leaves_nothing(
    models: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def interrupted(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(build_module, "_built_file", interrupted)
    expected = SetupError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        builder(models).build("tiny")
    assert names(models / "tiny") == ["build.lock", "model.toml", "weights"]


def test_a_full_disk_is_one_line(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(build_module, "export_onnx", full)
    with pytest.raises(SetupError, match=r"tiny/build: No space left on device$"):
        builder(models).build("tiny")


def test_what_a_killed_build_left_is_removed(models: Path) -> None:
    leftover = models / "tiny" / "build.tmp-abc"
    leftover.mkdir()
    (leftover / "model.onnx").write_bytes(b"half")
    builder(models).build("tiny")
    assert not leftover.exists()


def build_slowly(models: Path, started: Any) -> None:
    real = build_module.export_onnx

    def slow(*arguments: Any) -> Any:
        started.set()
        time.sleep(0.5)
        return real(*arguments)

    build_module.export_onnx = slow
    builder(models).build("tiny")


def test_a_second_build_waits_and_uses_the_first(models: Path) -> None:
    context = multiprocessing.get_context("fork")
    started = context.Event()
    child = context.Process(target=build_slowly, args=(models, started))
    child.start()
    assert started.wait(20)
    assert not (models / "tiny" / "build").exists()
    manifest = builder(models).build("tiny")
    child.join()
    assert child.exitcode == 0
    assert ModelStore(models, models).manifest("tiny") == manifest


def test_a_build_killed_in_the_middle_can_be_made_again(models: Path) -> None:
    context = multiprocessing.get_context("fork")
    started = context.Event()
    child = context.Process(target=build_slowly, args=(models, started))
    child.start()
    assert started.wait(20)
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    assert not (models / "tiny" / "build").exists()
    builder(models).build("tiny")
    assert not [name for name in names(models / "tiny") if "tmp" in name]


def write_voice(models: Path, sha256: str | None = None, base: str = "tiny") -> Path:
    """A model `voice` that is an adapter on `tiny`."""
    folder = models / "voice"
    folder.mkdir()
    prefix = "base_model.model.model.layers.0.self_attn.q_proj"
    lora = {
        f"{prefix}.lora_A.weight": np.ones((2, 32), np.float32),
        f"{prefix}.lora_B.weight": np.ones((32, 2), np.float32),
    }
    save_file(lora, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    digest = hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()
    head, rest = MODEL_TOML.format(name="voice").split("[[sources]]")
    adapter = f'file = "adapter_model.safetensors"\nsha256 = "{sha256 or digest}"\n'
    prompt = rest[rest.index("[prompt]") :]
    text = f'{head}base = "{base}"\n[adapter]\n{adapter}{prompt}'
    (folder / "model.toml").write_text(text)
    return folder


def test_an_adapter_is_merged_into_its_base(models: Path) -> None:
    write_voice(models)
    name = "model.layers.0.self_attn.q_proj.weight"
    base, voice = (builder(models).read(n).tensors.take(name) for n in ("tiny", "voice"))
    np.testing.assert_allclose(voice - base, 4.0, rtol=1e-6)
    builder(models).build("voice")
    ModelStore(models, models).load("voice")
    assert not (models / "tiny" / "build").exists()


def test_an_adapter_that_is_another_is_refused(models: Path) -> None:
    write_voice(models, sha256="0" * 64)
    with pytest.raises(ModelDamaged, match=r"adapter_model\.safetensors is not the one"):
        builder(models).build("voice")


def test_a_missing_adapter_is_named(models: Path) -> None:
    (write_voice(models) / "adapter_model.safetensors").unlink()
    with pytest.raises(ModelDamaged, match=r"adapter_model\.safetensors is missing"):
        builder(models).build("voice")


def test_a_missing_base_is_named(models: Path) -> None:
    write_voice(models, base="gone")
    with pytest.raises(ModelNotFound, match="'gone'"):
        builder(models).build("voice")


def test_weights_of_another_family_are_refused(models: Path) -> None:
    toml = models / "tiny" / "model.toml"
    toml.write_text(toml.read_text().replace('family = "llama"', 'family = "gpt2"'))
    with pytest.raises(Doc2TweetError, match="its weights are llama"):
        builder(models).build("tiny")


def test_a_tensor_that_the_graph_does_not_know_is_refused(models: Path) -> None:
    extra = models / "tiny" / "weights" / "more.safetensors"
    save_file({"model.layers.0.self_attn.q_norm.weight": np.ones(8, np.float32)}, extra)
    with pytest.raises(SetupError, match="q_norm"):
        builder(models).build("tiny")


def test_heads_that_the_operator_cannot_turn_are_refused(models: Path) -> None:
    path = models / "tiny" / "weights" / "config.json"
    config = json.loads(path.read_text()) | {"num_attention_heads": 4, "num_key_value_heads": 2}
    path.write_text(json.dumps(config | {"head_dim": 8}))
    with pytest.raises(SetupError, match="multiple of 16"):
        builder(models).build("tiny")


def test_a_missing_tensor_is_named(models: Path) -> None:
    path = models / "tiny" / "weights" / "model.safetensors"
    save_file({"model.norm.weight": np.ones(32, np.float32)}, path)
    with pytest.raises(SetupError, match=r"no tensor model\.embed_tokens\.weight"):
        builder(models).build("tiny")


def test_the_command_builds_and_says_so(models: Path) -> None:
    arguments = ["build", "tiny", "--precision", "fp32", "--models-dir", str(models)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "tiny: fp32" in result.stderr
    assert ModelStore(models, models).load("tiny").precision == "fp32"


def test_the_command_reports_errors_in_one_line(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOC2TWEET_MODELS_DIR", str(models))
    shutil.rmtree(models / "tiny" / "weights")
    result = CliRunner().invoke(main, ["build", "tiny"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: no weights for tiny: folder ")
    assert result.stderr.count("\n") == 1


def test_help_lists_the_commands() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert "build" in result.stdout
    assert CliRunner().invoke(main, ["nope"]).exit_code == 2


def without_torch(models: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the command as in a serving install; None in sys.modules makes an import an error."""
    script = (
        "import sys; sys.modules.update(torch=None, transformers=None, peft=None)\n"
        "from training.cli import main\n"
        f"main({arguments!r})"
    )
    environment = os.environ | {"DOC2TWEET_MODELS_DIR": str(models)}
    return subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [["build", "tiny"], ["--help"], ["build", "--help"]])
def test_neither_building_nor_help_needs_torch(models: Path, arguments: list[str]) -> None:
    done = without_torch(models, arguments)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [[], ["--rate", "1"], ["--help"]])
def test_a_command_that_needs_torch_says_what_to_install(
    models: Path, arguments: list[str]
) -> None:
    done = without_torch(models, ["finetune", *arguments])
    assert done.returncode == 1
    assert done.stderr == ("Error: finetune needs torch: pip install 'doc2tweet[training]'\n")
