"""Candidates out of files of every shape, and what is wrong with some of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.drafts.draft import NewDraft
from service.drafts.files import BadRow, candidate, read_candidates
from service.tweets.tweet import Overlap


def read(path: Path, content: str) -> list[NewDraft | BadRow]:
    path.write_text(content, encoding="utf-8")
    return list(read_candidates(path))


def test_json_lines_keep_every_field(tmp_path: Path) -> None:
    row = {
        "text": "Rain 🌧",
        "model": "newsroom",
        "seed": 7,
        "index": 2,
        "source": "https://news.example/rain",
        "flags": ["ungrounded"],
        "overlap": {"words": 3, "share": 0.25},
        "something": "else",
    }
    [draft] = read(tmp_path / "out.jsonl", json.dumps(row))
    assert draft == NewDraft(
        text="Rain 🌧",
        model="newsroom",
        seed=7,
        index=2,
        source="https://news.example/rain",
        flags=("ungrounded",),
        overlap=Overlap(3, 0.25),
    )


def test_a_bad_line_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    rows = read(tmp_path / "out.jsonl", '{"text": "One"}\n{"text": "Tw\n[1]\n\n{"text": "Three"}')
    assert rows == [
        NewDraft("One"),
        BadRow("out.jsonl:2", "not JSON"),
        BadRow("out.jsonl:3", "a row must be an object"),
        NewDraft("Three"),
    ]


def test_a_table_with_a_column_of_texts(tmp_path: Path) -> None:
    rows = read(tmp_path / "t.csv", '\ufefftext,seed\r\n"One, two",5\r\n,6\r\n')
    assert rows == [NewDraft("One, two", seed=5), BadRow("t.csv:2", "it has no text")]


def test_text_is_a_tweet_a_line(tmp_path: Path) -> None:
    assert read(tmp_path / "t.txt", "One\n\nTwo\n") == [NewDraft("One"), NewDraft("Two")]


def test_text_with_delimiters_has_tweets_of_several_lines(tmp_path: Path) -> None:
    text = "One\nmore\n====================\nTwo\n====================\n"
    assert read(tmp_path / "t.txt", text) == [NewDraft("One\nmore"), NewDraft("Two")]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"text": " "}, "no text"),
        ({"text": 5}, "must be a text"),
        ({"text": "x" * 4001}, "over 4000"),
        ({"text": "a\0b"}, "no database"),
        ({"text": "\ud800"}, "surrogate"),
        ({"text": "a", "seed": True}, "seed"),
        ({"text": "a", "seed": -1}, "seed"),
        ({"text": "a", "seed": 2**63}, "seed"),
        ({"text": "a", "flags": [1]}, "flags"),
        ({"text": "a", "overlap": {"words": 1, "share": 2}}, "share"),
        ({"text": "a", "overlap": 5}, "overlap"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(members: dict[str, object], reason: str) -> None:
    with pytest.raises((TypeError, ValueError), match=reason):
        candidate(members)


@given(st.binary(max_size=300), st.sampled_from(["t.jsonl", "t.csv", "t.txt"]))
def test_no_bytes_break_the_reader(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("raw") / name
    path.write_bytes(raw)
    assert all(isinstance(row, NewDraft | BadRow) for row in read_candidates(path))
