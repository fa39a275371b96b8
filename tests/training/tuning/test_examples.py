from __future__ import annotations

from dataclasses import replace

import pytest
from tokenizers import Tokenizer as Backend

from service.errors import PromptTooLong, TrainingDataError
from service.prompts import article_prompt
from service.tokenizer import Tokenizer
from tests.tiny_models import model_spec, tokenizer_json
from training.pairs import Pair
from training.tuning.casing import Casing
from training.tuning.examples import (
    ExampleMaker,
    ExampleOptions,
    PairDataset,
    require_kind,
    training_pairs,
)
from training.tuning.voices import voice_prompt

TOKENIZER = Tokenizer(Backend.from_str(tokenizer_json()))
SPEC = model_spec(voice_prompt("chatml"))
PAIR = Pair(
    id="1",
    title="Bridge opens",
    article="The mayor opened the new bridge on Tuesday. It cost 3,000 crowns.",
    tweet="Zembla has a new bridge, and it cost 3,000 crowns",
)


def maker(**options: object) -> ExampleMaker:
    return ExampleMaker(TOKENIZER, SPEC, ExampleOptions(**options), Casing())  # type: ignore[arg-type]


def test_the_prompt_is_the_one_that_is_served() -> None:
    example = maker().make(PAIR, with_title=True)
    served = article_prompt(TOKENIZER, SPEC, PAIR.title, PAIR.article, 512)
    assert example.token_ids[: example.num_prompt_tokens] == served.token_ids


def test_the_answer_is_the_tweet_and_its_end() -> None:
    example = maker().make(PAIR, with_title=False)
    answer = example.token_ids[example.num_prompt_tokens :]
    assert TOKENIZER.decode(answer) == PAIR.tweet
    assert answer[-1] == TOKENIZER.special_id("<|im_end|>")
    assert example.weights == (1.0,) * len(answer)


def test_names_that_the_prompt_does_not_hold_are_not_learned() -> None:
    example = maker(ungrounded_weight=0.0).make(PAIR, with_title=False)
    answer = example.token_ids[example.num_prompt_tokens :]
    pairs = zip(answer, example.weights, strict=True)
    kept = TOKENIZER.decode(token for token, weight in pairs if weight)
    assert kept == PAIR.tweet.removeprefix("Zembla")


def test_a_pair_without_an_article_is_text_alone() -> None:
    spec = model_spec(voice_prompt("chatml", style_only=True))
    style = ExampleMaker(TOKENIZER, spec, ExampleOptions(), Casing())
    example = style.make(replace(PAIR, article=""), with_title=False)
    assert example.num_prompt_tokens == 1
    assert TOKENIZER.decode(example.token_ids) == PAIR.tweet


def test_a_long_article_leaves_room_for_the_tweet() -> None:
    long = replace(PAIR, article=PAIR.article * 50)
    example = maker(max_tokens=120).make(long, with_title=True)
    assert len(example.token_ids) <= 120
    assert TOKENIZER.decode(example.token_ids[example.num_prompt_tokens :]) == PAIR.tweet


def test_a_tweet_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(PromptTooLong):
        maker(max_tokens=20).make(PAIR, with_title=False)


def test_titles_are_dropped_in_about_the_share_asked_for() -> None:
    pairs = [replace(PAIR, id=str(i)) for i in range(200)]
    dataset = PairDataset(pairs, maker(), title_drop=0.5)
    lengths = dataset.lengths()
    assert 70 < sum(length > min(lengths) for length in lengths) < 130


def test_each_epoch_draws_anew_and_the_same_epoch_the_same() -> None:
    pairs = [replace(PAIR, id=str(i)) for i in range(50)]
    dataset = PairDataset(pairs, maker(), title_drop=0.5)
    first = dataset.lengths()
    dataset.set_epoch(1)
    assert dataset.lengths() != first
    dataset.set_epoch(0)
    assert dataset.lengths() == first


def test_pairs_that_only_tease_are_left_out() -> None:
    pairs = [replace(PAIR, id=str(i), teaser=i / 40) for i in range(40)]
    assert len(training_pairs(pairs, 0.5)) == 21


def test_too_few_pairs_say_how_many_are_needed() -> None:
    with pytest.raises(TrainingDataError, match=r"3 pairs .* at least 20"):
        training_pairs([PAIR] * 3, 1.0)


def test_capitals_go_where_the_prompt_has_no_title_in_capitals() -> None:
    shouted = replace(PAIR, title="Mayor Opens New Bridge", tweet="Mayor Opened The New Bridge")
    cases = maker(sentence_case=True)
    assert cases.target(shouted, "") == "Mayor opened the new bridge"
    assert cases.target(shouted, "New bridge opens") == "Mayor opened the new bridge"
    assert cases.target(shouted, shouted.title) == shouted.tweet


def test_a_tweet_without_room_is_left_out() -> None:
    style = model_spec(voice_prompt("chatml", style_only=True))
    texts = ExampleMaker(TOKENIZER, style, ExampleOptions(max_tokens=60), Casing())
    for made, article in ((maker(max_tokens=100), PAIR.article), (texts, "")):
        short = replace(PAIR, article=article)
        assert made.fitting([short, replace(short, tweet=PAIR.tweet * 5)]) == [short]


@pytest.mark.parametrize("style_only", [True, False])
def test_pairs_of_the_other_kind_are_refused(style_only: bool) -> None:
    pair = replace(PAIR, article=PAIR.article * style_only)
    require_kind([replace(pair, article=PAIR.article * (not style_only))], style_only=style_only)
    with pytest.raises(TrainingDataError, match="--style-only"):
        require_kind([pair], style_only=style_only)
