"""Graphs against transformers on tiny random models: the same logits, however tokens are fed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM
from transformers import PreTrainedModel as Reference

from service.model_spec import Precision
from tests.graph_runner import Floats, GraphRunner
from tests.tiny_models import tokenizer_json
from training.export.reader import read_checkpoint
from training.export_onnx import export_onnx, model_dims

VOCAB, MAX_LEN = 300, 48


def llama(**changes: object) -> Reference:
    settings: dict[str, object] = {
        "vocab_size": VOCAB,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "max_position_embeddings": MAX_LEN,
        "tie_word_embeddings": False,
    }
    return LlamaForCausalLM(LlamaConfig(**(settings | changes)))  # type: ignore[arg-type]


def gpt2(**changes: object) -> Reference:
    settings: dict[str, object] = {
        "vocab_size": VOCAB,
        "n_embd": 64,
        "n_layer": 2,
        "n_head": 4,
        "n_positions": MAX_LEN,
    }
    return GPT2LMHeadModel(GPT2Config(**(settings | changes)))  # type: ignore[arg-type]


LLAMA3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}
MODELS: dict[str, Callable[[], Reference]] = {
    "llama": llama,
    "llama-grouped": lambda: llama(num_key_value_heads=2),
    "llama-one-key-head": lambda: llama(num_key_value_heads=1),
    "llama-tied": lambda: llama(tie_word_embeddings=True, num_key_value_heads=2),
    "llama-attention-bias": lambda: llama(attention_bias=True, num_key_value_heads=2),
    "llama-mlp-bias": lambda: llama(mlp_bias=True),
    "llama-wide-heads": lambda: llama(head_dim=32),
    "llama-rope-theta": lambda: llama(
        rope_parameters={"rope_type": "default", "rope_theta": 500.0}
    ),
    "llama-rope-linear": lambda: llama(
        rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0}
    ),
    "llama-rope-llama3": lambda: llama(rope_parameters=LLAMA3_ROPE),
    "gpt2": gpt2,
    "gpt2-untied": lambda: gpt2(tie_word_embeddings=False),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Reference, Path]]:
    """Makes a model with random weights and saves it as transformers does; each once."""
    made: dict[str, tuple[Reference, Path]] = {}

    def make(name: str) -> tuple[Reference, Path]:
        if name not in made:
            torch.manual_seed(len(name))
            model, folder = MODELS[name]().eval(), tmp_path_factory.mktemp(name)
            for parameter in model.parameters():
                torch.nn.init.normal_(parameter, mean=0.1, std=0.3)
            model.save_pretrained(folder)
            (folder / "tokenizer.json").write_text(tokenizer_json(size=VOCAB))
            made[name] = model, folder
        return made[name]

    return make


def runner_of(
    folder: Path, out: Path, precision: Precision, rows: int = 3, graph: str = "model.onnx"
) -> GraphRunner:
    checkpoint = read_checkpoint(folder)
    export_onnx(checkpoint, out / "model.onnx", precision)
    return GraphRunner(out / graph, model_dims(checkpoint), rows, MAX_LEN)


def reference(model: Reference, ids: list[int]) -> Floats:
    with torch.no_grad():
        logits: Floats = model(torch.tensor([ids])).logits[0, -1].numpy()
    return logits


def texts(*lengths: int) -> list[list[int]]:
    return [np.random.default_rng(n).integers(0, VOCAB, n).tolist() for n in lengths]


def prefill(runner: GraphRunner, rows: list[list[int]], chunk: int) -> list[Floats]:
    """Each row by itself, in chunks; the logits after its last token."""
    last = []
    for r, ids in enumerate(rows):
        for start in range(0, len(ids), chunk):
            logits = runner.step(r, [ids[start : start + chunk]], [start])
        last.append(logits[0])
    return last


@pytest.mark.parametrize("name", MODELS)
def test_logits_are_those_of_transformers(
    saved: Callable[[str], tuple[Reference, Path]], tmp_path: Path, name: str
) -> None:
    model, folder = saved(name)
    runner, rows = runner_of(folder, tmp_path, "fp32"), texts(5, 11, 3)
    for ids, logits in zip(rows, prefill(runner, rows, chunk=4), strict=True):
        np.testing.assert_allclose(logits, reference(model, ids), rtol=0, atol=1e-3)
    for step in range(4):
        new = [(7 * step + r) % VOCAB for r in range(len(rows))]
        logits = runner.step(0, [[id_] for id_ in new], [len(ids) for ids in rows])
        rows = [[*ids, id_] for ids, id_ in zip(rows, new, strict=True)]
        expected = np.stack([reference(model, ids) for ids in rows])
        np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", ["llama-grouped", "gpt2"])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_chunks_do_not_change_a_bit(
    saved: Callable[[str], tuple[Reference, Path]],
    tmp_path: Path,
    name: str,
    precision: Precision,
) -> None:
    runner, ids = runner_of(saved(name)[1], tmp_path, precision, rows=2), texts(32)[0]
    whole, chunked = prefill(runner, [ids], 32)[0], prefill(runner, [ids], 8)[0]
    np.testing.assert_array_equal(whole, chunked)


@pytest.mark.parametrize("name", ["llama-tied", "gpt2"])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_company_does_not_change_a_bit(
    saved: Callable[[str], tuple[Reference, Path]],
    tmp_path: Path,
    name: str,
    precision: Precision,
) -> None:
    runner, rows = runner_of(saved(name)[1], tmp_path, precision, rows=3), texts(9, 4, 17)
    prefill(runner, rows, 32)
    together = runner.step(0, [[1], [2], [3]], [9, 4, 17])
    alone = [runner.step(r, [[r + 1]], [len(rows[r])])[0] for r in range(3)]
    np.testing.assert_array_equal(together, np.stack(alone))


@pytest.mark.parametrize("name", ["llama-tied", "gpt2"])
def test_tokens_of_a_prompt_do_not_change_each_other(
    saved: Callable[[str], tuple[Reference, Path]], tmp_path: Path, name: str
) -> None:
    """The graph for prompts takes its scales token by token."""
    folder = saved(name)[1]
    runner = runner_of(folder, tmp_path, "int8", rows=2, graph="prefill.onnx")
    ids = texts(32)[0]
    runner.step(0, [ids[:16]], [0])
    runner.step(1, [ids], [0])
    for cache in runner.cache.values():
        np.testing.assert_array_equal(cache[0, :, :16], cache[1, :, :16])


@pytest.mark.parametrize("graph", ["model.onnx", "prefill.onnx"])
@pytest.mark.parametrize("name", ["llama-tied", "llama-attention-bias", "gpt2", "gpt2-untied"])
def test_int8_stays_close(
    saved: Callable[[str], tuple[Reference, Path]], tmp_path: Path, name: str, graph: str
) -> None:
    model, folder = saved(name)
    ids = texts(12)[0]
    logits = prefill(runner_of(folder, tmp_path, "int8", graph=graph), [ids], 32)[0]
    expected = reference(model, ids)
    assert np.corrcoef(logits, expected)[0, 1] > 0.999
    assert np.abs(logits - expected).max() < 0.1 * np.ptp(expected)
