from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model_spec import AdapterSpec, FolderSource, ModelSpec, PromptSpec, read_spec
from tests.tiny_models import model_spec
from training.delivery.model_toml import model_toml
from training.tuning.voices import voice_prompt

ADAPTER = replace(model_spec(), base="tiny", adapter=AdapterSpec("a.safetensors", "0" * 64))
WHOLE = replace(model_spec(), sources=(FolderSource("weights"),))


def read_back(spec: ModelSpec, folder: Path) -> ModelSpec:
    folder.mkdir(exist_ok=True)
    (folder / "model.toml").write_text(model_toml(spec), encoding="utf-8")
    return read_spec(folder / "model.toml")


@pytest.mark.parametrize("spec", [ADAPTER, WHOLE], ids=["adapter", "whole"])
@pytest.mark.parametrize("prompt_format", ["chatml", "markers", "plain"])
@pytest.mark.parametrize("style_only", [True, False])
def test_what_is_written_is_read(
    spec: ModelSpec, prompt_format: str, style_only: bool, tmp_path: Path
) -> None:
    prompt = voice_prompt(prompt_format, style_only=style_only)  # type: ignore[arg-type]
    written = replace(spec, prompt=prompt)
    assert read_back(written, tmp_path / "tiny") == written


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_any_description_survives(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    written = replace(ADAPTER, description=text, prompt=PromptSpec("plain", article_cue=text))
    assert read_back(written, tmp_path_factory.getbasetemp() / "tiny") == written
