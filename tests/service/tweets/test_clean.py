from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.tweets.clean import clean, tidy
from service.tweets.entities import LINK_MARK

SAID = "The bridge is open."
PIECES = [
    *"abAB  .,!?\"'“”„»«()[]#\n*_:😷🇩\u200d1",
    "Tweet:",
    "<|",
    "|>",
    "#tag ",
    LINK_MARK,
    "Here is a tweet",
    "Tweet 1 - ",
    "<b>",
    "&amp;",
    "&",
    "lt;",
]
MODEL_TEXT = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (f"{SAID}<|im_end|>\nassistant: more", SAID),
        (f"<|im_start|>{SAID}</s>", SAID),
        (f"{SAID} <|im_e", SAID),
        (f".<s> {SAID}", SAID),
        ("🎉<|im_end|>", "🎉"),
        ('<a href="http://evil.com">Open</a> <b>now</b>', "Open now"),
        (f"<p>{SAID}</p><br/>Now", f"{SAID}\n\nNow"),
        (f'{SAID} <a href="http://ev', SAID),
        ("Q&amp;A: it&#39;s &quot;open&quot; &#x1F600;", 'Q&A: it\'s "open" 😀'),
        ("Q&amp;amp;A &lt;b&gt;now", "Q&A now"),
        ("half &#xD83D; a character &#0;", "half a character"),
        (f"Tweet: {SAID}", SAID),
        (f"**Tweet:** {SAID}", SAID),
        (f"Tweet 1: {SAID}\nTweet 2: Another one", SAID),
        (f"Tweet - {SAID}", SAID),
        (f"**Tweet**\n{SAID}", SAID),
        (f"Here is a tweet: {SAID}", SAID),
        (f'Sure! Here\'s the tweet:\n\n"{SAID}"', SAID),
        (f"Here's a short, engaging tweet about the article: “{SAID}”", SAID),
        (f"Here’s a tweet based on the article\n{SAID}", SAID),
        (f"{SAID}\nArticle: Another one", SAID),
        (f'"{SAID}"', SAID),
        (f"“{SAID}”", SAID),
        (f'Tweet: "{SAID}" [LINK]', f"{SAID} [LINK]"),
        ('"Open" and "quiet"', '"Open" and "quiet"'),
        ("Open #bridge now #Bridge", "Open #bridge now"),
        ("#bridge is the #bridge we need", "#bridge is the bridge we need"),
        ("A bridge (at last", "A bridge at last"),
        ("He said “open", "He said open"),
        ('He said "open', "He said open"),
        ("News » Sport » Open", "News Sport Open"),
        ("„“ Open »« now ””", "Open now"),
        ("„Er ist offen.“", "Er ist offen."),
        ("»Den er åben.«", "Den er åben."),
        ("Open :) and 1) wide", "Open :) and 1) wide"),
        ("It opened.The city rejoiced", "It opened. The city rejoiced"),
        ("so   much\u00a0space ,here", "so much space ,here"),
        ("one line\r\n\r\n\r\n\r\ntwo lines", "one line\n\ntwo lines"),
        ("wait......", "wait…"),
        ("zero\u200bwidth \u202eflip \x1b[31mred\x00", "zerowidth flip [31mred".replace("[", "")),
        ("half \ud83d emoji", "half emoji"),
        ("half \U0001f1e9 flag", "half flag"),
        ("joiner 😷\u200d end", "joiner 😷 end"),
        ("", ""),
        ("<|im_end|>", ""),
    ],
)
def test_only_what_was_meant_stays(raw: str, text: str) -> None:
    assert clean(raw).text == text


@pytest.mark.parametrize(
    "text",
    [
        "Line one\nline two\n\nline four",
        "Mixed 👨‍👩‍👧‍👦 families 🇳🇴 ❤️‍🔥 1️⃣",
        "می‌خواهم",
        "क्‍ष",
        "Price: £5 (was £7) [sic]",
        "Dr. Who & Mr. Bean vs. the 3.5% rule",
        "Er sagt „nein“ dazu.",
        "Er sagt »nein« und »ja« dazu.",
        "Powiedział „nie chce” wczoraj.",
        "Han sa ”nej” till allt.",
        "Hän sanoi »ei» eilen.",
        "Il dit « oui » aujourd'hui.",
        "A “first” and a “second (and) third” time",
        "Sie rief „er “lügt” doch“ hinaus.",
        "Open (page 1) today",
        "Here is a tweet that changed history",
        "Here is a tweet that changed history: one word",
        "Her last words were Tweet 1: 10 and a laugh",
        "Tweet 1:10 of the psalm",
        "Tweets - and other birds",
        "Sure! Here we go again",
        "AT&T & R&D; if a <b and c> d, I <3 it",
    ],
)
def test_what_is_well_formed_is_left_alone(text: str) -> None:
    assert clean(text).text == text
    assert not clean(text).cut


def test_an_unfinished_sentence_is_dropped() -> None:
    cleaned = clean("The bridge is open. It took the city sev", complete=False)
    assert cleaned.text == "The bridge is open."
    assert cleaned.cut


def test_of_a_single_unfinished_sentence_only_the_last_word_goes() -> None:
    cleaned = clean("The bridge that took the city sev", complete=False)
    assert (cleaned.text, cleaned.cut) == ("The bridge that took the city", True)


def test_a_finished_sentence_at_the_token_limit_is_whole() -> None:
    assert not clean("The bridge is open.", complete=False).cut


def test_a_word_of_many_full_stops_is_dropped() -> None:
    assert clean("look " + "a." * 400 + " here").text == "look here"


@given(MODEL_TEXT)
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    once = clean(raw).text
    assert clean(once).text == once


@given(MODEL_TEXT)
def test_tidying_twice_changes_nothing(raw: str) -> None:
    once = tidy(raw)
    assert tidy(once) == once


@given(MODEL_TEXT)
def test_no_marker_and_no_bare_space_is_left(raw: str) -> None:
    text = clean(raw).text
    assert "  " not in text
    assert text == text.strip()


def test_the_mark_for_the_link_is_kept() -> None:
    assert clean(f"Open {LINK_MARK} at last").text == f"Open {LINK_MARK} at last"
