"""The clients that people have: OpenAI's own, and a machine that tries everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from schemathesis import Case

from tests.e2e.serving import MODEL, Service

DOCUMENT = Path(__file__).parents[2] / "openapi.yaml"
SCHEMA = schemathesis.openapi.from_path(str(DOCUMENT))
# What no schema can say: a URL that may not be fetched, a prompt over the context.
SCHEMA.config.checks.positive_data_acceptance.expected_statuses = [
    *("2xx", "400", "404", "409", "412", "422", "5xx")
]
# Versions, and lines that are too long, have statuses of their own.
SCHEMA.config.checks.negative_data_rejection.expected_statuses = [
    *("400", "404", "405", "409", "412", "414", "415", "422", "428")
]
SCHEMA.config.checks.missing_required_header.expected_statuses = ["401", "422", "428"]
ASKED: Any = [{"role": "user", "content": "Name three colours."}]


@pytest.fixture(scope="session")
def client(service: Service) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_models_are_found(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).owned_by == "doc2tweet"


def test_a_chat_streamed_is_the_chat_whole(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(
        model=MODEL, messages=ASKED, seed=5, max_completion_tokens=24
    )
    text, usage = "", None
    for chunk in client.chat.completions.create(
        model=MODEL,
        messages=ASKED,
        seed=5,
        max_completion_tokens=24,
        stream=True,
        stream_options={"include_usage": True},
    ):
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
        usage = chunk.usage or usage
    assert whole.choices[0].message.content == text
    assert whole.usage == usage


def test_a_completion_has_candidates_stops_and_logprobs(client: openai.OpenAI) -> None:
    answer = client.completions.create(
        model=MODEL,
        prompt="One, two, three,",
        n=2,
        seed=1,
        max_tokens=16,
        stop=["."],
        logprobs=2,
        presence_penalty=0.5,
        frequency_penalty=0.5,
    )
    assert len(answer.choices) == 2
    for choice in answer.choices:
        assert "." not in choice.text
        assert choice.logprobs is not None
        assert choice.logprobs.tokens is not None
        assert "".join(choice.logprobs.tokens).startswith(choice.text[:4])


def test_errors_are_the_clients_own(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="no model"):
        client.chat.completions.create(model="gpt-9", messages=ASKED)
    with pytest.raises(openai.BadRequestError, match="tools"):
        client.chat.completions.create(
            model=MODEL,
            messages=ASKED,
            tools=[{"type": "function", "function": {"name": "f"}}],
        )


@SCHEMA.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_the_description_allows_and_forbids(case: Case, swift: Service) -> None:
    case.call_and_validate(base_url=swift.url, timeout=60)


def test_the_served_description_is_this_one(swift: Service) -> None:
    assert yaml.safe_load(swift.get("/openapi.yaml").text) == yaml.safe_load(DOCUMENT.read_text())
