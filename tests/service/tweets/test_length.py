from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from service.tweets import twitter_text
from service.tweets.characters import normalise
from service.tweets.length import fit, is_postable, shorten, weighted_length

LINK = "https://example.com/a"
ROWS = yaml.safe_load(
    (Path(__file__).parents[2] / "resources/twitter_text_length.yml").read_text("utf-8")
)
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
PIECES = [*"ab .!\n#@é日😷\u0301", "🇩🇪", FAMILY, "x.com", " http://a.co/b ", "1️⃣"]
SOME_TEXT = st.lists(st.sampled_from(PIECES) | st.characters(codec="utf-8"), max_size=120).map(
    "".join
)


def text_of(row: dict[str, Any]) -> str:
    return str(row.get("head", "") + row["text"] * row.get("times", 1) + row.get("tail", ""))


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_length_is_what_the_conformance_suite_says(row: dict[str, Any]) -> None:
    assert weighted_length(text_of(row)) == row["length"]
    assert is_postable(text_of(row)) == row["valid"]


@pytest.mark.timeout(10)
@pytest.mark.parametrize("unit", ["1.", "a.", "a.co/"])
def test_a_word_full_of_dots_is_measured_at_once(unit: str) -> None:
    text = unit * (4000 // len(unit))
    assert weighted_length(text) == 4000
    assert not is_postable(text)
    assert twitter_text.link_spans(text) == []


@given(SOME_TEXT)
@example("a\u0301 b\u0301")
@example(" http://a.co/b \u00c0x.com")
def test_length_by_words_is_that_of_the_whole(text: str) -> None:
    assert weighted_length(text) == twitter_text.weighted_length(text)


@given(SOME_TEXT, st.integers(40, 280), st.sampled_from(["", LINK]))
def test_what_is_fitted_is_within_the_limit(text: str, limit: int, link: str) -> None:
    fitted = fit(normalise(text), limit, link)
    assert weighted_length(fitted.text) <= limit
    assert fitted.text.endswith(link)


@given(SOME_TEXT, st.integers(40, 280))
def test_fitting_twice_changes_nothing(text: str, limit: int) -> None:
    once = fit(normalise(text), limit).text
    assert fit(once, limit).text == once


def test_what_fits_is_left_alone() -> None:
    assert fit("A short one.", 40, LINK).text == f"A short one. {LINK}"
    assert not fit("A short one.", 40, LINK).truncated


def test_a_long_text_is_cut_at_a_sentence() -> None:
    text = "The bridge is open at last. Thousands came to see it on the first day of spring."
    assert fit(text, 60).text == "The bridge is open at last."
    assert fit(text, 60).truncated


def test_a_long_sentence_is_cut_at_a_word() -> None:
    fitted = fit("The bridge that took the city seven years to build", 40)
    assert fitted.text == "The bridge that took the city seven…"


def test_a_tiny_first_sentence_is_no_place_to_cut() -> None:
    assert fit("Wow. The bridge that took seven years to build is open", 40).text.startswith(
        "Wow. The bridge"
    )


def test_text_without_spaces_is_cut_between_characters() -> None:
    assert fit("橋" * 100, 40).text == "橋" * 19 + "…"


@pytest.mark.parametrize(
    "whole",
    ["#VeryLongHashtagOfTheHarbourBridge", "@a_handle_that_is_quite_long", "https://a.com/b/c/d"],
)
def test_an_entity_is_never_cut(whole: str) -> None:
    for limit in range(24, 60):
        kept = fit(f"Bridge opens today for all {whole} and more of it", limit).text
        assert whole in kept or whole[:6] not in kept


def test_an_emoji_sequence_is_never_cut() -> None:
    for limit in range(4, 40):
        assert shorten(FAMILY * 20, limit).removesuffix("…").replace(FAMILY, "") == ""


def test_a_flag_is_never_cut_in_half() -> None:
    for limit in range(4, 40):
        assert shorten("🇩🇪🇳🇴" * 10, limit).count("🇩🇪") >= limit // 10
        assert len(shorten("🇩🇪🇳🇴" * 10, limit).removesuffix("…")) % 2 == 0


def test_an_unfinished_text_gets_an_ellipsis() -> None:
    assert fit("The bridge is", 40, unfinished=True).text == "The bridge is…"


def test_a_link_that_leaves_no_room_is_left_out() -> None:
    assert fit("Bridge opens", 25, LINK).text == "Bridge opens"


@pytest.mark.parametrize("text", ["", " \n", "\ufffe", "a" * 281])
def test_what_x_would_refuse_is_not_postable(text: str) -> None:
    assert not is_postable(text)
