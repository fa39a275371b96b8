from __future__ import annotations

from pathlib import Path

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
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Config.from_env({name: value})


def test_a_misspelt_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="DOC2TWEET_PROT"):
        Config.from_env({"DOC2TWEET_PROT": "1"})


def test_the_reference_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert page == as_markdown(), "run `make docs`"
