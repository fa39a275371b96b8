"""Checkpoints on disk: GGUF and transformers folders, whole and damaged."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFWriter, RopeScalingType, TokenType
from gguf.quants import dequantize, quantize
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import save_file
from tokenizers import Tokenizer as Backend

from service.errors import SetupError
from tests.tiny_models import (
    CHATML,
    LLAMA_CONFIG,
    TEXT,
    VOCAB,
    llama_tensors,
    tokenizer_json,
    write_llama,
)
from training.export.checkpoint import FloatArray
from training.export.formats import quantize_blocks
from training.export.reader import read_checkpoint
from training.export.safetensors_file import read_safetensors

GGUF_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def gguf_name(name: str) -> str:
    for ours, theirs in GGUF_NAMES.items():
        name = name.replace(ours, theirs)
    return name.replace("model.layers.", "blk.")


def permuted(weight: FloatArray, num_heads: int) -> FloatArray:
    """What llama.cpp's converter does to query and key matrices."""
    split = weight.reshape(num_heads, 2, weight.shape[0] // num_heads // 2, weight.shape[1])
    return split.swapaxes(1, 2).reshape(weight.shape)


def write_gguf(
    path: Path, kind: GGMLQuantizationType, change: Callable[[GGUFWriter], object] | None = None
) -> Path:
    """The tiny Llama as llama.cpp would keep it."""
    tokenizer = json.loads(tokenizer_json(CHATML))
    vocab: dict[str, int] = tokenizer["model"]["vocab"]
    tokens = sorted(vocab, key=lambda token: vocab[token])
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(32)
    writer.add_block_count(2)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    types = [TokenType.CONTROL if token in CHATML else TokenType.NORMAL for token in tokens]
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_eos_token_id(2)
    if change is not None:
        change(writer)
    heads = {"q_proj": 2, "k_proj": 1}
    for name, tensor in llama_tensors().items():
        num = next((n for part, n in heads.items() if part in name), None)
        array = tensor if num is None else permuted(tensor, num)
        raw = tensor.ndim == 1 or array.shape[1] % 32
        data = array if raw else quantize(array, kind)
        writer.add_tensor(gguf_name(name), data, raw_dtype=None if raw else kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [
        (GGMLQuantizationType.F32, 0.0),
        (GGMLQuantizationType.F16, 1e-3),
        (GGMLQuantizationType.BF16, 1e-2),
        (GGMLQuantizationType.Q8_0, 1e-2),
        (GGMLQuantizationType.Q4_1, 1e-1),
    ],
)
def test_gguf_weights_come_back(
    tmp_path: Path, kind: GGMLQuantizationType, tolerance: float
) -> None:
    checkpoint = read_checkpoint(write_gguf(tmp_path / "m.gguf", kind))
    for name, tensor in llama_tensors().items():
        np.testing.assert_allclose(checkpoint.tensors.take(name), tensor, rtol=0, atol=tolerance)
    assert checkpoint.tensors.untaken() == []


def test_gguf_and_folder_tell_of_the_same_architecture(tmp_path: Path) -> None:
    from_gguf = read_checkpoint(write_gguf(tmp_path / "m.gguf", GGMLQuantizationType.F32))
    from_folder = read_checkpoint(write_llama(tmp_path / "folder"))
    eps = from_gguf.architecture.norm_eps  # a float32 there
    assert eps == pytest.approx(1e-5)
    assert from_gguf.architecture == replace(from_folder.architecture, norm_eps=eps)
    assert from_gguf.eos_ids == from_folder.eos_ids == (2,)


@pytest.mark.parametrize("pre", ["gpt-2", "smollm"])
def test_gguf_tokenizer_is_the_one_it_was_made_of(tmp_path: Path, pre: str) -> None:
    path = write_gguf(
        tmp_path / "m.gguf", GGMLQuantizationType.F16, lambda w: w.add_tokenizer_pre(pre)
    )
    ours = Backend.from_str(read_checkpoint(path).tokenizer_json)
    theirs = Backend.from_str(tokenizer_json(CHATML))
    for text in (TEXT, "1 234,5 — 日本語 👩‍👩‍👧 é\n\n\tx"):
        assert ours.decode(ours.encode(text).ids) == text
        assert (ours.encode(text).ids == theirs.encode(text).ids) or pre == "smollm"
    assert len(ours.encode("12345").ids) == 5


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda w: w.add_tokenizer_pre("klingon"), "klingon"),
        (lambda w: w.add_tokenizer_model("llama"), "byte-level"),
        (lambda w: w.add_rope_scaling_type(RopeScalingType.YARN), "rope scaling"),
    ],
)
def test_a_gguf_that_is_not_supported_is_refused(
    tmp_path: Path, change: Callable[[GGUFWriter], object], complaint: str
) -> None:
    path = write_gguf(tmp_path / "m.gguf", GGMLQuantizationType.F16, change)
    with pytest.raises(SetupError, match=complaint):
        read_checkpoint(path)


