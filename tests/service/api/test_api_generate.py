from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

ASKED: dict[str, Any] = {"prompt": "My dream is", "n": 3, "seed": 7, "max_tokens": 12}


def test_the_answer_has_the_documented_shape(client: FlaskClient) -> None:
    answer = client.post("/generate", json=ASKED).get_json()
    assert set(answer) == {"id", "model", "seed", "choices", "usage", "timings"}
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert answer["usage"]["prompt_tokens"] == len("My dream is")
    assert answer["usage"]["total_tokens"] == sum(
        answer["usage"][kind] for kind in ("prompt_tokens", "completion_tokens")
    )
    assert set(answer["timings"]) == {"queue_ms", "prefill_ms", "decode_ms"}


def test_the_same_seed_gives_the_same_texts(client: FlaskClient) -> None:
    first, second = (client.post("/generate", json=ASKED).get_json() for _ in range(2))
    assert first["choices"] == second["choices"]


def test_a_drawn_seed_is_told_and_reproduces_the_text(client: FlaskClient) -> None:
    asked = {key: value for key, value in ASKED.items() if key != "seed"}
    first = client.post("/generate", json=asked).get_json()
    again = client.post("/generate", json={**asked, "seed": first["seed"]}).get_json()
    assert again["choices"] == first["choices"]


def test_a_form_says_the_same_as_json(client: FlaskClient) -> None:
    form = client.post("/generate", data={**ASKED, "ignore_eos": "true", "stop": ["x", "yy"]})
    json = client.post("/generate", json={**ASKED, "ignore_eos": True, "stop": ["x", "yy"]})
    assert form.get_json()["choices"] == json.get_json()["choices"]


def test_bare_text_for_those_who_prefer_it(client: FlaskClient) -> None:
    bare = client.post("/generate", json=ASKED, headers={"Accept": "text/plain"})
    choices = client.post("/generate", json=ASKED).get_json()["choices"]
    assert bare.mimetype == "text/plain"
    assert bare.get_data(as_text=True) == "\n\n".join(choice["text"] for choice in choices)


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "text/plain;q=0.1, application/json"]
)
def test_json_for_everybody_else(client: FlaskClient, accept: str) -> None:
    answer = client.post("/generate", json=ASKED, headers={"Accept": accept})
    assert answer.mimetype == "application/json"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", -1),
        ("temperature", 2.1),
        ("temperature", True),
        ("temperature", "0.5"),
        ("max_tokens", 0),
        ("max_tokens", -1),
        ("max_tokens", 10**9),
        ("max_tokens", 1.5),
        ("n", 0),
        ("n", 17),
        ("top_p", 0),
        ("top_p", 1.01),
        ("top_k", -1),
        ("min_tokens", 13),
        ("seed", -1),
        ("seed", 2**53),
        ("ignore_eos", 1),
        ("stop", ""),
        ("stop", ["a", "b", "c", "d", "e"]),
        ("stop", [1]),
        ("stop", None),
        ("prompt", ""),
        ("prompt", None),
        ("prompt", ["x"]),
        ("model", ""),
        ("tempreature", 1),
    ],
)
def test_a_wrong_field_is_named(client: FlaskClient, field: str, value: object) -> None:
    answer = client.post("/generate", json={**ASKED, field: value})
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == [field]


@pytest.mark.parametrize("temperature", [0, 0.0, 1e-12, 2])
def test_extreme_temperatures_are_served(client: FlaskClient, temperature: float) -> None:
    answer = client.post("/generate", json={**ASKED, "temperature": temperature})
    assert answer.status_code == 200


def test_an_integer_may_be_written_as_a_float(client: FlaskClient) -> None:
    assert client.post("/generate", json={**ASKED, "n": 2.0}).status_code == 200


def test_over_the_context_both_counts_are_told(client: FlaskClient) -> None:
    answer = client.post("/generate", json={"prompt": "x" * 2000, "max_tokens": 100})
    assert answer.status_code == 400
    problem = answer.get_json()
    assert (problem["num_prompt_tokens"], problem["max_tokens"]) == (2000, 100)


def test_an_unknown_model_is_answered_with_those_there_are(client: FlaskClient) -> None:
    answer = client.post("/generate", json={**ASKED, "model": "nobody"})
    assert answer.status_code == 404
    assert answer.get_json()["available"] == ["tiny", "plain"]
