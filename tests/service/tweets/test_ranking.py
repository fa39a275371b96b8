from __future__ import annotations

from dataclasses import fields, replace

import pytest

from service.tweets import ranking
from service.tweets.postprocess import Context, make_tweet
from service.tweets.tweet import Candidate, Claim, ScoreParts, Tweet

OWN = "Seven years of work, and Norrhamn can at last walk across its harbour"
ECHO = "Harbour bridge opens after seven years"
FOREIGN = "Seven years of work, and Bergen can at last walk across its 99 harbours"


def tweet(context: Context, text: str, index: int = 0, mean_logprob: float = -1.0) -> Tweet:
    return make_tweet(Candidate(index, text, mean_logprob), context)


def test_words_of_its_own_rank_above_a_bare_echo(context: Context) -> None:
    own, echo = tweet(context, OWN, 1), tweet(context, ECHO, 0)
    assert echo.headline_overlap == 1.0
    assert own.headline_overlap < 0.5
    assert ranking.rank([echo, own])[0] is own


@pytest.mark.parametrize("num_echoes", [1, 7])
def test_agreement_on_an_echo_does_not_put_it_first(context: Context, num_echoes: int) -> None:
    echoes = [tweet(context, ECHO, i, -0.1) for i in range(num_echoes)]
    own = tweet(context, OWN, num_echoes, -0.4)
    best = ranking.rank(ranking.with_consensus([*echoes, own]))[0]
    assert best.text.startswith("Seven years of work")


def test_words_that_the_model_itself_doubts_do_not_take_the_lead(context: Context) -> None:
    echoes = [tweet(context, ECHO, i, -0.1) for i in range(7)]
    doubtful = tweet(context, OWN, 7, -1.0)
    best = ranking.rank(ranking.with_consensus([*echoes, doubtful]))[0]
    assert best.text.startswith("Harbour bridge opens")


def test_foreign_words_of_its_own_give_no_tweet_the_lead(context: Context) -> None:
    echoes = [tweet(context, ECHO, i, -0.1) for i in range(3)]
    ranked = ranking.rank(ranking.with_consensus([*echoes, tweet(context, FOREIGN, 3, -0.1)]))
    assert ranked[0].text.startswith("Harbour bridge opens")


def test_consensus_is_the_mean_likeness_to_the_others(context: Context) -> None:
    texts = ["Norrhamn has a bridge", "Norrhamn has a tram", "Quiet harbour"]
    tweets = [tweet(context, text, i) for i, text in enumerate(texts)]
    found = ranking.with_consensus(tweets, link=context.link)
    assert [t.score_parts.consensus for t in found] == [0.375, 0.375, 0.0]
    assert found[0].score > found[2].score


def test_one_candidate_agrees_with_nobody(context: Context) -> None:
    assert ranking.with_consensus([tweet(context, OWN)])[0].score_parts.consensus == 0.0


def test_a_grounded_tweet_ranks_above_a_foreign_one(context: Context) -> None:
    best = ranking.rank([tweet(context, FOREIGN, 0), tweet(context, OWN, 1)])[0]
    assert best.text.startswith("Seven years of work, and Norrhamn")


def test_the_likelier_of_two_equals_ranks_first(context: Context) -> None:
    sure, unsure = tweet(context, OWN, 1, -0.2), tweet(context, OWN, 0, -3.0)
    assert ranking.rank([unsure, sure])[0] is sure


def test_equal_scores_keep_the_order_of_drawing(context: Context) -> None:
    tweets = [tweet(context, OWN, i) for i in (2, 0, 1)]
    assert [t.index for t in ranking.rank(tweets)] == [0, 1, 2]


def test_near_duplicates_are_dropped(context: Context) -> None:
    other = "Trams will cross the quietest bridge in Europe every ten minutes"
    texts = [OWN, OWN.upper() + "!", OWN.replace("last", "least"), other]
    kept = ranking.distinct([tweet(context, text) for text in texts])
    assert [t.text.split()[0] for t in kept] == ["Seven", "Trams"]


def test_texts_without_words_are_the_same_only_when_equal() -> None:
    assert ranking.is_duplicate("😷", "😷")
    assert not ranking.is_duplicate("😷", "👾")


def test_the_score_is_the_weighted_mean() -> None:
    zero = ScoreParts(*[0.0] * len(fields(ScoreParts)))
    weights = replace(zero, lead=3.0, form=1.0)
    assert ranking.score(replace(zero, lead=1.0), weights) == 0.75


def test_all_parts_are_from_0_to_1(context: Context) -> None:
    for text in (OWN, ECHO, FOREIGN, "A", "bridge " * 60, "😷"):
        parts = tweet(context, text, mean_logprob=0.5).score_parts
        assert all(0.0 <= getattr(parts, field.name) <= 1.0 for field in fields(ScoreParts))


@pytest.mark.parametrize(
    ("text", "title", "share"),
    [
        ("a bridge opens", "A bridge opens today", 1.0),
        ("opens a bridge", "A bridge opens", 2 / 3),
        ("wholly new words", "A bridge opens", 0.0),
        ("a bridge", "", 0.0),
        ("", "A bridge", 0.0),
    ],
)
def test_headline_overlap(text: str, title: str, share: float) -> None:
    assert ranking.headline_overlap(text, title) == pytest.approx(share)


def test_each_foreign_claim_costs(context: Context) -> None:
    claims = [Claim("name", "Bergen"), Claim("number", "99")]
    assert ranking.grounding(claims[:0]) > ranking.grounding(claims[:1]) > ranking.grounding(claims)


def test_length_is_best_in_the_middle() -> None:
    assert ranking.length_fit(10, 280) < ranking.length_fit(120, 280) == 1.0
    assert ranking.length_fit(280, 280) == 0.5


def test_form_counts_cuts_removals_and_repeats() -> None:
    good = ranking.form("bridge opens", truncated=False, num_removed=0)
    assert good == 1.0
    assert ranking.form("bridge opens", truncated=True, num_removed=0) < good
    assert ranking.form("bridge opens", truncated=False, num_removed=1) < good
    assert ranking.form("bridge bridge bridge", truncated=False, num_removed=0) < good
