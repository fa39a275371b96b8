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

from tests.e2e.serving import MODEL, Service, running
from tests.service.posting.fake_x import FakeX

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
ACCOUNTS = '[bot]\nusername = "bot_on_x"\n[bot.oauth2]\naccess_token = "very-secret"\n'
ASKED: Any = [{"role": "user", "content": "Name three colours."}]


@pytest.fixture(scope="session")
def client(service: Service) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Real gunicorn over a model without weights that loses no time; drafts are served, and an
    account to post from."""
    folder, x = tmp_path_factory.mktemp("swift"), FakeX()
    accounts = folder / "accounts.toml"
    accounts.write_text(ACCOUNTS)
    accounts.chmod(0o600)
    settings = {
        "DOC2TWEET_DRAFTS_SERVE": "true",
        "DOC2TWEET_DRAFTS_DATABASE_URL": f"sqlite:///{folder}/drafts.db",
        "DOC2TWEET_POSTING_ACCOUNTS_FILE": accounts,
        "DOC2TWEET_X_API_URL": x.url,
    }
    with running(folder / "log", settings, fake_step_s=0.0) as here:
        drafts = [{"text": f"Tweet {number}", "seed": number} for number in range(5)]
        here.post("/drafts", json={"drafts": drafts}).raise_for_status()
        yield here
    x.close()


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


def test_case_18_no_character_is_ever_cut(client: openai.OpenAI) -> None:
    prompt = "👩‍👩‍👧 家族 é 🎉 👩‍👩‍👧 家族 é 🎉 👩‍👩‍👧 家族"
    for max_tokens in (1, 2, 3, 5, 7, 12):
        answer = client.completions.create(
            model=MODEL, prompt=prompt, max_tokens=max_tokens, temperature=0
        )
        assert "�" not in answer.choices[0].text


@SCHEMA.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_the_description_allows_and_forbids(case: Case, swift: Service) -> None:
    case.call_and_validate(base_url=swift.url, timeout=60)


def test_the_served_description_is_this_one(swift: Service) -> None:
    assert yaml.safe_load(swift.get("/openapi.yaml").text) == yaml.safe_load(DOCUMENT.read_text())
