"""What the pipeline refuses, and with which numbers, before it costs anything."""

from __future__ import annotations

from typing import Any

import pytest

from service.api.parts import Parts
from service.api.schemas import ChatSchema, TweetSchema, check
from service.errors import PromptTooLong, ValidationFailed
from service.pipeline import Patient
from tests.fake_service import MAX_MODEL_LEN
from tests.service.api.conftest import config, parts, reader, runner

__all__ = ["config", "parts", "reader", "runner"]


def told(error: PromptTooLong) -> tuple[Any, Any]:
    return error.extra["max_tokens"], error.extra["max_model_len"]


@pytest.mark.parametrize("max_tokens", [MAX_MODEL_LEN, 3000])
def test_a_conversation_that_does_not_fit_is_told_the_models_own_numbers(
    parts: Parts, max_tokens: int
) -> None:
    messages = [{"role": "user", "content": "hi"}]
    asked = check(ChatSchema(), {"messages": messages, "max_tokens": max_tokens})
    with pytest.raises(PromptTooLong) as caught:
        parts.pipeline.chat(asked, "id", Patient())
    assert told(caught.value) == (max_tokens, MAX_MODEL_LEN)


def test_the_prompt_is_counted_as_it_would_be_used(parts: Parts) -> None:
    messages = [{"role": "user", "content": "hi"}]
    fits = parts.pipeline.chat(
        check(ChatSchema(), {"messages": messages, "max_tokens": 1}), "id", Patient()
    )
    asked = check(ChatSchema(), {"messages": messages, "max_tokens": MAX_MODEL_LEN})
    with pytest.raises(PromptTooLong) as caught:
        parts.pipeline.chat(asked, "id", Patient())
    assert caught.value.num_prompt_tokens == fits.usage.prompt_tokens


def test_an_article_without_room_is_told_the_models_own_numbers(parts: Parts) -> None:
    asked = check(TweetSchema(), {"text": "It rained all day.", "max_tokens": 32768})
    with pytest.raises(PromptTooLong) as caught:
        parts.pipeline.tweet(asked, "id", Patient())
    assert told(caught.value) == (32768, MAX_MODEL_LEN)


@pytest.mark.parametrize(
    ("members", "named"),
    [({"best_of": 5}, {"best_of"}), ({"n": 5}, {"n"}), ({"n": 5, "best_of": 6}, {"n", "best_of"})],
)
def test_more_than_there_are_rows_is_refused_by_name_before_the_article_is_read(
    parts: Parts, members: dict[str, int], named: set[str]
) -> None:
    asked = check(TweetSchema(), {"url": "http://127.0.0.1:9/never-asked"} | members)
    with pytest.raises(ValidationFailed, match="at most 4 here") as caught:
        next(parts.pipeline.stream_tweet(asked, "id", Patient()))
    assert set(caught.value.errors) == named


def test_greedy_drawing_needs_one_row(parts: Parts) -> None:
    members = {"text": "It rained all day.", "best_of": 5, "temperature": 0.0, "max_tokens": 8}
    asked = check(TweetSchema(), members)
    assert len(parts.pipeline.tweet(asked, "id", Patient()).tweets) == 1
