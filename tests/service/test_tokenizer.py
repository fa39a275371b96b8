"""Text to ids and back: nothing lost, no half characters, no markers out of a text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import ModelDamaged, SetupError
from service.tokenizer import IncrementalDetokenizer, Tokenizer
from tests.tiny_models import CHATML, TWEETS, tokenizer_json

MARKERS = CHATML + TWEETS
TRICKY = [
    "👩‍👩‍👧‍👦",
    "🇨🇭",
    "é",
    "ﬁ",
    "日本語。",
    "مرحبا",
    "हिन्दी",
    "\u200d",
    "\x00",
    "�",
    "\n\r\t ",
    "½²",
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    path.write_text(tokenizer_json())
    return Tokenizer.from_file(path)


texts = st.lists(st.one_of(st.text(), st.sampled_from([*TRICKY, *MARKERS]))).map("".join)


@given(text=texts)
def test_text_survives(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(text=texts)
def test_text_never_becomes_a_marker(tokenizer: Tokenizer, text: str) -> None:
    markers = {tokenizer.special_id(marker) for marker in MARKERS}
    assert markers.isdisjoint(tokenizer.encode(text))


@given(text=texts)
def test_pushes_joined_are_the_text(tokenizer: Tokenizer, text: str) -> None:
    incremental = IncrementalDetokenizer(tokenizer)
    pushed = [incremental.push(id_) for id_ in tokenizer.encode(text)]
    assert "".join(pushed) + incremental.flush() == text


@given(ids=st.lists(st.integers(0, 330)))
def test_pushes_joined_equal_decode_for_any_ids(tokenizer: Tokenizer, ids: list[int]) -> None:
    incremental = IncrementalDetokenizer(tokenizer)
    pushed = "".join(incremental.push(id_) for id_ in ids) + incremental.flush()
    assert pushed == tokenizer.decode(ids)


@given(text=texts, data=st.data())
def test_a_cut_shows_no_half_character(
    tokenizer: Tokenizer, text: str, data: st.DataObject
) -> None:
    ids = tokenizer.encode(text)
    incremental = IncrementalDetokenizer(tokenizer)
    cut = data.draw(st.integers(0, len(ids)))
    pushed = "".join(incremental.push(id_) for id_ in ids[:cut]) + incremental.flush()
    assert text.startswith(pushed)


def test_bytes_that_nothing_completes_are_replaced(tokenizer: Tokenizer) -> None:
    first_of_four = tokenizer.encode("🐝")[0]
    assert tokenizer.decode([first_of_four, *tokenizer.encode("a")]) == "�a"


def test_flush_forgets_the_unfinished(tokenizer: Tokenizer) -> None:
    incremental = IncrementalDetokenizer(tokenizer)
    incremental.push(tokenizer.encode("🐝")[0])
    assert incremental.flush() == ""
    assert incremental.push(tokenizer.encode("a")[0]) == "a"


def test_markers_are_left_out_unless_asked_for(tokenizer: Tokenizer) -> None:
    ids = [tokenizer.special_id("<|im_start|>"), *tokenizer.encode("hi")]
    assert tokenizer.decode(ids) == "hi"
    assert tokenizer.decode(ids, skip_special=False) == "<|im_start|>hi"


def test_count_is_the_number_of_ids(tokenizer: Tokenizer) -> None:
    assert tokenizer.count("The mayor 🐝") == len(tokenizer.encode("The mayor 🐝"))


def test_end_markers_end_a_text(tokenizer: Tokenizer) -> None:
    ends = {tokenizer.special_id(m) for m in ("<|endoftext|>", "<|im_end|>", "<|endoftweet|>")}
    assert tokenizer.eos_ids == ends


def test_further_ends_are_added(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(tokenizer_json(CHATML))
    assert Tokenizer.from_file(path, [9]).eos_ids == {0, 2, 9}


def test_an_unknown_marker_is_refused(tokenizer: Tokenizer) -> None:
    assert not tokenizer.has_special("<|nope|>")
    with pytest.raises(SetupError, match=r"<\|nope\|>"):
        tokenizer.special_id("<|nope|>")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(tokenizer_json()[:1000])
    with pytest.raises(ModelDamaged, match=r"tokenizer\.json cannot be read"):
        Tokenizer.from_file(path)


def test_a_marker_that_would_be_parsed_is_refused(tmp_path: Path) -> None:
    raw = json.loads(tokenizer_json())
    raw["added_tokens"][1]["special"] = False
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(raw))
    with pytest.raises(SetupError, match=r"<\|im_start\|>"):
        Tokenizer.from_file(path)


def test_another_kind_of_tokenizer_is_refused(tmp_path: Path) -> None:
    raw = json.loads(tokenizer_json())
    raw["decoder"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps({**raw, "decoder": {**raw["decoder"], "split": True}}))
    with pytest.raises(SetupError, match="byte-level"):
        Tokenizer.from_file(path)
