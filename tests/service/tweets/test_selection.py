from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from service.errors import Memorised, NoPostableTweet, Ungrounded
from service.tweets.overlap import build_index
from service.tweets.postprocess import Context
from service.tweets.selection import choose, default_best_of
from service.tweets.tweet import Candidate

GOOD = [
    "Seven years of work, and Norrhamn can at last walk across its harbour",
    "Trams will cross the quietest bridge in Europe every ten minutes",
    "Nearly half of the new deck belongs to those who cycle",
    "The city opened it for less money than anyone had planned",
]
COPIED = "An old tweet that was learnt by heart and says what it always said"


class Model:
    """Texts by index, as an engine gives them; keeps what was asked of it."""

    def __init__(self, text: Callable[[int], str]) -> None:
        self.text = text
        self.asked: list[tuple[int, int]] = []

    def __call__(self, k: int, first_index: int) -> Sequence[Candidate]:
        self.asked.append((k, first_index))
        return [Candidate(i, self.text(i), -1.0) for i in range(first_index, first_index + k)]


def cycling(texts: list[str]) -> Model:
    return Model(lambda i: texts[i % len(texts)])


def test_one_tweet_is_the_best_of_eight(context: Context) -> None:
    model = cycling(GOOD)
    assert len(choose(context, model).tweets) == 1
    assert model.asked == [(8, 0)]


def test_the_best_comes_first_and_all_differ(context: Context) -> None:
    tweets = choose(context, cycling(GOOD), n=3).tweets
    assert len({t.text for t in tweets}) == 3
    assert [t.score for t in tweets] == sorted((t.score for t in tweets), reverse=True)


@pytest.mark.parametrize(("n", "best_of"), [(1, 8), (3, 8), (6, 12)])
def test_the_default_of_best_of(n: int, best_of: int) -> None:
    assert default_best_of(n) == best_of


def test_best_of_is_never_less_than_n(context: Context) -> None:
    model = cycling(GOOD)
    choose(context, model, n=3, best_of=1)
    assert model.asked[0] == (3, 0)


def test_duplicates_are_drawn_again_from_where_drawing_stopped(context: Context) -> None:
    model = Model(lambda i: GOOD[0] if i < 3 else GOOD[i % 4])
    selection = choose(context, model, n=3, best_of=3)
    assert model.asked[:2] == [(3, 0), (2, 3)]
    assert len(selection.tweets) == 3
    assert selection.num_duplicates >= 2


def test_what_most_candidates_say_comes_first(context: Context) -> None:
    often = [GOOD[2], GOOD[2].replace("Nearly", "Almost"), GOOD[2] + " now"]
    best = choose(context, cycling([GOOD[3], *often]), best_of=4).tweets[0]
    assert "half of the new deck" in best.text
    assert best.score_parts.consensus > 0.5


def test_candidates_are_the_same_whatever_best_of(context: Context) -> None:
    few, many = (choose(context, cycling(GOOD), best_of=k, n=2).tweets for k in (2, 4))
    by_index = {t.index: t.text for t in many}
    assert all(by_index.get(t.index, t.text) == t.text for t in few)


def test_a_copied_tweet_is_drawn_again(context: Context) -> None:
    context = replace(context, memory=build_index([COPIED]))
    model = Model(lambda i: COPIED if i < 8 else GOOD[0])
    selection = choose(context, model)
    assert model.asked == [(8, 0), (1, 8)]
    assert selection.num_memorised == 8
    assert selection.tweets[0].text.startswith("Seven years")


def test_redraws_are_bounded_and_then_the_copy_is_refused(context: Context) -> None:
    context = replace(
        context,
        memory=build_index([COPIED]),
        rules=replace(context.rules, fallback=False),
    )
    model = cycling([COPIED])
    with pytest.raises(Memorised):
        choose(context, model, max_redraws=3)
    assert len(model.asked) == 4


def test_greedy_drawing_is_not_repeated(context: Context) -> None:
    model = cycling([""])
    assert choose(context, model, best_of=1, max_redraws=0).tweets[0].fallback
    assert model.asked == [(1, 0)]


def test_a_foreign_tweet_is_refused_where_the_rules_say_so(context: Context) -> None:
    rules = replace(context.rules, ungrounded="reject", fallback=False)
    with pytest.raises(Ungrounded):
        choose(replace(context, rules=rules), cycling(["Bergen has a new bridge, says Kowalczyk"]))


def test_a_foreign_tweet_is_reported_otherwise(context: Context) -> None:
    tweet = choose(context, cycling(["Bergen has a new bridge, says Kowalczyk"])).tweets[0]
    assert [claim.text for claim in tweet.ungrounded] == ["Bergen", "Kowalczyk"]


def test_kept_hashtags_are_no_reason_to_refuse(context: Context) -> None:
    rules = replace(context.rules, hashtags="keep", ungrounded="reject", fallback=False)
    selection = choose(replace(context, rules=rules), cycling([f"{GOOD[0]} #mondays"]))
    assert "#mondays" in selection.tweets[0].text


def test_when_nothing_passes_the_article_speaks(context: Context) -> None:
    tweet = choose(context, cycling(["<|im_end|>", "  ", "@evil"])).tweets[0]
    assert tweet.fallback
    assert tweet.text.startswith("Harbour bridge opens after seven years. Mayor Ilse Brandvold")


def test_without_a_fallback_nothing_is_an_error(context: Context) -> None:
    rules = replace(context.rules, fallback=False)
    with pytest.raises(NoPostableTweet):
        choose(replace(context, rules=rules), cycling([""]))


def test_the_same_candidates_give_the_same_tweets(context: Context) -> None:
    assert choose(context, cycling(GOOD), n=3) == choose(context, cycling(GOOD), n=3)
