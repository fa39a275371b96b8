from __future__ import annotations

import json
import logging
import threading

import pytest
from flask.testing import FlaskClient

from service.api.parts import Parts
from service.observability import JsonFormatter
from tests.fakes import FakeRunner

SECRET = "my secret plans"


def test_models_are_listed_with_what_they_can_do(client: FlaskClient) -> None:
    model, _ = client.get("/models").get_json()["models"]
    assert model["id"] == "tiny"
    assert model["tasks"] == ["generate", "chat", "tweet"]
    assert model["max_model_len"] == 2048


def test_ready_until_it_drains(client: FlaskClient, parts: Parts) -> None:
    assert client.get("/readyz").status_code == 200
    parts.lifecycle.drain(0)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["reason"]) == (503, "draining")
    assert client.get("/livez").status_code == 200


def test_a_draining_service_takes_nothing_new(client: FlaskClient, parts: Parts) -> None:
    parts.lifecycle.drain(0)
    answer = client.post("/generate", json={"prompt": "a"})
    assert (answer.status_code, answer.get_json()["type"]) == (503, "draining")
    assert int(answer.headers["Retry-After"]) >= 1


def test_case_4_full_is_503_with_retry_after_and_nothing_is_fetched(
    client: FlaskClient, runner: FakeRunner, parts: Parts
) -> None:
    runner.gate.clear()
    asked = {"prompt": "a", "max_tokens": 2}
    callers = [
        threading.Thread(
            target=client.application.test_client().post, args=["/generate"], kwargs={"json": asked}
        )
        for _ in range(5)
    ]
    for caller in callers:
        caller.start()
    while not parts.pipeline.full():
        pass
    answer = client.post("/tweet", json={"url": "http://127.0.0.1:1/"})
    assert client.get("/readyz").status_code == 503
    runner.gate.set()
    for caller in callers:
        caller.join()
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert parts.pipeline.reader_stats().refusals == {}
    assert client.get("/readyz").status_code == 200


def test_metrics_count_answers_tokens_and_refusals(client: FlaskClient) -> None:
    client.post("/generate", json={"prompt": "abc", "max_tokens": 2, "ignore_eos": True})
    client.post("/generate", json={"prompt": ""})
    told = client.get("/metrics").text
    assert 'doc2tweet_requests_total{route="/generate",status="200"} 1.0' in told
    assert 'doc2tweet_tokens_total{kind="prompt",model="tiny"} 3.0' in told
    assert 'doc2tweet_refusals_total{type="validation-failed"} 1.0' in told
    assert 'doc2tweet_engine_num_slots{model="tiny"} 4.0' in told
    assert "doc2tweet_time_to_first_token_seconds_count" in told


def test_a_request_is_one_line_without_its_text(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        client.post("/generate", json={"prompt": SECRET, "max_tokens": 2, "ignore_eos": True})
    lines = [JsonFormatter().format(record) for record in caplog.records]
    (line,) = [json.loads(text) for text in lines if "doc2tweet.access" in text]
    assert (line["status"], line["model"], line["completion_tokens"]) == (200, "tiny", 2)
    assert SECRET not in "".join(lines)


def test_case_21_control_characters_are_escaped_in_logs() -> None:
    record = logging.makeLogRecord({"msg": "a\r\nb\x1b[31m", "fields": {"path": "/\r\n\x1b[0m"}})
    line = JsonFormatter().format(record)
    assert not {"\r", "\n", "\x1b"} & set(line)
    assert json.loads(line)["path"] == "/\r\n\x1b[0m"


@pytest.mark.parametrize("user_text", [False, True])
def test_an_errors_message_is_told_only_on_request(*, user_text: bool) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": (ValueError, error, None)})
    line = JsonFormatter(user_text=user_text).format(record)
    assert "ValueError" in line
    assert (SECRET in line) is user_text


def test_the_page_is_served_under_a_strict_policy(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.mimetype == "text/html"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    script = client.get("/web/main.js")
    assert script.mimetype == "text/javascript"


@pytest.mark.parametrize("name", ["nothing.js", "..%2fapp.py", "../app.py", ".", "%2e%2e/app.py"])
def test_nothing_else_is_served(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/web/{name}")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
