"""Text as a prompt may hold it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.articles.text import normal_line, normal_text, weight


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        ("a\r\nb\rc\n\n\nd", "a\nb\nc\nd"),
        ("  two   words\t\xa0here ", "two words here"),
        ("a\u2028b\u2029c\x85d\x0be\x0cf", "a\nb\nc\nd\ne\nf"),
        ("zero\u200b\u2060\ufeffwidth", "zerowidth"),
        ("soft\u00adhyphen", "softhyphen"),
        ("\u202eevil\u202c \u2066x\u2069 \u200e\u200f\u061c", "evil x"),
        ("nul\x00 \x1b[31mred\x07", "nul [31mred"),
        ("Cafe\u0301", "Café"),
        ("private \ue000 tag \U000e0041 lone \ud800", "private tag lone"),
        ("blank\u3164letters\u115f\u2800", "blankletters"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("cat\u200dnap", "catnap"),
        (
            "👩\u200d🔬 ❤\ufe0f 🏳\ufe0f\u200d🌈 👍🏽 1\ufe0f⃣",
            "👩\u200d🔬 ❤\ufe0f 🏳\ufe0f\u200d🌈 👍🏽 1\ufe0f⃣",
        ),
        ("a\ufe0fb", "ab"),
        ("日本語のテキスト", "日本語のテキスト"),
        ("", ""),
    ],
)
def test_what_is_seen_stays_and_what_is_not_goes(given_text: str, wanted: str) -> None:
    assert normal_text(given_text) == wanted


@given(st.text())
def test_it_is_stable_and_clean(text: str) -> None:
    once = normal_text(text)
    assert unicodedata.is_normalized("NFC", once)
    assert not {unicodedata.category(c) for c in once.replace("\n", "")} & {
        "Cc",
        "Cs",
        "Co",
        "Zl",
        "Zp",
    }
    assert not set(once) & set("\u200b\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2069")
    assert normal_text(once) == once


@given(st.text())
def test_a_line_is_one_line(text: str) -> None:
    assert "\n" not in normal_line(text)


def test_a_chinese_character_weighs_three() -> None:
    assert weight("abc") == 3
    assert weight("日本") == 6
    assert weight("한국") == 2
