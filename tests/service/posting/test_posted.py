"""Whether a tweet that X shows is the text that was sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.posting.posted import PostedTweet, is_same
from tests.service.posting.fake_x import as_x_shows

SHORT, LONG = "https://t.co/abc123", "https://news.example/a?b=c"


def shown(text: str, **links: str) -> PostedTweet:
    return PostedTweet("1", text, {f"https://t.co/{name}": to for name, to in links.items()})


@pytest.mark.parametrize(
    ("sent", "posted"),
    [
        ("Fish & chips <3", shown("Fish &amp; chips &lt;3")),
        (f"Read {LONG} now", shown(f"Read {SHORT} now", abc123=LONG)),
        (f"Read {LONG}", shown(f"Read {SHORT}")),
        ("Read news.example/a", shown(f"Read {SHORT}", abc123="http://news.example/a")),
        ("Read https://News.example", shown(f"Read {SHORT}", abc123="https://news.example/")),
        ("cafe\u0301", shown("caf\u00e9")),
        (" Two\n\nlines ", shown("Two\nlines")),
        ("100% (of) [it] *", shown("100% (of) [it] *")),
    ],
)
def test_the_same(sent: str, posted: PostedTweet) -> None:
    assert is_same(sent, posted)


@pytest.mark.parametrize(
    ("sent", "posted"),
    [
        ("One", shown("One.")),
        ("One", shown("Two")),
        (f"Read {LONG}", shown(f"Read {SHORT}", abc123="https://news.example/other")),
        (f"Read {LONG} now", shown(f"Read {SHORT}")),
        ("a.c", shown("abc")),
        ("", shown("One")),
    ],
)
def test_not_the_same(sent: str, posted: PostedTweet) -> None:
    assert not is_same(sent, posted)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80))
def test_what_x_makes_of_a_text_is_that_text(text: str) -> None:
    tweet = as_x_shows(text)
    links = {u["url"]: u["expanded_url"] for u in tweet["entities"]["urls"]}
    assert is_same(text, PostedTweet("1", tweet["text"], links))
