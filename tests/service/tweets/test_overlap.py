from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import ModelDamaged
from service.tweets.overlap import EMPTY, OverlapIndex, build_index, is_memorised, read_index
from service.tweets.tweet import Overlap, TweetRules

TRAINED = [
    "The lighthouse keeper of Skagvik has retired after forty winters alone with the gulls "
    "https://t.co/abc",
    "Good morning Skagvik",
]
TWEETS = st.lists(st.text(st.sampled_from("ab c.#"), max_size=40), max_size=12)


@pytest.fixture
def index() -> OverlapIndex:
    return build_index(TRAINED)


def test_a_copy_is_found_whatever_its_dress(index: OverlapIndex) -> None:
    copy = "THE lighthouse-keeper of Skagvik has retired, after forty winters alone with the gulls!"
    assert index.overlap(copy) == Overlap(14, 1.0)


def test_another_link_does_not_hide_a_copy(index: OverlapIndex) -> None:
    assert index.overlap("Good morning, Skagvik https://example.com/b").share == 1.0


def test_a_shared_run_is_measured_in_words(index: OverlapIndex) -> None:
    text = "Nobody knew that the lighthouse keeper of Skagvik has retired to a farm inland"
    assert index.overlap(text) == Overlap(7, 0.5)


def test_new_words_share_nothing(index: OverlapIndex) -> None:
    assert index.overlap("A bridge opens in the harbour of Norrhamn today") == Overlap(0, 0.0)
    assert index.overlap("") == Overlap(0, 0.0)


def test_a_model_without_an_index_copies_nothing(tmp_path: Path) -> None:
    assert read_index(tmp_path / "none.idx") is EMPTY
    assert EMPTY.overlap("Good morning Skagvik") == Overlap()


@given(TWEETS)
def test_what_is_written_is_read_back(tweets: list[str]) -> None:
    index = build_index(tweets)
    path = Path("unused")
    data = index.to_bytes()
    assert np.array_equal(_read(path, data).hashes, index.hashes)


def _read(path: Path, data: bytes) -> OverlapIndex:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / path
        file.write_bytes(data)
        return read_index(file)


@given(TWEETS)
def test_every_indexed_tweet_is_a_copy_of_itself(tweets: list[str]) -> None:
    index = build_index(tweets)
    for tweet in tweets:
        assert index.overlap(tweet).share in (0.0, 1.0)


@pytest.mark.parametrize("at", [0, 22, 40, -1])
def test_a_damaged_file_is_refused(at: int, index: OverlapIndex, tmp_path: Path) -> None:
    data = bytearray(index.to_bytes())
    data[at] ^= 1
    path = tmp_path / "x.idx"
    path.write_bytes(bytes(data))
    with pytest.raises(ModelDamaged, match=r"x\.idx"):
        read_index(path)


def test_a_cut_file_is_refused(index: OverlapIndex, tmp_path: Path) -> None:
    path = tmp_path / "x.idx"
    path.write_bytes(index.to_bytes()[:30])
    with pytest.raises(ModelDamaged):
        read_index(path)


def test_the_file_holds_no_word_and_is_small() -> None:
    tweets = [f"Ferry {i} leaves Skagvik for island number {i * 7} at {i % 24}" for i in range(999)]
    data = build_index(tweets).to_bytes()
    assert b"Skagvik" not in data
    assert b"skagvik" not in data
    assert len(data) < 6 * build_index(tweets).hashes.size + 200


@pytest.mark.parametrize(
    ("overlap", "is_copy"),
    [
        (Overlap(15, 0.5), False),
        (Overlap(16, 0.5), True),
        (Overlap(7, 0.7), False),
        (Overlap(8, 0.8), True),
    ],
)
def test_the_bounds(overlap: Overlap, is_copy: bool) -> None:
    assert is_memorised(overlap, TweetRules()) is is_copy


def test_the_bounds_can_be_moved() -> None:
    assert is_memorised(Overlap(6, 0.3), TweetRules(max_overlap_words=5))
    assert not is_memorised(Overlap(8, 0.8), TweetRules(max_overlap_share=0.9))
