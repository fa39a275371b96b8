"""Writes the `model.toml` of a trained voice; `service.model_spec` reads it."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields

from service.model_spec import AdapterSpec, FolderSource, ModelSpec, PromptSpec


def model_toml(spec: ModelSpec) -> str:
    """The file's text. A spec with sources must have them in folders, as trained voices do."""
    lines = [
        *(
            f"{key} = {_value(getattr(spec, key))}"
            for key in ("name", "title", "description", "family", "licence", "context_length")
        ),
        f"tasks = {_value(list(spec.tasks))}",
        *([f"base = {_value(spec.base)}"] if spec.base else []),
        *(_adapter(spec.adapter) if spec.adapter else []),
        *(line for source in spec.sources for line in _folder(source)),
        "",
        "[prompt]",
        *_prompt(spec.prompt),
        "",
        "[build]",
        f"precision = {_value(spec.build.precision)}",
    ]
    return "\n".join(lines) + "\n"


def _adapter(adapter: AdapterSpec) -> list[str]:
    return ["", "[adapter]", f"file = {_value(adapter.file)}", f"sha256 = {_value(adapter.sha256)}"]


def _folder(source: object) -> list[str]:
    assert isinstance(source, FolderSource)
    return ["", "[[sources]]", 'kind = "folder"', f"path = {_value(source.path)}"]


def _prompt(prompt: PromptSpec) -> list[str]:
    """What differs from the defaults."""
    return [
        f"{f.name} = {_value(getattr(prompt, f.name))}"
        for f in fields(prompt)
        if f.default is MISSING or getattr(prompt, f.name) != f.default
    ]


def _value(value: object) -> str:
    """A JSON string, number or list of strings is TOML too."""
    return json.dumps(value, ensure_ascii=False)
