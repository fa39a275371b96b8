from __future__ import annotations

from contextlib import suppress

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from service.api.bodies import parse_form, parse_json
from service.errors import MalformedBody

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1]",
        b'"text"',
        b"null",
        b'{"prompt": NaN}',
        b'{"prompt": Infinity}',
        b'{"prompt": 1e400}',
        b'{"prompt": ' + b"9" * 5000 + b"}",
        b'{"prompt": "\xff"}',
        b'{"prompt": "\\ud800"}',
        b'{"\\udfff": 1}',
        b"[" * 30_000 + b"]" * 30_000,
        b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
        b'{"prompt": "a", "prompt": "b"}',
        b'{"a": {"b": 1, "b": 2}}',
        b'\xef\xbb\xbf{"prompt": "a"}',
        b'{"prompt": "a"} x',
    ],
)
def test_what_is_no_good_json_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        parse_json(body)


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert parse_json(b'{"prompt": "\\ud83d\\ude00"}') == {"prompt": "😀"}


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for parse in (parse_json, parse_form):
        with suppress(MalformedBody):
            assert isinstance(parse(body), dict)


def test_json_sent_as_a_form_gets_the_hint_that_is_needed(client: FlaskClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post("/generate", data='{"prompt": "a"}', headers=form)
    assert answer.status_code == 400
    assert "Content-Type: application/json" in answer.get_json()["hint"]


@pytest.mark.parametrize(
    "body", [b"prompt=%ff", b"prompt=a&prompt=b", b"prompt=a&" + b"&".join([b"x=1"] * 100)]
)
def test_a_bad_form_is_refused(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/generate", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400


@pytest.mark.parametrize("number", ["1.5", "abc", "", " 1", "1_0", "٣", "9" * 30, "nan"])
def test_form_numbers_are_as_strict_as_json(client: FlaskClient, number: str) -> None:
    answer = client.post("/generate", data={"prompt": "a", "n": number})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [
        ("text/plain", None),
        ("multipart/form-data", None),
        (None, None),
        ("application/json", "gzip"),
    ],
)
def test_other_kinds_of_body_are_415(
    client: FlaskClient, kind: str | None, encoding: str | None
) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}
    answer = client.post("/generate", data=b'{"prompt": "a"}', content_type=kind, headers=headers)
    assert answer.status_code == 415


def test_a_body_over_the_limit_is_413(client: FlaskClient) -> None:
    answer = client.post("/generate", data=b"x" * 10_001, headers=JSON)
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one(
    client: FlaskClient, kind: str
) -> None:
    body = b'{"prompt": "a"}' if kind == "application/json" else b"prompt=Hello wor"
    promised = {"CONTENT_LENGTH": "100"}
    answer = client.post("/generate", data=body, content_type=kind, environ_overrides=promised)
    assert (answer.status_code, answer.get_json()["type"]) == (400, "malformed-body")
    assert "broke off" in answer.get_json()["detail"]
