"""Sentences end where readers think they do, in several scripts, in linear time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.sentences import cut_at_word, split_sentences


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It rained. Then it stopped! Did it?", 3),
        ("Dr. Smith met Mrs. Jones and Gen. Brown.", 1),
        ("The U.S. Senate met. It voted.", 2),
        ("J. R. R. Tolkien wrote it.", 1),
        ("It cost $3.5 million. No. 5 won. He said no. She left.", 4),
        ('"Really?" she asked. "Yes." He left.', 3),
        ("Wait... what? Yes… No.", 3),
        ("see example.com. Now", 2),
        ("Defense Sec. Austin met Sens. Lee and Cruz and Hr. Olsen.", 1),
        ("It ran for 10 sec. Then it stopped.", 2),
        ("Acme Corp. Chief Ada Lind sold it to Oak Inc. The price is secret.", 2),
        ("Erst am 3. Oktober kam er. Es war 2019. April war vorbei.", 3),
        ("„Er kam.“ Dann ging er.", 2),
        ("彼は「行く。」と言った。「はい。」彼女は笑った。", 3),
        ("He lives in St. Louis, e.g. near the river.", 1),
        ("A heading without a full stop\nThe first sentence.\n\nThe second one.", 3),
        ("今天天气好。明天呢？「好的。」他说！", 4),
        ("昨日は雨だった。今日は晴れ。", 2),
        ("هل جاء؟ نعم جاء. ثم ذهب۔", 3),
        ("यह एक वाक्य है। यह दूसरा है॥", 2),
        ("Он пришёл. Потом ушёл.", 2),
        ("no mark at all", 1),
        ("", 0),
    ],
)
def test_number_of_sentences(text: str, parts: int) -> None:
    assert len(split_sentences(text)) == parts


@given(text=st.text(alphabet=st.one_of(st.characters(), st.sampled_from(".!?…。\n \"'U"))))
def test_joined_they_are_the_text(text: str) -> None:
    pieces = split_sentences(text)
    assert "".join(pieces) == text
    assert all(pieces)


@pytest.mark.parametrize("unit", [".", "。", "\n", " ", ".)", "a.", "U.", "...”", ". ", "\n "])
def test_long_runs_take_no_time_to_speak_of(unit: str) -> None:
    text = unit * 50_000  # quadratic time would run into the suite's limit
    assert "".join(split_sentences(text)) == text


@given(text=st.text(), limit=st.integers(0, 50))
def test_a_cut_is_a_head_within_the_limit(text: str, limit: int) -> None:
    head = cut_at_word(text, limit)
    assert text.startswith(head)
    assert len(head) <= limit or head == text == head[:limit]


@pytest.mark.parametrize(
    ("text", "limit", "head"),
    [
        ("one two three", 100, "one two three"),
        ("one two three", 8, "one two"),
        ("one two three", 7, "one two"),
        ("one two three", 6, "one"),
        ("今天天气很好我们出去玩", 5, "今天天气很"),
        ("a supercalifragilistic", 12, "a supercalif"),
    ],
)
def test_words_stay_whole_where_there_are_any(text: str, limit: int, head: str) -> None:
    assert cut_at_word(text, limit) == head
