from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from runpy import run_path

import pytest

from service.config import Config, as_markdown
from service.errors import ConfigError

ROOT = Path(__file__).parent.parent.parent


def test_defaults_need_no_environment() -> None:
    assert Config.from_env({}) == Config()


def test_values_are_parsed_by_type() -> None:
    config = Config.from_env(
        {
            "DOC2TWEET_PORT": "9001",
            "DOC2TWEET_MODELS_DIR": "/srv/models",
            "DOC2TWEET_MODELS": "me, newsroom",
            "DOC2TWEET_FETCH_DEADLINE_S": "2.5",
            "DOC2TWEET_FETCH_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
            "HOME": "/root",
        }
    )
    assert config.server.port == 9001
    assert config.server.models_dir == Path("/srv/models")
    assert config.server.models == ("me", "newsroom")
    assert config.fetch.deadline_s == 2.5
    assert config.fetch.allowed_networks == ("127.0.0.0/8", "::1/128")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DOC2TWEET_PORT", "eighty"),
        ("DOC2TWEET_PORT", "-1"),
        ("DOC2TWEET_PORT", "65536"),
        ("DOC2TWEET_FETCH_DEADLINE_S", "nan"),
        ("DOC2TWEET_ENGINE_MAX_NUM_SEQS", "0"),
        ("DOC2TWEET_ENGINE_MAX_NUM_SEQS", "4.5"),
        ("DOC2TWEET_MODELS_DIR", "~nobody-at-all/models"),
        ("DOC2TWEET_HOST", ""),
        ("DOC2TWEET_HOST", "localhost:80"),
        ("DOC2TWEET_HOST", "unix:/tmp/socket"),
        ("DOC2TWEET_DRAFTS_DATABASE_URL", "sqlite:///a\nb"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Config.from_env({name: value})


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("DRAIN_S", "inf", "from 0 to 3600"),
        ("REQUEST_TIMEOUT_S", "nan", "from 0.1 to 86400"),
        ("SOCKET_TIMEOUT_S", "9" * 20, "from 1 to 3600"),
        ("FETCH_EXTRACT_MEMORY_MB", "9" * 15, "from 256 to 65536"),
        ("ENGINE_NUM_THREADS", "99999", "from 0 to 256"),
        ("ENGINE_NUM_THREADS", "-1", "from 0 to 256"),
        ("FETCH_ALLOWED_PORTS", "80,99999", "from 1 to 65535"),
        ("API_RATE", "0/minute", "from 1 to"),
        ("API_RATE", "9999999999999/minute", "from 1 to"),
        ("X_API_URL", "nonsense", "https://host"),
        ("LOG_LEVEL", "loud", "debug, info, warning or error"),
        ("FETCH_USER_AGENT", "a\r\nX-Evil: b", "control characters"),
        ("FETCH_USER_AGENT", "Größe", "printable ASCII"),
        ("API_CORS_ORIGINS", "*", "name each origin"),
        ("API_CORS_ORIGINS", "https://a.example,https://b.example/", "without a path"),
        ("API_CORS_ORIGINS", "a.example", "https://app.example"),
    ],
)
def test_what_would_break_the_service_is_refused_with_what_is_allowed(
    name: str, value: str, allowed: str
) -> None:
    with pytest.raises(ConfigError, match=f"DOC2TWEET_{name}=.*{allowed}") as caught:
        Config.from_env({f"DOC2TWEET_{name}": value})
    assert "\n" not in caught.value.detail


def test_a_secret_is_not_told_with_its_error() -> None:
    with pytest.raises(ConfigError, match="DOC2TWEET_X_BEARER_TOKEN=…: must be") as caught:
        Config.from_env({"DOC2TWEET_X_BEARER_TOKEN": "geheim-ß"})
    assert "geheim" not in caught.value.detail


def test_every_number_has_both_bounds_and_its_default_within() -> None:
    for section in fields(Config):
        for f in fields(getattr(Config(), section.name)):
            if type(f.default) in {int, float}:
                assert f.metadata["least"] <= f.default <= f.metadata["most"], f.name


@pytest.mark.parametrize("host", ["::1", "[::1]", "0.0.0.0", "localhost", "d2t_web-1.example"])
def test_hosts_of_every_kind_may_be_listened_on(host: str) -> None:
    assert Config.from_env({"DOC2TWEET_HOST": host}).server.host == host


@pytest.mark.parametrize(
    ("host", "bind"),
    [("::1", "[::1]:8000"), ("[::1]", "[::1]:8000"), ("127.0.0.1", "127.0.0.1:8000")],
)
def test_gunicorn_gets_an_address_as_it_wants_it(
    host: str, bind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOC2TWEET_HOST", host)
    assert run_path(str(ROOT / "service" / "gunicorn.conf.py"))["bind"] == bind


@pytest.mark.parametrize("origin", ["https://a.example", "http://localhost:3000"])
def test_origins_are_taken_as_browsers_send_them(origin: str) -> None:
    assert Config.from_env({"DOC2TWEET_API_CORS_ORIGINS": origin}).api.cors_origins == (origin,)


def test_a_misspelt_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="DOC2TWEET_PROT"):
        Config.from_env({"DOC2TWEET_PROT": "1"})


def test_the_reference_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert page == as_markdown(), "run `make docs`"
