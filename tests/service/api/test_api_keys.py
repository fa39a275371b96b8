from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.api.keys import KeyRing
from service.config import ApiConfig, Config
from service.errors import ConfigError, Unauthenticated

KEY = "k" * 40


def line(name: str, key: str) -> str:
    return f"{name}:{hashlib.sha256(key.encode()).hexdigest()}\n"


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    path = tmp_path / "keys"
    path.write_text(f"# keys\n\n{line('me', KEY)}{line('you', 'y' * 40)}")
    return replace(config, api=ApiConfig(keys_file=path))


def ask(client: FlaskClient, authorization: str | None, path: str = "/generate") -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    asked = {"prompt": "a", "max_tokens": 2}
    return client.post(path, json=asked, headers=headers).status_code


@pytest.mark.parametrize("path", ["/generate", "/v1/completions"])
def test_a_known_key_opens(client: FlaskClient, path: str) -> None:
    assert ask(client, f"Bearer {KEY}", path) == 200
    assert ask(client, f"bearer  {KEY} ", path) == 200


@pytest.mark.parametrize("path", ["/generate", "/v1/completions", "/tweet", "/chat"])
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer x", KEY, f"Basic {KEY}", f"Bearer {KEY}x", "Bearer é"],
)
def test_case_26_anything_else_is_401(
    client: FlaskClient, path: str, authorization: str | None
) -> None:
    assert ask(client, authorization, path) == 401


def test_a_401_says_what_to_send(client: FlaskClient) -> None:
    answer = client.get("/models")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.get_json()["type"] == "unauthenticated"
    assert client.get("/v1/models").get_json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.yaml", "/"])
def test_health_and_the_page_need_no_key(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_every_entry_is_compared_whoevers_key_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(known: bytes, given: bytes) -> bool:
        compared.append(known)
        return known == given

    monkeypatch.setattr("service.api.keys.hmac.compare_digest", compare)
    ring = KeyRing({name: hashlib.sha256(name.encode()).digest() for name in "abc"})
    assert ring.name_of("Bearer a") == "a"
    with pytest.raises(Unauthenticated):
        ring.name_of("Bearer z")
    assert len(compared) == 6


@pytest.mark.parametrize("text", ["", "# none\n", "me:abc\n", "me " + "0" * 64, f"{'0' * 64}\n"])
def test_a_file_that_is_wrong_ends_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    with pytest.raises(ConfigError, match="keys"):
        KeyRing.from_file(path)


def test_a_name_that_stands_twice_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(line("me", KEY) + line("me", "n" * 40))
    with pytest.raises(ConfigError, match="line 2: me "):
        KeyRing.from_file(path)


def test_a_file_that_is_missing_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        KeyRing.from_file(tmp_path / "nowhere")


def rewrite(config: Config, text: str | None) -> None:
    path = config.api.keys_file
    assert path is not None
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)


def test_a_changed_file_counts_from_the_next_request_on(
    client: FlaskClient, config: Config
) -> None:
    rewrite(config, line("new", "n" * 40))
    assert ask(client, "Bearer " + "n" * 40) == 200
    assert ask(client, f"Bearer {KEY}") == 401


@pytest.mark.parametrize("text", [None, "", "me:typo\n"])
def test_a_file_gone_wrong_is_told_once_and_the_keys_stay(
    client: FlaskClient, config: Config, caplog: pytest.LogCaptureFixture, text: str | None
) -> None:
    rewrite(config, text)
    assert [ask(client, f"Bearer {KEY}") for _ in range(3)] == [200, 200, 200]
    (told,) = [r for r in caplog.records if r.name == "doc2tweet.keys"]
    assert str(config.api.keys_file) in told.getMessage()


def test_a_file_that_was_put_right_counts_again(client: FlaskClient, config: Config) -> None:
    for text in (None, "me:typo", line("new", "n" * 40)):
        rewrite(config, text)
        ask(client, f"Bearer {KEY}")
    assert ask(client, f"Bearer {KEY}") == 401
    assert ask(client, "Bearer " + "n" * 40) == 200
