"""The real weights: the graph computes what transformers does, and int8 loses next to nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, AutoTokenizer

from service.models import LoadedModel, ModelStore, bundled_models_dir
from service.prompts import article_prompt, end_id
from service.tokenizer import Tokenizer
from tests.e2e.serving import ROOT
from tests.graph_runner import GraphRunner

pytestmark = pytest.mark.timeout(600)
TEXT = (Path(__file__).parents[1] / "resources" / "perplexity.txt").read_text(encoding="utf-8")
VARIED = [
    TEXT,
    "1234567890 3,000 $4.50 2026-11-21 10:45 x2 7th",
    "日本語のテキスト。今天天气好。한국어 문장입니다.",
    "مرحبا بالعالم؟ שלום עולם। यह हिन्दी है। Добрый день",
    "👩‍👩‍👧‍👦 🇨🇭 é e\u0301 ﬁ  two  spaces\n\n\ttab\r\n don't I'll WE'RE",
    "def f(x):\n    return x ** 2  # code\n<p class='a'>&amp;</p> https://example.com/a?b=c#d",
]


@pytest.fixture(scope="module")
def smollm2(built_model: str) -> LoadedModel:
    """The default model in int8."""
    return ModelStore(bundled_models_dir()).load(built_model)


@pytest.fixture(scope="module")
def smollm2_fp32(smollm2: LoadedModel, tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """The same weights in float32, from the same download."""
    models, name = tmp_path_factory.mktemp("fp32"), smollm2.spec.name
    (models / ".cache").symlink_to(smollm2.folder.parent / ".cache")
    options = ["--precision", "fp32", "--models-dir", str(models)]
    command = [sys.executable, "-m", "training", "build", name, *options]
    subprocess.run(command, cwd=ROOT, check=True)
    return ModelStore(models).load(name)


@pytest.fixture(scope="module")
def gguf(smollm2: LoadedModel) -> Path:
    (path,) = (smollm2.folder.parent / ".cache").glob("*.gguf")
    return path


@pytest.fixture(scope="module")
def tokenizer(smollm2: LoadedModel) -> Tokenizer:
    return Tokenizer.from_file(smollm2.tokenizer, smollm2.dims.eos_ids)


@pytest.fixture(scope="module")
def reference_tokenizer(gguf: Path) -> Any:
    return AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)


@pytest.fixture(scope="module")
def reference(gguf: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32
    ).eval()


def perplexity(model: LoadedModel, rows: NDArray[np.int64]) -> float:
    """Of rows [rows, tokens], each a text of its own, fed one token a step."""
    num_rows, num_tokens = rows.shape
    runner = GraphRunner(model.graph, model.dims, num_rows, num_tokens)
    losses = []
    for i in range(num_tokens - 1):
        logits = runner.step(0, rows[:, i : i + 1].tolist(), [i] * num_rows).astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        losses.append(-log_probs[np.arange(num_rows), rows[:, i + 1]])
    return float(np.exp(np.mean(losses)))


@pytest.mark.parametrize("text", VARIED)
def test_ids_are_those_of_transformers(
    tokenizer: Tokenizer, reference_tokenizer: Any, text: str
) -> None:
    expected = reference_tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.encode(text) == expected
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("digit", "7½²٣३３Ⅷ")
def test_every_digit_stands_alone(tokenizer: Tokenizer, digit: str) -> None:
    # As in the tokenizer.json that SmolLM2 was trained with. transformers' own conversion of the
    # GGUF leaves that rule out, and joins the rarer digits with the space before them.
    alone = tokenizer.encode(digit)
    assert tokenizer.encode(f"x {digit}{digit}") == [*tokenizer.encode("x "), *alone, *alone]


def test_fp32_logits_are_those_of_transformers(
    smollm2_fp32: LoadedModel, tokenizer: Tokenizer, reference: Any
) -> None:
    ids = tokenizer.encode(TEXT)[:200]
    with torch.no_grad():
        expected = reference(torch.tensor([ids])).logits[0].numpy()
    runner = GraphRunner(smollm2_fp32.graph, smollm2_fp32.dims, 3, 256)
    for row, size in enumerate((120, 64, 7)):
        for start in range(0, size, 50):
            logits = runner.step(row, [ids[start : min(start + 50, size)]], [start])
        assert np.abs(logits[0] - expected[size - 1]).max() <= 1e-3
    for step in range(8):
        lengths = [size + step for size in (120, 64, 7)]
        logits = runner.step(0, [[ids[length]] for length in lengths], lengths)
        assert np.abs(logits - expected[lengths]).max() <= 1e-3


def test_int8_perplexity_is_within_two_percent(
    smollm2: LoadedModel, smollm2_fp32: LoadedModel, tokenizer: Tokenizer
) -> None:
    ids = tokenizer.encode(TEXT)
    rows = np.array(ids[: len(ids) // 4 * 4], np.int64).reshape(4, -1)
    exact, small = perplexity(smollm2_fp32, rows), perplexity(smollm2, rows)
    assert 5 < exact < 60
    assert small <= exact * 1.02, f"int8 {small:.3f}, fp32 {exact:.3f}"


def test_it_writes_about_the_article(smollm2: LoadedModel, tokenizer: Tokenizer) -> None:
    prompt = article_prompt(tokenizer, smollm2.spec, "The last ferry", TEXT, 1000)
    runner = GraphRunner(smollm2.graph, smollm2.dims, 1, 1100)
    ids, logits = [], runner.step(0, [list(prompt.token_ids)], [0])
    while len(ids) < 80 and (best := int(logits[0].argmax())) not in tokenizer.eos_ids:
        ids.append(best)
        logits = runner.step(0, [[best]], [len(prompt.token_ids) + len(ids) - 1])
    assert "ferry" in tokenizer.decode(ids).lower()
    assert end_id(tokenizer, smollm2.spec) in smollm2.dims.eos_ids
