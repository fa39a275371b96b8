from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.tuning.casing import Casing, is_title_case, sentence_case

ARTICLE = (
    "On Monday the mayor of Ostwick met Anna Brandt. She said the iPhone app will open the bridge. "
    "He said that the ferry is a good thing, and NASA agreed."
)
CORPUS = Casing(["Here every thing you never wanted is with us. We said so in May."])


def recased(text: str) -> str:
    return sentence_case(text, ARTICLE, CORPUS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Mayor Of Ostwick Will Open The Bridge", "The mayor of Ostwick will open the bridge"),
        ("The Thing Anna Brandt Never Wanted", "The thing Anna Brandt never wanted"),
        ("NASA Agreed: The Ferry Is Good", "NASA agreed: the ferry is good"),
        ("Open The Bridge. The Ferry Said So", "Open the bridge. The ferry said so"),
        ("MAYOR Will Open BRIDGE With Ferry", "Mayor will open bridge with ferry"),
        ("The Thing That I Never Wanted", "The thing that I never wanted"),
    ],
)
def test_headlines_become_sentences(text: str, expected: str) -> None:
    assert recased(text) == expected


def test_a_word_that_nobody_knows_keeps_its_capital() -> None:
    assert recased("The Mayor Of Zembla Will Open The Bridge").startswith("The mayor of Zembla")


@pytest.mark.parametrize("text", ["The mayor of Ostwick met Anna Brandt", "", "Open", "#Ferry"])
def test_sentences_stay_as_they_are(text: str) -> None:
    assert recased(text) == text


def test_title_case_is_told_by_the_longer_words() -> None:
    assert is_title_case("Mayor Opens the Bridge of Ostwick")
    assert not is_title_case("Mayor Anna Brandt opened the bridge over there yesterday")


@given(st.text(max_size=80))
def test_only_the_case_changes(text: str) -> None:
    assert recased(text).casefold().upper() == text.casefold().upper()
