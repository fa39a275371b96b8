from __future__ import annotations

import pytest

from service.articles.article import Article
from service.tweets.overlap import EMPTY, build_index
from training.judging.metrics import Scores, Told, measure, rouge_l

ARTICLE = Article("", "The mayor of Ostwick opened the bridge. It cost 3,000 crowns.")
TRUE = "Ostwick opens a bridge for 3,000 crowns"


def scores(*texts: str) -> Scores:
    return measure([Told(text, TRUE, ARTICLE) for text in texts], EMPTY)


def test_the_true_tweet_is_perfect() -> None:
    found = scores(TRUE)
    assert found.rouge_l == found.rouge_1 == pytest.approx(100)
    assert found.bleu == pytest.approx(100)
    assert (found.ungrounded, found.ungrounded_tweets, found.postable) == (0, 0, 100)


def test_nothing_in_common_is_zero() -> None:
    assert scores("Fish swim").rouge_l == 0


def test_foreign_names_and_numbers_are_counted_among_all() -> None:
    found = scores("Zembla opens a bridge for 3,000 crowns", TRUE)
    assert found.ungrounded == pytest.approx(100 / 4)
    assert found.ungrounded_tweets == 50


def test_repeats_are_less_distinct() -> None:
    assert scores(TRUE, TRUE).distinct_1 == scores(TRUE).distinct_1 / 2


def test_training_tweets_count_as_memorised() -> None:
    told = [Told(TRUE, TRUE, ARTICLE), Told("Rain fell in Ostwick all day", TRUE, ARTICLE)]
    assert measure(told, build_index([TRUE])).memorised == 50


def test_what_x_would_refuse_is_not_postable() -> None:
    assert scores("word " * 100, "").postable == 0


def test_rouge_l_is_the_f_measure_of_the_longest_common_run() -> None:
    assert rouge_l("a b c d", "a b x d") == pytest.approx(0.75)
