from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.api.limits import install
from service.config import ApiConfig, Config
from service.errors import ConfigError

ASKED = {"prompt": "a", "max_tokens": 2}
PAGE = "https://pages.example"


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, api=ApiConfig(rate="2/hour", cors_origins=(PAGE,), num_proxies=1))


def test_over_the_rate_is_429_with_the_time_to_wait(client: FlaskClient) -> None:
    codes = [client.post("/generate", json=ASKED).status_code for _ in range(2)]
    refused = client.post("/generate", json=ASKED)
    assert codes == [200, 200]
    assert refused.status_code == 429
    assert refused.get_json()["type"] == "rate-limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 3601


def test_answers_tell_what_is_left(client: FlaskClient) -> None:
    headers = client.post("/generate", json=ASKED).headers
    assert headers["RateLimit-Limit"] == "2"
    assert headers["RateLimit-Remaining"] == "1"
    assert 0 < int(headers["RateLimit-Reset"]) <= 3600
    assert "Retry-After" not in headers


def test_each_address_has_its_own_rate(client: FlaskClient) -> None:
    def ask(address: str) -> int:
        headers = {"X-Forwarded-For": f"6.6.6.6, {address}"}
        return client.post("/generate", json=ASKED, headers=headers).status_code

    assert [ask("9.9.9.1") for _ in range(3)] == [200, 200, 429]
    assert ask("9.9.9.2") == 200


def test_health_is_never_limited(client: FlaskClient) -> None:
    assert {client.get("/livez").status_code for _ in range(5)} == {200}


def test_below_v1_429_has_openais_shape(client: FlaskClient) -> None:
    for _ in range(2):
        client.get("/v1/models")
    assert client.get("/v1/models").get_json()["error"]["type"] == "rate_limit_error"


def test_a_rate_that_cannot_be_read_ends_the_start() -> None:
    with pytest.raises(ConfigError, match="DOC2TWEET_API_RATE"):
        install(Flask("x"), ApiConfig(rate="often"))


def test_a_storage_that_cannot_be_used_ends_the_start() -> None:
    with pytest.raises(ConfigError, match="DOC2TWEET_API_RATE_STORAGE"):
        install(Flask("x"), ApiConfig(rate="1/minute", rate_storage="carrier-pigeon://x"))


def test_a_named_origin_may_call(client: FlaskClient) -> None:
    first = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    asked = client.options("/generate", headers=first)
    assert asked.status_code == 204
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    answer = client.get("/livez", headers={"Origin": PAGE})
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


def test_a_named_origin_may_send_the_headers_it_asks_for(client: FlaskClient) -> None:
    asked = "authorization, content-type, if-match, x-stainless-lang, x-stainless-retry-count"
    first = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": asked,
    }
    answer = client.options("/v1/chat/completions", headers=first)
    assert answer.headers["Access-Control-Allow-Headers"] == asked


def test_a_named_origin_may_read_what_the_next_request_needs(client: FlaskClient) -> None:
    shown = client.get("/livez", headers={"Origin": PAGE}).headers["Access-Control-Expose-Headers"]
    assert {"ETag", "X-Request-ID", "Retry-After"} <= set(shown.split(", "))


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{PAGE}.evil.example"])
def test_no_other_origin_may(client: FlaskClient, origin: str) -> None:
    first = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    assert client.options("/generate", headers=first).status_code == 405
    answer = client.get("/livez", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.headers["Vary"]
