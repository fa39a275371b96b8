"""What a tweet becomes, and which are dropped for what reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.importers.cleaning import clean
from training.importers.dates import to_utc
from training.importers.raw import RawTweet
from training.importers.selection import SelectionOptions, is_cut_off, select

LONG = "The ferry to Saint Orrin runs until midnight"
REASONS = ("retweets", "replies", "short", "cut off", "duplicates", "kept")


def raw(text: str, **fields: bool) -> RawTweet:
    return RawTweet(id=text, text=text, **fields)


def counts(*raws: RawTweet, options: SelectionOptions = SelectionOptions()) -> dict[str, int]:  # noqa: B008
    return select(raws, options).counts


@pytest.mark.parametrize(
    ("tweet", "reason"),
    [
        (raw("RT @ellerypost: " + LONG), "retweets"),
        (raw(LONG, is_retweet=True), "retweets"),
        (raw("@adaquillan " + LONG), "replies"),
        (raw(LONG, is_reply=True), "replies"),
        (raw("Morning! https://t.co/a"), "short"),
        (raw("Thanks @adaquillan @bramokafor"), "short"),
        (raw(LONG * 3 + " and th… https://t.co/a"), "cut off"),
        (raw(LONG), "kept"),
        (raw("." + "@adaquillan " + LONG), "kept"),
        (raw("港の渡し船は真夜中まで走る"), "kept"),
    ],
)
def test_each_tweet_is_counted_once(tweet: RawTweet, reason: str) -> None:
    result = counts(tweet)
    assert [name for name in REASONS if result[name]] == [reason]


def test_options_keep_what_is_dropped_by_default() -> None:
    raws = [raw("RT @a: " + LONG), raw("@a " + LONG), raw("Hi"), raw(LONG), raw(LONG + ".")]
    options = SelectionOptions(
        keep_retweets=True, keep_replies=True, min_chars=0, keep_duplicates=True
    )
    assert counts(*raws, options=options)["kept"] == 5


def test_the_same_words_in_other_dress_are_a_duplicate() -> None:
    assert counts(raw(LONG), raw(LONG.upper() + "!! https://t.co/b"))["duplicates"] == 1


def test_duplicates_are_kept_even_with_equal_ids() -> None:
    raws = [RawTweet("1.6E+18", LONG), RawTweet("1.6E+18", LONG), RawTweet("1.6E+18", LONG * 2)]
    assert counts(*raws, options=SelectionOptions(keep_duplicates=True))["kept"] == 3


def test_a_short_text_with_an_ellipsis_was_written_so() -> None:
    assert not is_cut_off("And then… [LINK]")
    assert is_cut_off("word " * 30 + "wor… [LINK]")


@given(st.lists(st.builds(raw, st.text(max_size=60), is_reply=st.booleans()), max_size=12))
def test_the_counts_always_add_up(raws: list[RawTweet]) -> None:
    result = counts(*raws)
    assert result["read"] == sum(result[name] for name in REASONS) == len(raws)


@pytest.mark.parametrize(
    ("text", "clean_text", "links"),
    [
        ("See https://a.example/x.", "See [LINK].", ("https://a.example/x",)),
        ("(https://a.example/x)", "([LINK])", ("https://a.example/x",)),
        ("https://a.example/?a=1&amp;b=2", "[LINK]", ("https://a.example/?a=1&b=2",)),
        ("So true https://x.com/ada/status/1", "So true", ()),
        (
            "https://X.example/1 https://b.example",
            "[LINK] [LINK]",
            ("https://X.example/1", "https://b.example"),
        ),
        ("All of it.… https://t.co/a", "All of it. [LINK]", ("https://t.co/a",)),
        ("a\r\nb\n\n\n\nc\x00  d", "a\nb\n\nc d", ()),
        ("Tom &amp;amp; Jerry", "Tom &amp; Jerry", ()),
        ("👩‍👩‍👧 e\u0301", "👩‍👩‍👧 é", ()),
        ("https://[broken", "[LINK]", ("https://[broken",)),
        (
            "港https://t.co/abcです。次https://t.co/d",
            "港[LINK]です。次[LINK]",
            ("https://t.co/abc", "https://t.co/d"),
        ),
        ("（https://t.co/abc）と", "（[LINK]）と", ("https://t.co/abc",)),
        ("https://news.example/a-1。港で", "[LINK]。港で", ("https://news.example/a-1",)),
        ("https://news.exampleの記事", "[LINK]の記事", ("https://news.example",)),
        ("https://港.example/a 港", "[LINK] 港", ("https://港.example/a",)),
        ("读https://x.com/ada/status/1，好", "读，好", ()),
        ("https://t.co/ahttps://t.co/b", "[LINK][LINK]", ("https://t.co/a", "https://t.co/b")),
    ],
)
def test_cleaning(text: str, clean_text: str, links: tuple[str, ...]) -> None:
    tweet = clean(raw(text))
    assert (tweet.text, tweet.links) == (clean_text, links)


@given(st.text())
def test_cleaning_takes_any_text_and_is_done_once(text: str) -> None:
    once = clean(raw(text.replace("&", ""))).text
    assert clean(raw(once)).text == once


@pytest.mark.parametrize(
    ("text", "clean_text", "link"),
    [
        ("港の記事https://t.co/abcです。とても良い", "港の記事[LINK]です。とても良い", "real"),
        ("（https://t.co/abc）港", "（[LINK]）港", "real"),
        ("https://t.co/abcé", "[LINK]é", "real"),
        ("https://t.co/abcd", "[LINK]", "https://t.co/abcd"),
        ("https://ferry.example/港/1 港", "[LINK] 港", "port"),
        ("https://ferry.example/港/12", "[LINK]港/12", "https://ferry.example/"),
    ],
)
def test_a_link_that_the_source_names_ends_where_it_says(
    text: str, clean_text: str, link: str
) -> None:
    links = (("https://t.co/abc", "real"), ("https://ferry.example/港/1", "port"))
    tweet = clean(RawTweet("1", text, links=links))
    assert (tweet.text, tweet.links) == (clean_text, (link,))


def test_a_link_beside_the_text_counts_more_than_a_short_one_in_it() -> None:
    tweet = clean(RawTweet("1", "Read https://t.co/a", links=(("", "https://a.example/real"),)))
    assert (tweet.text, tweet.links) == ("Read [LINK]", ("https://a.example/real",))


def test_half_an_emoji_is_left_out_of_all_that_is_written() -> None:
    text = "Read https://t.co/a \ud83d"
    raws = [
        RawTweet("1\ud83d", text, "\ud83d", links=(("https://t.co/a", "http://a/\ud83d"),)),
        RawTweet("2", text, links=(("", "http://a/\ud83d"),)),
    ]
    assert [clean(raw).links for raw in raws] == [("http://a/",)] * 2
    assert (clean(raws[0]).id, clean(raws[0]).text) == ("1", "Read [LINK]")


@pytest.mark.parametrize(
    "text",
    [
        "Sun Dec 31 14:36:59 +0000 2023",
        "2023-12-31T14:36:59Z",
        "2023-12-31 14:36:59",
        "2023-12-31 15:36:59 +0100",
        "1704033419",
        "1704033419000",
    ],
)
def test_dates_of_exports(text: str) -> None:
    assert to_utc(text) == "2023-12-31T14:36:59+00:00"


@pytest.mark.parametrize(
    "text",
    ["", "soon", "1999-01-01", "2031-01-01", "0001-01-01T00:00:00+14:00", "9" * 13, "²" * 10],
)
def test_no_date_or_an_impossible_one_is_unknown(text: str) -> None:
    assert to_utc(text, now=datetime(2024, 1, 1, tzinfo=UTC)) == ""
