"""Finding, checking and loading what was built; a model is built once for this file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from service.errors import ConfigError, ModelDamaged, ModelNotBuilt, ModelNotFound
from service.models import (
    Manifest,
    ModelStore,
    bundled_models_dir,
    default_for,
    default_models_dir,
)
from tests.tiny_models import model_spec, write_model
from training.build import Builder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = tmp_path_factory.mktemp("built")
    write_model(models)
    Builder(ModelStore(models, models), "http://127.0.0.1:9").build("tiny")
    return models


@pytest.fixture
def store(built: Path, tmp_path: Path) -> ModelStore:
    """A copy that a test may damage."""
    models = shutil.copytree(built, tmp_path / "models")
    return ModelStore(models, tmp_path / "none")


def test_a_whole_build_loads(store: ModelStore) -> None:
    model = store.load("tiny")
    assert (model.dims.num_layers, model.dims.num_kv_heads, model.dims.head_dim) == (2, 1, 16)
    assert model.dims.eos_ids == (0, 2, 6)
    assert model.precision == "int8"
    assert model.num_bytes == sum(f.stat().st_size for f in model.graph.parent.iterdir()) - (
        (model.graph.parent / "manifest.json").stat().st_size
    )
    assert model.folder == store.models_dir / "tiny"
    assert store.is_built("tiny")


def test_a_manifest_survives_json(store: ModelStore) -> None:
    manifest = store.manifest("tiny")
    assert Manifest.from_json(manifest.to_json()) == manifest


@pytest.mark.parametrize("name", ["model.onnx", "model.onnx.data", "tokenizer.json"])
def test_a_missing_file_is_named(store: ModelStore, name: str) -> None:
    (store.build_dir("tiny") / name).unlink()
    with pytest.raises(ModelDamaged, match=f"{name} is missing; run: doc2tweet-train build tiny"):
        store.load("tiny")


@pytest.mark.parametrize("name", ["model.onnx", "model.onnx.data", "tokenizer.json"])
@pytest.mark.parametrize("shorter", [True, False])
def test_a_damaged_file_is_named(store: ModelStore, name: str, shorter: bool) -> None:
    path = store.build_dir("tiny") / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data[:-1] if shorter else data)
    with pytest.raises(ModelDamaged, match=f"{name} is damaged; .*--force"):
        store.load("tiny")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"dims": 1, "files": []}', "\x00"])
def test_a_damaged_manifest_is_named(store: ModelStore, text: str) -> None:
    (store.build_dir("tiny") / "manifest.json").write_text(text)
    assert not store.is_built("tiny")
    with pytest.raises(ModelDamaged, match=r"manifest\.json is damaged"):
        store.load("tiny")


def test_nothing_built(store: ModelStore) -> None:
    shutil.rmtree(store.build_dir("tiny"))
    assert not store.is_built("tiny")
    with pytest.raises(ModelNotBuilt, match="tiny is not built; run: doc2tweet-train build tiny"):
        store.load("tiny")


def test_a_build_of_another_specification_is_out_of_date(store: ModelStore) -> None:
    toml = store.folder("tiny") / "model.toml"
    toml.write_text(toml.read_text().replace("context_length = 64", "context_length = 32"))
    assert not store.is_built("tiny")
    with pytest.raises(ModelNotBuilt, match="out of date"):
        store.load("tiny")


def test_a_build_of_another_graph_version_is_out_of_date(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.models.GRAPH_VERSION", -1)
    with pytest.raises(ModelNotBuilt, match="out of date"):
        store.load("tiny")


def test_a_change_of_the_prompt_needs_no_build(store: ModelStore) -> None:
    toml = store.folder("tiny") / "model.toml"
    toml.write_text(toml.read_text().replace("Be brief.", "Be kind."))
    assert store.load("tiny").spec.prompt.system == "Be kind."


def test_a_change_of_the_base_makes_an_adapter_stale(store: ModelStore) -> None:
    text = (store.folder("tiny") / "model.toml").read_text()
    child = store.models_dir / "child" / "model.toml"
    child.parent.mkdir()
    sources = text[text.index("[[sources]]") : text.index("[prompt]")]
    child.write_text(text.replace("tiny", "child", 1).replace(sources, 'base = "tiny"\n'))
    before = store.fingerprint("child")
    (store.folder("tiny") / "model.toml").write_text(text.replace('"weights"', '"others"'))
    assert store.fingerprint("child") != before


def test_models_based_on_each_other_are_refused(store: ModelStore) -> None:
    text = (store.folder("tiny") / "model.toml").read_text()
    sources = text[text.index("[[sources]]") : text.index("[prompt]")]
    (store.models_dir / "other").mkdir()
    for name, base in (("tiny", "other"), ("other", "tiny")):
        spec = text.replace("tiny", name, 1).replace(sources, f'base = "{base}"\n')
        (store.models_dir / name / "model.toml").write_text(spec)
    with pytest.raises(ConfigError, match="tiny is based on itself"):
        store.load("tiny")


def test_bundled_models_are_found_and_built_elsewhere(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "mine")
    assert "smollm2-135m-instruct" in store.names()
    assert store.folder("smollm2-135m-instruct") == bundled_models_dir() / "smollm2-135m-instruct"
    assert store.build_dir("gpt2") == tmp_path / "mine" / "gpt2" / "build"


def test_a_users_model_goes_before_a_bundled_one(tmp_path: Path) -> None:
    write_model(tmp_path / "mine", "gpt2")
    store = ModelStore(tmp_path / "mine")
    assert store.spec("gpt2").title == "Tiny"
    assert store.names().count("gpt2") == 1


@pytest.mark.parametrize("name", ["nope", "", ".", "..", "../tiny", "tiny/", "/etc"])
def test_an_unknown_name_lists_the_known(store: ModelStore, name: str) -> None:
    with pytest.raises(ModelNotFound, match="there are: tiny"):
        store.load(name)


def test_a_wrong_toml_is_reported_when_asked_for(store: ModelStore) -> None:
    (store.folder("tiny") / "model.toml").write_text("nonsense = 1")
    with pytest.raises(ConfigError, match="nonsense"):
        store.load("tiny")


def test_the_default_model_of_a_task_is_the_first_made_for_it() -> None:
    plain, voice = model_spec(), model_spec(name="voice")
    object.__setattr__(voice, "tasks", ("tweet",))
    assert default_for("tweet", [plain, voice]) is voice
    assert default_for("generate", [voice, plain]) is plain
    assert default_for("chat", [voice, plain]) is voice


def test_models_of_a_checkout_lie_in_it(tmp_path: Path) -> None:
    assert default_models_dir(tmp_path) == bundled_models_dir()


def test_models_of_an_installed_package_lie_in_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "service"
    (package / "bundled_models").mkdir(parents=True)
    monkeypatch.setattr("service.models._PACKAGE", package)
    assert default_models_dir(tmp_path / "data") == tmp_path / "data" / "models"
    assert bundled_models_dir() == package / "bundled_models"


def test_manifest_is_plain_json(store: ModelStore) -> None:
    raw = json.loads((store.build_dir("tiny") / "manifest.json").read_text())
    assert {file["name"] for file in raw["files"]} == {
        "model.onnx",
        "model.onnx.data",
        "prefill.onnx",
        "tokenizer.json",
    }
