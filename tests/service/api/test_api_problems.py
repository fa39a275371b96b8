from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.errors import ModelDamaged, RateLimited
from tests.fakes import FakeRunner


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/generate", 405, "method-not-allowed"),
        ("DELETE", "/livez", 405, "method-not-allowed"),
        ("OPTIONS", "/generate", 405, "method-not-allowed"),
        ("POST", "//generate", 404, "not-found"),
        ("POST", "/generate/", 404, "not-found"),
    ],
)
def test_flasks_own_errors_are_problems(
    client: FlaskClient, method: str, path: str, status: int, kind: str
) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["type"] == kind


def test_405_says_what_is_allowed(client: FlaskClient) -> None:
    assert client.get("/generate").headers["Allow"] == "POST"


def test_below_v1_errors_have_openais_shape(client: FlaskClient) -> None:
    answer = client.get("/v1/nothing")
    assert answer.mimetype == "application/json"
    assert set(answer.get_json()["error"]) == {"message", "type", "param", "code"}


def test_retry_after_is_a_whole_number_of_seconds(app: Flask, client: FlaskClient) -> None:
    def refuse() -> None:
        raise RateLimited("Slower.", retry_after=0.2)

    app.add_url_rule("/refuse", view_func=refuse)
    assert client.get("/refuse").headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "error", [RuntimeError("secret /etc/passwd"), ModelDamaged("/srv/models/x is damaged")]
)
def test_an_unforeseen_error_tells_a_stranger_nothing(
    app: Flask, client: FlaskClient, error: Exception
) -> None:
    def fail() -> None:
        raise error

    app.add_url_rule("/fail", view_func=fail)
    answer = client.get("/fail")
    assert answer.status_code == 500
    assert answer.get_json()["type"] == "internal-error"
    assert "secret" not in answer.text
    assert "/srv" not in answer.text


def test_a_fault_of_the_model_is_a_500_and_the_next_request_is_fine(
    client: FlaskClient, runner: FakeRunner
) -> None:
    runner.fault = RuntimeError("onnxruntime failed")
    asked = {"prompt": "a", "max_tokens": 4}
    answer = client.post("/generate", json=asked)
    assert (answer.status_code, answer.get_json()["type"]) == (500, "engine-fault")
    assert client.post("/generate", json=asked).status_code == 200


def test_every_answer_has_an_id_and_security_headers(client: FlaskClient) -> None:
    for path in ("/livez", "/nothing"):
        headers = client.get(path, headers={"X-Request-ID": "abc-1"}).headers
        assert headers["X-Request-ID"] == "abc-1"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("given", ["", "a b", "a\tb", "x" * 65, "\x1b[31m"])
def test_a_harmful_id_is_replaced(client: FlaskClient, given: str) -> None:
    told = client.get("/livez", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert told != given
    assert len(told) == 24
