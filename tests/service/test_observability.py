"""Log lines and numbers: what they say, and what they keep to themselves."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

import pytest
from flask.testing import FlaskClient

from service.answers import usage_of
from service.errors import ConfigError, ModelDamaged
from service.generation import Candidate, TokenLogprob, Usage
from service.observability import JsonFormatter, Metrics
from service.prompts import Prompt
from tests.service.api.conftest import app, client, config, parts, reader, runner

__all__ = ["app", "client", "config", "parts", "reader", "runner"]
TIMES = {"queue_ms": 0.0, "prefill_ms": 0.0, "decode_ms": 1000.0}


def candidate(num_tokens: int) -> Candidate:
    tokens = tuple(TokenLogprob(1, 0.0, ()) for _ in range(num_tokens))
    return Candidate(0, "", "stop", None, tokens)


def usage(*draws: Sequence[int]) -> Usage:
    return usage_of(Prompt((1, 2, 3)), [[candidate(n) for n in draw] for draw in draws])


@pytest.mark.parametrize(
    ("draws", "steps"), [([[11]], 10), ([[11, 3, 7]], 10), ([[11, 3], [6]], 15), ([[1, 1]], 0)]
)
def test_candidates_are_written_side_by_side(draws: list[list[int]], steps: int) -> None:
    used = usage(*draws)
    assert (used.num_steps, used.completion_tokens) == (steps, sum(map(sum, draws)))


@pytest.mark.parametrize("num_candidates", [1, 8])
def test_the_time_of_a_token_does_not_depend_on_the_candidates(num_candidates: int) -> None:
    metrics = Metrics()
    metrics.observe("tiny", usage([21] * num_candidates), TIMES)
    told = metrics.render().decode()
    assert 'doc2tweet_time_per_output_token_seconds_sum{model="tiny"} 0.05' in told


def test_steps_are_no_part_of_an_answer(client: FlaskClient) -> None:
    answer = client.post("/generate", json={"prompt": "a", "n": 2, "max_tokens": 4})
    assert set(answer.json["usage"]) == {"prompt_tokens", "completion_tokens", "total_tokens"}  # type: ignore[index]


def line(error: Exception) -> dict[str, object]:
    record = logging.LogRecord("a", 40, "a.py", 1, "failed", None, (type(error), error, None))
    told: dict[str, object] = json.loads(JsonFormatter().format(record))["exception"]
    return told


@pytest.mark.parametrize("kind", [ConfigError, ModelDamaged])
def test_what_is_wrong_with_the_installation_is_said(kind: type[ConfigError]) -> None:
    told = line(kind("accounts.toml holds secrets that everybody can read"))
    assert told["message"] == "accounts.toml holds secrets that everybody can read"


def test_other_messages_may_quote_a_user_and_are_kept_back() -> None:
    assert "message" not in line(ValueError("My secret prompt"))