@pytest.mark.parametrize("size", [0, 3, 100, 20_000])
def test_a_gguf_cut_off_is_named(tmp_path: Path, size: int) -> None:
    path = write_gguf(tmp_path / "m.gguf", GGMLQuantizationType.F16)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(SetupError, match=r"m\.gguf is damaged"):
        read_checkpoint(path)


weights = hnp.arrays(np.int32, (3, 40), elements=st.integers(-(10**6), 10**6)).map(
    lambda whole: whole.astype(np.float32) / 1000
)


@given(weight=weights)
def test_q8_0_blocks_are_kept(weight: FloatArray) -> None:
    kind = GGMLQuantizationType.Q8_0
    kept = dequantize(quantize(np.ascontiguousarray(weight[:, :32]), kind), kind)
    values, scales = quantize_blocks(kept, 32)
    restored = (values.astype(np.float32) - 128) * scales[..., None]
    np.testing.assert_allclose(restored.reshape(kept.shape), kept, rtol=1e-6)


@given(weight=weights)
def test_no_weight_is_off_by_more_than_half_a_step(weight: FloatArray) -> None:
    values, scales = quantize_blocks(weight, 32)
    restored = ((values.astype(np.float32) - 128) * scales[..., None]).reshape(3, -1)
    limit = np.repeat(scales, 32, axis=1)[:, :40] * 0.5001
    assert (np.abs(restored[:, :40] - weight) <= limit).all()
    assert not restored[:, 40:].any()


def test_folder_weights_come_back(tmp_path: Path) -> None:
    checkpoint = read_checkpoint(write_llama(tmp_path))
    for name, tensor in llama_tensors().items():
        np.testing.assert_array_equal(checkpoint.tensors.take(name), tensor)


def test_sharded_and_half_precision_weights(tmp_path: Path) -> None:
    folder, tensors = write_llama(tmp_path), llama_tensors()
    (folder / "model.safetensors").unlink()
    half = {name: tensor.astype(np.float16) for name, tensor in tensors.items()}
    names = sorted(half)
    save_file({n: half[n] for n in names[:5]}, folder / "model-1.safetensors")
    save_file({n: half[n] for n in names[5:]}, folder / "model-2.safetensors")
    checkpoint = read_checkpoint(folder)
    for name in names:
        np.testing.assert_array_equal(checkpoint.tensors.take(name), half[name].astype(np.float32))


def test_bfloat16_is_the_upper_half_of_a_float(tmp_path: Path) -> None:
    values = np.array([1.0, -2.5, 3.0e38, 0.0], np.float32)
    data = (values.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    header = json.dumps({"x": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}}).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)
    expected = (values.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    np.testing.assert_array_equal(read_safetensors(path)["x"](), expected)


@pytest.mark.parametrize("size", [0, 5, 50, 5000, -1])
def test_safetensors_cut_off_are_named(tmp_path: Path, size: int) -> None:
    folder = write_llama(tmp_path)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(SetupError, match=r"model\.safetensors is damaged"):
        read_checkpoint(folder)


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = write_llama(tmp_path)
    (folder / name).unlink()
    with pytest.raises(SetupError, match=name.split(".")[1]):
        read_checkpoint(folder)


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json"])
@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\x00"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, text: str) -> None:
    folder = write_llama(tmp_path)
    (folder / name).write_text(text)
    with pytest.raises(SetupError, match=name):
        read_checkpoint(folder)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"neither a config\.json nor one \.gguf"):
        read_checkpoint(tmp_path)


def test_a_folder_with_one_gguf(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", GGMLQuantizationType.F16)
    assert read_checkpoint(tmp_path).architecture.hidden_size == 32


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"model_type": "bert"}, "bert"),
        ({"hidden_act": "relu"}, "hidden_act"),
        ({"model_type": "mistral", "sliding_window": 32}, "sliding_window"),
        ({"rope_scaling": {"type": "yarn", "factor": 2.0}}, "yarn"),
        ({"hidden_size": None}, "config"),
    ],
)
def test_what_the_graph_cannot_do_is_refused(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    folder = write_llama(tmp_path)
    config = {k: v for k, v in (LLAMA_CONFIG | change).items() if v is not None}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(SetupError, match=complaint):
        read_checkpoint(folder)


def test_every_added_token_is_made_special(tmp_path: Path) -> None:
    folder, raw = write_llama(tmp_path), json.loads(tokenizer_json())
    raw["added_tokens"][0]["special"] = False
    (folder / "tokenizer.json").write_text(json.dumps(raw))
    made = json.loads(read_checkpoint(folder).tokenizer_json)
    assert all(token["special"] for token in made["added_tokens"])


def test_ends_of_generation_config_are_added(tmp_path: Path) -> None:
    folder = write_llama(tmp_path)
    (folder / "generation_config.json").write_text('{"eos_token_id": [7, 2]}')
    assert read_checkpoint(folder).eos_ids == (2, 7)


def test_the_size_of_the_vocabulary_is_what_it_says(tmp_path: Path) -> None:
    assert read_checkpoint(write_llama(tmp_path)).architecture.vocab_size == VOCAB
