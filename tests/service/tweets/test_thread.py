from __future__ import annotations

import pytest

from service.articles.article import Article
from service.errors import NoPostableTweet
from service.tweets.length import is_postable
from service.tweets.postprocess import Context, context_for, make_tweet
from service.tweets.thread import MAX_POSTS, MIN_POSTS, make_thread
from service.tweets.tweet import Candidate, Tweet, TweetRules

OPENING = "Seven years of work, and Norrhamn can at last walk across its harbour"


@pytest.fixture
def opening(context: Context) -> Tweet:
    return make_tweet(Candidate(0, OPENING, -1.0), context)


@pytest.mark.parametrize("num_posts", range(MIN_POSTS, MAX_POSTS + 1))
def test_posts_are_numbered_and_postable(num_posts: int, opening: Tweet, context: Context) -> None:
    posts = make_thread(opening, context, num_posts)
    assert 2 <= len(posts) <= num_posts
    assert [post.text.split()[0] for post in posts] == [
        f"{i}/{len(posts)}" for i in range(1, len(posts) + 1)
    ]
    assert all(is_postable(post.text) and post.ungrounded == () for post in posts)


def test_the_link_stands_in_the_last_post_alone(opening: Tweet, context: Context) -> None:
    posts = make_thread(opening, context, 4)
    assert [context.link in post.text for post in posts] == [False, False, False, True]


def test_the_opening_comes_first_and_is_not_said_again(opening: Tweet, context: Context) -> None:
    posts = make_thread(opening, context, 4)
    assert posts[0].text == f"1/4 {OPENING}"
    assert len({post.text.partition(" ")[2] for post in posts}) == 4


def test_sentences_keep_the_articles_order(opening: Tweet, context: Context) -> None:
    posts = make_thread(opening, context, 5)[1:]
    at = [context.article.text.find(post.text.split(" ", 1)[1][:20]) for post in posts]
    assert at == sorted(at)
    assert -1 not in at


def test_a_quoted_sentence_keeps_what_a_model_would_not_mean() -> None:
    said = "Answer: the <|im_end|> token ends a turn of every chat."
    context = context_for(Article("", said), TweetRules())
    opening = make_tweet(Candidate(0, OPENING, -1.0), context)
    assert make_thread(opening, context, 2)[1].text == f"2/2 {said}"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "noise", ["橋" * 1_900, "👩‍👩‍👧‍👦" * 170, "a" + "\u0316" * 1_800, "a.b " * 400]
)
def test_what_fits_no_post_costs_no_time(noise: str, opening: Tweet, context: Context) -> None:
    said = "The city rejoiced when the first tram crossed it."
    article = Article("", "\n".join([*[f"{noise}."] * 120, said]))
    odd = context_for(article, context.rules)
    assert make_thread(opening, odd, 3)[1].text.startswith(f"2/2 {said}")


def test_an_article_of_one_sentence_makes_no_thread() -> None:
    context = context_for(Article("", "The harbour bridge has opened."), TweetRules())
    opening = make_tweet(Candidate(0, "The harbour bridge has opened.", -1.0), context)
    with pytest.raises(NoPostableTweet):
        make_thread(opening, context, 3)


FOUR = (
    "The old harbour bridge opened to traffic again on Monday after two years of repairs. "
    "Engineers replaced 1,200 rivets and the whole of the rusted deck. "
    "The city says that the bridge will now carry trams as well, from next spring. "
    "Some four thousand people walked across it in the first hour."
)


@pytest.mark.parametrize(
    ("text", "max_length", "said"),
    [
        (FOUR, 40, "fits into max_length"),
        (" ".join(["The bridge and its many rusted rivets"] * 20) + ".", 280, "fits into"),
        ("The harbour bridge has opened.", 40, "too short"),
        ("The harbour bridge has opened.", 280, "too short"),
    ],
)
def test_what_makes_no_thread_is_told(text: str, max_length: int, said: str) -> None:
    context = context_for(Article("", text), TweetRules(max_length=max_length))
    opening = make_tweet(Candidate(0, "The harbour bridge has opened.", -1.0), context)
    with pytest.raises(NoPostableTweet, match=said):
        make_thread(opening, context, 4)
